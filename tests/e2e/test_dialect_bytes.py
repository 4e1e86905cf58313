"""What goes up and what comes down between two dialects or within one, byte for byte."""

from __future__ import annotations

import asyncio
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import anthropic
import pytest
from google import genai
from google.genai import types
from tests.e2e.acts import Serve
from tests.e2e.asking import Heard, Line, request
from tests.e2e.backstage import Backstage, Provider, Raw
from tests.e2e.speakers import DIALECTS, ROOTS, SPEAKS, ask, body, counted, credentials, path, reason
from tests.e2e.stage import Gateway

KEY = "key-of-a-client"
CHANNEL_KEY = "key-of-the-channel"
# What providers may send one day: fields and events that nobody here knows, numbers and letters in odd spellings.
STREAMS = {
    "chat": b'data: {"id":"c1","x_new":1.0e2,"choices":[{"index":0,"delta":{"role":"assistant","content":"h\\u00e9"},'
    b'"finish_reason":null}]}\n\ndata: {"object":"x","x_kind" : "new"}\n\ndata: {"id":"c1","choices":[{"index":0,'
    b'"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
    "responses": b'event: response.created\ndata: {"type":"response.created","sequence_number":0,"response":{"id":"r1",'
    b'"object":"response","status":"in_progress","output":[],"x_new":1.0e2}}\n\nevent: response.x_future.delta\ndata: '
    b'{"type":"response.x_future.delta","sequence_number":1,"delta":"h\\u00e9"}\n\nevent: response.output_text.delta\n'
    b'data: {"type":"response.output_text.delta","sequence_number":2,"item_id":"m1","output_index":0,"content_index":0,'
    b'"delta":"hi","logprobs":[]}\n\nevent: response.completed\ndata: {"type":"response.completed","sequence_number":3,'
    b'"response":{"id":"r1","object":"response","status":"completed","output":[{"type":"message","id":"m1","role":'
    b'"assistant","status":"completed","content":[{"type":"output_text","text":"hi","annotations":[]}]}]}}\n\n',
    "anthropic": b'event: message_start\ndata: {"type":"message_start","message":{"id":"m1","type":"message","role":'
    b'"assistant","content":[],"model":"m","stop_reason":null,"usage":{"input_tokens":1,"output_tokens":1},"x_new":'
    b'1.0e2}}\n\nevent: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":'
    b'"x_future","x":"h\\u00e9"}}\n\nevent: x_event\ndata: {"type":"x_event"}\n\nevent: content_block_stop\ndata: '
    b'{"type":"content_block_stop","index":0}\n\nevent: content_block_start\ndata: {"type":"content_block_start",'
    b'"index":1,"content_block":{"type":"text","text":""}}\n\nevent: content_block_delta\ndata: {"type":'
    b'"content_block_delta","index":1,"delta":{"type":"text_delta","text":"hi"}}\n\nevent: content_block_stop\ndata: '
    b'{"type":"content_block_stop","index":1}\n\nevent: message_delta\ndata: {"type":"message_delta","delta":'
    b'{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}\n\nevent: message_stop\ndata: '
    b'{"type":"message_stop"}\n\n',
    "gemini": b'data: {"candidates":[{"content":{"parts":[{"xFuture":{"a":1.0e2}},{"text":"h\\u00e9"}],"role":"model"},'
    b'"index":0}]}\r\n\r\ndata: {"xOnly": true}\r\n\r\ndata: {"candidates":[{"content":{"parts":[{"text":"."}],"role":'
    b'"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":1}}\r\n\r\n',
}
REPLIES = {
    "chat": b'{ "id":"c1", "x_new":1.0e2,"choices":[{"index":0,"message":{"role":"assistant","content":"h\\u00e9",'
    b'"x":[]},"finish_reason":"stop"}] }\n',
    "responses": b'{ "id":"r1","object":"response","status":"completed","x_new":1.0e2,"output":[{"type":"x_future"},'
    b'{"type":"message","id":"m1","role":"assistant","status":"completed","content":[{"type":"output_text","text":'
    b'"h\\u00e9","annotations":[]}]}] }\n',
    "anthropic": b'{ "id":"m1","type":"message","role":"assistant","model":"m","x_new":1.0e2,"content":[{"type":'
    b'"x_future"},{"type":"text","text":"h\\u00e9"}],"stop_reason":"end_turn","usage":{"input_tokens":1,'
    b'"output_tokens":2} }\n',
    "gemini": b'{ "candidates":[{"content":{"parts":[{"text":"h\\u00e9"},{"xFuture":{}}],"role":"model"},'
    b'"finishReason":"STOP","index":0}], "xNew":1.0e2 }\n',
}
PLACES = {"chat/completions": "chat", "/responses": "responses", "/messages": "anthropic", "enerateContent": "gemini"}


