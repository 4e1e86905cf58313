"""Four client dialects by four upstream dialects, asked with the SDKs: silence, tools, and what must not look whole."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import types
from tests.e2e.acts import Serve
from tests.e2e.asking import Line, ask, request
from tests.e2e.backstage import Backstage, Provider
from tests.e2e.speakers import (
    DIALECTS,
    OWN_ERRORS,
    ROOTS,
    SPEAKS,
    TOLD,
    WHOLE,
    Case,
    Row,
    body,
    credentials,
    path,
    play,
)
from tests.e2e.stage import Gateway, until

from outwait.testing.middlebox import Middlebox

KEY = "key-of-a-client"
SILENCE = 2.5  # seconds that the proxy waits; a beat comes each second
WORDS = 6
SCRIPTS = {
    "silent": f"silent-3500ms+long-{WORDS}",
    "pause": f"stall-3500ms-after-3+long-{WORDS}",
    "thinking": f"think-3500ms+long-{WORDS}",
    "tools": "tools-2",
    "close": "close-after-3",
    "truncate": "truncate-after-3",
    "inside": "error-in-stream-after-3",
    "late": "error-500-after-1200ms",
    "hang": "hang",
    "stall": "stall-30s-after-3",
}
FAULTS = ("close", "truncate", "inside", "late")
# How the client asks, and whether the upstream is asked for a stream that is folded.
MODES = ("stream", "json", "fold")
CALLS = [("get_weather", "Paris"), ("get_time", "Oslo")]
RESULTS = ("get_weather of Paris says fine", "get_time of Oslo says fine")


def name(out: str, what: str, mode: str) -> str:
    return f"{out}-{what}{'-fold' if mode == 'fold' else ''}"


def channel(out: str, root: str) -> dict[str, Any]:
    names = {name(out, what, mode): script for what, script in SCRIPTS.items() for mode in ("json", "fold")}
    return {
        "name": out,
        **SPEAKS[out],
        "base_url": root + ROOTS[out],
        "api_key": "key-of-the-channel",
        "models": list(names),
        "model_map": names,
        "upstream_stream": {each: "always" if each.endswith("-fold") else "never" for each in names},
    }


@pytest.fixture(scope="module")
def upstream(backstage: Backstage) -> Provider:
    return backstage.simulate(key="key-of-the-channel")


@pytest.fixture(scope="module")
def gateway(serve: Serve, upstream: Provider) -> Gateway:
    root = f"http://127.0.0.1:{upstream.port}"
    return serve(
        {
            "server": {"limits": {"per_ip": 1000}},
            "channels": [channel(out, root) for out in DIALECTS],
            "keys": [{"name": "client", "key": KEY}],
            "retry": {"attempts": 1},
        },
        "dialects",
    )


@pytest.fixture(scope="module")
def behind(backstage: Backstage, gateway: Gateway) -> Iterator[int]:
    """The port of a proxy that cuts silence."""
    box = Middlebox("127.0.0.1", gateway.port, SILENCE)
    yield backstage.run(box.start())
    backstage.run(box.stop())


def asked(client: str, out: str, what: str, mode: str) -> Case:
    question = f"{client} to {out}: {what}, {mode}"
    return Case(client, name(out, what, mode), question, stream=mode == "stream", tools=what == "tools")


PLAYED = ("silent", "pause", "thinking", "tools", *FAULTS)


@pytest.fixture(scope="module")
def rows(behind: int) -> dict[Case, Row]:
    """Every case, all asked at once."""
    return play((asked(*case) for case in product(DIALECTS, DIALECTS, PLAYED, MODES)), behind, KEY)


@pytest.mark.parametrize("what", ["silent", "pause", "thinking"])
@pytest.mark.parametrize("client", DIALECTS)
def test_silence_is_kept_alive_and_the_answer_is_whole(rows: dict[Case, Row], client: str, what: str) -> None:
    wrong = []
    for out, mode in product(DIALECTS, MODES):
        row = rows[asked(client, out, what, mode)]
        if "raised" in row or len(row["text"].split()) != WORDS or row["finish"] not in WHOLE:
            wrong.append((out, mode, row))
    assert wrong == []


def test_without_beats_the_proxy_cuts(behind: int) -> None:
    headers = {**credentials("chat", KEY), "x-outwait-heartbeat": "off"}
    heard = ask(behind, body("chat", "chat-silent", "cut", stream=True), headers)
    assert heard.status == 504


def _chat(root: str, model: str) -> str | None:
    messages: Any = [{"role": "user", "content": "gathered"}]
    with (
        openai.OpenAI(base_url=f"{root}/v1", api_key=KEY, max_retries=0) as client,
        client.chat.completions.stream(model=model, messages=messages) as stream,
    ):
        return stream.get_final_completion().choices[0].message.content


def _responses(root: str, model: str) -> str:
    with (
        openai.OpenAI(base_url=f"{root}/v1", api_key=KEY, max_retries=0) as client,
        client.responses.stream(model=model, input="gathered") as stream,
    ):
        return stream.get_final_response().output_text


def _messages(root: str, model: str) -> str:
    messages: Any = [{"role": "user", "content": "gathered"}]
    with (
        anthropic.Anthropic(base_url=root, api_key=KEY, max_retries=0) as client,
        client.messages.stream(model=model, messages=messages, max_tokens=100) as stream,
    ):
        return stream.get_final_text()


def _gemini(root: str, model: str) -> str:
    """What the chat remembers, to say it again in its next turn: a beat of the wrong shape would wipe it out."""
    with genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=root)) as client:
        chat = client.chats.create(model=model)
        list(chat.send_message_stream("gathered"))
        said = [content for content in chat.get_history(curated=True) if content.role == "model"]
        return "".join(part.text or "" for content in said for part in content.parts or ())


GATHERERS = {"chat": _chat, "responses": _responses, "anthropic": _messages, "gemini": _gemini}


def test_the_sdks_gather_a_stream_with_beats_in_its_middle(behind: int) -> None:
    pairs = list(product(DIALECTS, DIALECTS))
    with ThreadPoolExecutor(len(pairs)) as pool:
        root = f"http://127.0.0.1:{behind}"
        told = list(pool.map(lambda pair: GATHERERS[pair[0]](root, f"{pair[1]}-pause"), pairs))
    assert [(pair, text) for pair, text in zip(pairs, told, strict=True) if len((text or "").split()) != WORDS] == []


@pytest.mark.parametrize("client", DIALECTS)
def test_tools_are_called_and_their_results_come_back(rows: dict[Case, Row], client: str) -> None:
    wrong = []
    for out, mode in product(DIALECTS, MODES):
        row = rows[asked(client, out, "tools", mode)]
        calls = [(each["name"], each["arguments"]["city"]) for each in row.get("calls", ())]
        heard = [row["text"].find(result) for result in RESULTS]
        told = -1 not in heard and heard == sorted(heard) and row.get("finish") in WHOLE
        if "raised" in row or calls != CALLS or not told:
            wrong.append((out, mode, row))
    assert wrong == []


@pytest.mark.parametrize("what", FAULTS)
@pytest.mark.parametrize("client", DIALECTS)
def test_half_an_answer_never_looks_like_a_whole_one(rows: dict[Case, Row], client: str, what: str) -> None:
    wrong = []
    for out, mode in product(DIALECTS, MODES):
        row = rows[asked(client, out, what, mode)]
        raised = row.get("raised")
        if raised is None and row.get("finish") not in TOLD:
            wrong.append((out, mode, row))
        if isinstance(raised, (AttributeError, IndexError, KeyError, TypeError)):
            wrong.append((out, mode, row))
    assert wrong == []


@pytest.mark.parametrize("client", DIALECTS)
def test_an_error_inside_a_stream_is_the_sdks_own_error(rows: dict[Case, Row], client: str) -> None:
    found = [rows[asked(client, out, "inside", "stream")] for out in DIALECTS]
    for row in found:
        raised = row.get("raised")
        assert isinstance(raised, OWN_ERRORS[client]) or row.get("finish") in TOLD
        assert row["text"]  # what was said before it has come


@pytest.mark.parametrize("what", ["hang", "stall"])
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
def test_leaving_closes_the_upstream_call(gateway: Gateway, upstream: Provider, what: str, stream: bool) -> None:
    """Of all sixteen pairs at once."""
    lines = []
    for client, out in product(DIALECTS, DIALECTS):
        question = f"{client} leaves {out}: {what} {stream}"
        model = name(out, what, "stream")
        line = Line(gateway.port)
        headers = {**credentials(client, KEY), "x-outwait-on-disconnect": "cancel"}
        said = body(client, model, question, stream=stream)
        line.send(request(said, headers, path(client, model, stream=stream)))
        lines.append((question, line))

    def outcomes(of: str) -> list[str]:
        return [question for question, _ in lines if [call.outcome for call in upstream.calls(question)] != [of]]

    until(lambda: not outcomes("running"), "all calls to be on their way", timeout=3)
    for _, line in lines:
        line.__exit__()
    until(lambda: not outcomes("cut"), "the upstream calls to be cut", timeout=3)