async def future(raw: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers as providers may one day."""
    while True:
        asked = await raw.read(reader)
        line = raw.requests[-1][0].split(b"\r\n")[0].decode()
        speaks = next(each for mark, each in PLACES.items() if mark in line)
        streams = "streamGenerateContent" in line or b'"stream": true' in asked
        told, kind = (STREAMS, "text/event-stream") if streams else (REPLIES, "application/json")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(told[speaks])}\r\n\r\n"
        writer.write(head.encode() + told[speaks])
        await writer.drain()


@pytest.fixture(scope="module")
def upstream(backstage: Backstage) -> Provider:
    return backstage.simulate(key=CHANNEL_KEY, aliases={"o3-pro": "long-5"})


@pytest.fixture(scope="module")
def oracle(backstage: Backstage) -> Raw:
    return backstage.raw(future)


@pytest.fixture(scope="module")
def gateway(serve: Serve, upstream: Provider, oracle: Raw) -> Gateway:
    scripts = {
        "fast": "fast",
        "heard": "echo-request",
        "refusing": "error-429-after-0ms",
        "silent": "silent-1400ms+long-5",
        "counted": "think-250ms+cached-3+long-30",
    }
    channels: list[dict[str, Any]] = []
    for out in DIALECTS:
        names = {f"{out}-{word}": script for word, script in scripts.items()}
        # `any-` models are served by Anthropic's and Gemini's channels first, then by chat.
        names |= {"any-fast": "fast"} | ({"embedding": "fast"} if out == "gemini" else {})
        common = {**SPEAKS[out], "api_key": CHANNEL_KEY, "upstream_stream": "never"}
        order = {"anthropic": 0, "gemini": 1, "chat": 2, "responses": 3}[out]
        base = f"http://127.0.0.1:{upstream.port}{ROOTS[out]}"
        channels.append(
            {"name": out, **common, "base_url": base, "models": [*names], "model_map": names, "priority": order}
        )
        base = f"http://127.0.0.1:{oracle.port}{ROOTS[out]}"
        names = {f"{out}-oracle": "model-of-the-future"}
        channels.append({"name": f"oracle-{out}", **common, "base_url": base, "models": [*names], "model_map": names})
    base = f"http://127.0.0.1:{upstream.port}/v1"
    channels.append({"name": "openai", "base_url": base, "api_key": CHANNEL_KEY, "models": ["o3-pro"]})
    return serve({"channels": channels, "keys": [{"name": "c", "key": KEY}], "retry": {"attempts": 1}}, "bytes")


def said(gateway: Gateway, client: str, model: str, question: str = "q", *, stream: bool = False, **more: Any) -> Heard:
    asked = body(client, model, question, stream=stream, **more)
    return ask(gateway.port, path(client, model, stream=stream), asked, credentials(client, KEY))


# -- one dialect on both sides


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
@pytest.mark.parametrize("client", DIALECTS)
def test_what_nobody_here_knows_survives(gateway: Gateway, oracle: Raw, client: str, stream: bool) -> None:
    """Up: all but the model's name. Down: every byte."""
    model, theirs = f"{client}-oracle", "model-of-the-future"
    odd = b'"x_future" : [1.0e2 ,{"\\u00e9":null}],  "temperature":1.00'
    asked = body(client, model, "q", stream=stream)[:-1] + b", " + odd + b" }"
    headers = {**credentials(client, KEY), "anthropic-beta": "x-2027-01-01", "anthropic-version": "2027-01-01"}
    heard = ask(gateway.port, path(client, model, stream=stream), asked, headers)
    assert (heard.status, heard.end) == (200, "whole")
    assert heard.body == (STREAMS if stream else REPLIES)[client]
    head, there = oracle.requests[-1]
    assert there == asked.replace(model.encode(), theirs.encode())
    assert KEY.encode() not in head
    assert CHANNEL_KEY.encode() in head
    assert "x-outwait-dropped" not in heard.headers
    if client == "gemini":
        assert f"/v1beta/models/{theirs}:".encode() in head
    if client == "anthropic":
        assert b"anthropic-version: 2027-01-01\r\n" in head
        assert b"anthropic-beta: x-2027-01-01\r\n" in head


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
@pytest.mark.parametrize("client", DIALECTS)
def test_the_provider_hears_the_very_body(gateway: Gateway, upstream: Provider, client: str, stream: bool) -> None:
    model, question = f"{client}-heard", f"the very body {client} {stream}"
    asked = body(client, model, question, stream=stream, x_more={"deep": [None, 1.5]})
    heard = ask(gateway.port, path(client, model, stream=stream), asked, credentials(client, KEY))
    assert heard.status == 200
    (call,) = upstream.calls(question)
    there = asked.replace(model.encode(), b"echo-request")
    assert call.body_sha256 == hashlib.sha256(there).hexdigest()
    assert b"x_more" in heard.body


# -- two dialects


@pytest.mark.parametrize("out", [out for out in DIALECTS if out != "anthropic"])
def test_headers_of_one_provider_do_not_reach_another(gateway: Gateway, oracle: Raw, out: str) -> None:
    model = f"{out}-oracle"
    headers = {**credentials("anthropic", KEY), "anthropic-beta": "x"}
    assert ask(gateway.port, "/v1/messages", body("anthropic", model, "q", stream=False), headers).status == 200
    head, _ = oracle.requests[-1]
    assert b"anthropic" not in head.lower().partition(b"\r\n")[2]
    assert KEY.encode() not in head


DROPPED: list[tuple[str, str, dict[str, Any], str]] = [
    ("chat", "anthropic", {"seed": 7, "presence_penalty": 0.5}, "seed, presence_penalty"),
    ("chat", "responses", {"seed": 7}, "seed"),
    ("chat", "gemini", {"user": "u-1", "prompt_cache_key": "k"}, "user, prompt_cache_key"),
    ("responses", "chat", {"truncation": "auto"}, "truncation"),
    ("responses", "anthropic", {"store": True, "metadata": {"a": "b"}}, "metadata"),
    ("anthropic", "chat", {"top_k": 5, "cache_control": {"type": "ephemeral"}}, "top_k, cache_control"),
    ("anthropic", "gemini", {"metadata": {"user_id": "u-1"}}, "metadata.user_id"),
    (
        "gemini",
        "chat",
        {"safetySettings": [], "generationConfig": {"topK": 3}},
        "generationConfig.topK, safetySettings",
    ),
]


@pytest.mark.parametrize("client, out, more, names", DROPPED)
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
def test_what_was_left_out_is_named(
    gateway: Gateway, client: str, out: str, more: dict[str, Any], names: str, stream: bool
) -> None:
    heard = said(gateway, client, f"{out}-fast", stream=stream, **more)
    assert (heard.status, heard.headers.get("x-outwait-dropped")) == (200, names)


REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("chat", "anthropic", {"logit_bias": {"1": 5}}, "logit_bias"),
    ("chat", "anthropic", {"n": 2}, "n"),
    ("chat", "responses", {"stop": ["x"]}, "stop"),
    ("chat", "gemini", {"x_unknown": 1}, "x_unknown"),
    ("responses", "chat", {"conversation": "conv_1"}, "conversation"),
    ("responses", "gemini", {"tools": [{"type": "web_search"}]}, "tools[0].type"),
    ("anthropic", "chat", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0].type"),
    ("anthropic", "gemini", {"container": "c-1"}, "container"),
    ("gemini", "chat", {"tools": [{"googleSearch": {}}]}, "tools[0].googleSearch"),
    ("gemini", "anthropic", {"cachedContent": "cachedContents/1"}, "cachedContent"),
]


@pytest.mark.parametrize("client, out, more, field", REFUSED)
def test_what_cannot_be_said_is_refused_by_its_name(
    gateway: Gateway, upstream: Provider, client: str, out: str, more: dict[str, Any], field: str
) -> None:
    question = f"refused {client} {out} {field}"
    heard = said(gateway, client, f"{out}-fast", question, **more)
    assert (heard.status, reason(client, heard)) == (400, ("not_expressible", field))
    assert "x-outwait-channel" not in heard.headers
    assert upstream.calls(question) == []


@pytest.mark.parametrize(
    "client, more, served",
    [
        ("chat", {"logit_bias": {"1": 5}}, "chat"),
        ("chat", {"logprobs": True}, "gemini"),
        ("chat", {}, "anthropic"),
        ("responses", {"tools": [{"type": "web_search"}]}, "responses"),
    ],
    ids=["logit_bias", "logprobs", "nothing", "hosted tool"],
)
def test_a_channel_that_can_say_it_serves_the_call(
    gateway: Gateway, client: str, more: dict[str, Any], served: str
) -> None:
    heard = said(gateway, client, "any-fast", **more)
    assert (heard.status, heard.headers["x-outwait-channel"]) == (200, served)
    assert heard.headers["x-outwait-attempts"] == "1"


@pytest.mark.parametrize("out", DIALECTS)
@pytest.mark.parametrize("client", DIALECTS)
def test_an_upstreams_error_is_told_in_the_clients_own_shape(gateway: Gateway, client: str, out: str) -> None:
    heard = said(gateway, client, f"{out}-refusing")
    assert heard.status == 429
    error = heard.json["error"]
    if client == "anthropic":
        assert (heard.json["type"], error["type"]) == ("error", "rate_limit_error")
    elif client == "gemini":
        assert (error["code"], error["status"]) == (429, "RESOURCE_EXHAUSTED")
    else:
        assert set(error) >= {"message", "type", "param", "code"}
    assert heard.headers["content-type"] == "application/json"
    assert ("outwait" in heard.body.decode()) == (client != out)


LIMITS: dict[str, dict[str, Any]] = {
    "chat": {"max_completion_tokens": 20},
    "responses": {"max_output_tokens": 20},
    "anthropic": {"max_tokens": 20},
    "gemini": {"generationConfig": {"maxOutputTokens": 20}},
}
CUT = {"chat": "length", "responses": "max_output_tokens", "anthropic": "max_tokens", "gemini": "MAX_TOKENS"}


@pytest.mark.parametrize("client", DIALECTS)
def test_usage_and_the_reason_to_stop_are_the_same_everywhere(gateway: Gateway, client: str) -> None:
    def count(case: tuple[str, bool]) -> tuple[tuple[int, ...], bool]:
        out, stream = case
        more = LIMITS[client] | ({"stream_options": {"include_usage": True}} if client == "chat" and stream else {})
        heard = said(gateway, client, f"{out}-counted", "five words to be counted", stream=stream, **more)
        return counted(client, heard), f'"{CUT[client]}"'.encode() in heard.body

    cases = list(product(DIALECTS, (True, False)))
    with ThreadPoolExecutor(len(cases)) as pool:
        found = dict(zip(cases, pool.map(count, cases), strict=True))
    assert found == dict.fromkeys(cases, ((5, 21, 3, 1), True))


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
def test_a_model_of_responses_only_is_reached_by_chat(gateway: Gateway, upstream: Provider, stream: bool) -> None:
    question = f"of responses only {stream}"
    heard = said(gateway, "chat", "o3-pro", question, stream=stream, reasoning_effort="high")
    assert (heard.status, len(heard.text.split())) == (200, 5)
    assert [call.path for call in upstream.calls(question)] == ["/v1/responses"]


def test_one_connection_may_speak_every_dialect(gateway: Gateway) -> None:
    with Line(gateway.port) as line:
        for client, model in product(DIALECTS, ("anthropic-fast", "gemini-fast", "nobodys")):
            asked = body(client, model, "in turns", stream=model == "gemini-fast")
            where = path(client, model, stream=model == "gemini-fast")
            line.send(request(asked, credentials(client, KEY), where))
            heard = line.hear()
            assert heard.end == "whole"
            if model == "nobodys":
                assert (heard.status, reason(client, heard)[0]) == (404, "model_not_found")
            else:
                assert heard.status == 200


# -- counting, embedding, and what only Gemini's clients do


def test_tokens_are_counted_both_ways(gateway: Gateway) -> None:
    root = f"http://127.0.0.1:{gateway.port}"
    with (
        genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=root)) as google,
        anthropic.Anthropic(base_url=root, api_key=KEY, max_retries=0) as claude,
    ):
        for model in ("gemini-fast", "anthropic-fast"):
            messages: Any = [{"role": "user", "content": "five words of a question"}]
            assert claude.messages.count_tokens(model=model, messages=messages).input_tokens == 5
            told = google.models.count_tokens(model=model, contents="five words of a question")
            assert told.total_tokens == 5


def test_gemini_embeds(gateway: Gateway) -> None:
    root = f"http://127.0.0.1:{gateway.port}"
    with genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=root)) as client:
        told = client.models.embed_content(
            model="embedding", contents=["first", "second"], config={"output_dimensionality": 8}
        )
    assert [len(each.values or ()) for each in told.embeddings or ()] == [8, 8]
    asked = json.dumps({"content": {"parts": [{"text": "first"}]}, "outputDimensionality": 8}).encode()
    heard = ask(gateway.port, "/v1beta/models/embedding:embedContent", asked, credentials("gemini", KEY))
    assert heard.json["embedding"]["values"] == (told.embeddings or [])[0].values


def test_a_stream_without_sse_is_one_array_that_grows(gateway: Gateway) -> None:
    def ask_for(out: str) -> Heard:
        where, asked = f"/v1beta/models/{out}-silent:streamGenerateContent", body("gemini", "", "array", stream=True)
        return ask(gateway.port, where, asked, credentials("gemini", KEY))

    with ThreadPoolExecutor(len(DIALECTS)) as pool:
        told = list(pool.map(ask_for, DIALECTS))
    for heard in told:
        assert (heard.status, heard.end) == (200, "whole")
        assert heard.headers["content-type"].startswith("application/json")
        assert heard.body.startswith(b"[")
        assert 0.9 <= heard.pieces[0][0] <= 1.35  # the first beat opens it
        candidates = [one for each in heard.json for one in each["candidates"]]
        parts = [part for one in candidates for part in one.get("content", {}).get("parts", ())]
        assert len("".join(part.get("text", "") for part in parts).split()) == 5
        assert candidates[-1]["finishReason"] == "STOP"


def test_a_key_in_the_query_is_taken_and_kept_to_ourselves(gateway: Gateway, oracle: Raw) -> None:
    asked = body("gemini", "gemini-oracle", "q", stream=False)
    where = "/v1beta/models/gemini-oracle:generateContent"
    assert ask(gateway.port, f"{where}?key={KEY}", asked, {}).status == 200
    head, _ = oracle.requests[-1]
    assert KEY.encode() not in head
    refused = ask(gateway.port, f"{where}?key=wrong-key", asked, {})
    assert (refused.status, refused.json["error"]["status"]) == (401, "UNAUTHENTICATED")
    other = ask(gateway.port, f"/v1/messages?key={KEY}", body("anthropic", "anthropic-fast", "q", stream=False), {})
    assert (other.status, other.json["error"]["type"]) == (401, "authentication_error")
    assert KEY not in gateway.text()
