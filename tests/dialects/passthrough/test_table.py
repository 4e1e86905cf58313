from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields

import httpx2
import pytest
from openai import APIError, OpenAI

from outwait.core.fault import Fault, fault
from outwait.core.plan import Candidate, Heartbeat
from outwait.core.request import Call
from outwait.dialects.dialect import Dialect
from outwait.dialects.passthrough.table import PASSTHROUGH
from outwait.dialects.profiles import UNKNOWN


def test_one_call_from_end_to_end() -> None:
    body = b'{"model":"small","input":"x"}'
    call = PASSTHROUGH.read("POST", "/v1/embeddings", {"content-type": "application/json"}, body)
    assert (PASSTHROUGH.name, call.endpoint) == (call.dialect, PASSTHROUGH.endpoint(call.path))
    candidate = Candidate("c", "openai", "large", endpoint="embeddings")
    assert PASSTHROUGH.prepare(call, candidate) == body.replace(b"small", b"large")
    reader = PASSTHROUGH.reader(call, candidate, 200, {"content-type": "application/json"})
    answer = b'{"data":[{"embedding":[1]}]}'
    assert reader.feed(answer) + reader.end().data == answer
    assert b"no_healthy_channel" in PASSTHROUGH.error_body(fault("no_healthy_channel"), "ow_1")
    assert PASSTHROUGH.translation is None
    assert not PASSTHROUGH.silent(call)
    rest = {field.name: field.default for field in fields(Dialect)}
    assert callable(rest["silent"])
    assert not rest["silent"](call)


# ------------------------------------------------------------ the real SDK, with the dialect in the gateway's place
Upstream = tuple[str, bytes]


def sdk(seen: list[Call], upstream: Upstream, failed: Fault | None = None) -> OpenAI:
    """An SDK whose calls the dialect reads, and whose replies come from `upstream` with a heartbeat before them."""

    def answer(sent: httpx2.Request) -> httpx2.Response:
        headers = {name.lower(): value for name, value in sent.headers.items()}
        call = PASSTHROUGH.read(sent.method, sent.url.path, headers, sent.read())
        seen.append(call)
        voice = PASSTHROUGH.voice(call, Heartbeat(), UNKNOWN)
        if failed is not None:
            return httpx2.Response(
                200,
                headers={"content-type": PASSTHROUGH.reply_head(call).content_type},
                content=voice.beat() + voice.fail(failed, "ow_1"),
            )
        kind, body = upstream
        reader = PASSTHROUGH.reader(call, CANDIDATE, 200, {"content-type": kind})
        out = voice.beat() + reader.feed(body)
        ending = reader.end()
        assert ending.fault is None
        return httpx2.Response(200, headers={"content-type": reader.head.content_type}, content=out + ending.data)

    client = httpx2.Client(transport=httpx2.MockTransport(answer))
    return OpenAI(api_key="not-a-key", base_url="http://h/v1", http_client=client, max_retries=0)


CANDIDATE = Candidate("c", "openai", "m")
SSE = "text/event-stream"
USAGE = (
    '{"input_tokens":1,"output_tokens":2,"total_tokens":3,"input_tokens_details":{"image_tokens":0,"text_tokens":1}}'
)
PICTURE = (
    'data: {"type":"%s","b64_json":"YQ==","background":"opaque","created_at":1,"output_format":"png","quality":"low",'
    '"size":"1024x1024","usage":' + USAGE + "}\n\n"
)


def test_the_sdk_asks_for_json() -> None:
    seen: list[Call] = []
    reply = (
        b'{"object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":[0.5]}],'
        b'"usage":{"prompt_tokens":1,"total_tokens":1}}'
    )
    made = sdk(seen, ("application/json", reply)).embeddings.create(model="m", input="x", encoding_format="float")
    assert made.data[0].embedding == [0.5]
    assert (seen[0].endpoint, seen[0].model, seen[0].stream) == ("embeddings", "m", False)


def test_the_sdk_streams_a_completion() -> None:
    seen: list[Call] = []
    body = b'data: {"choices":[{"index":0,"text":"hi","finish_reason":"stop","logprobs":null}]}\n\ndata: [DONE]\n\n'
    told = sdk(seen, (SSE, body)).completions.create(model="m", prompt="x", stream=True)
    assert [chunk.choices[0].text for chunk in told] == ["hi"]
    assert seen[0].stream


def test_the_sdk_streams_pictures() -> None:
    seen: list[Call] = []
    drawn = sdk(seen, (SSE, (PICTURE % "image_generation.completed").encode())).images.generate(
        model="m", prompt="a cat", stream=True, partial_images=1
    )
    assert [event.type for event in drawn] == ["image_generation.completed"]
    edited = sdk(seen, (SSE, (PICTURE % "image_edit.completed").encode())).images.edit(
        model="m", image=[("a.png", b"\x89PNG\r\n"), ("b.png", b"--\r\n")], prompt="a cat", stream=True
    )
    assert [event.type for event in edited] == ["image_edit.completed"]
    assert [(call.endpoint, call.model, call.stream) for call in seen] == [
        ("images.generations", "m", True),
        ("images.edits", "m", True),
    ]


def test_the_sdk_transcribes() -> None:
    seen: list[Call] = []
    sound = ("a.mp3", b"ID3\r\n\r\n\xff")
    whisper = sdk(seen, ("application/json", b'{"text":"hi"}')).audio.transcriptions
    assert whisper.create(model="whisper-1", file=sound).text == "hi"
    events = list(whisper.create(model="whisper-1", file=sound, stream=True))
    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]
    subtitles = sdk(seen, ("text/plain", b"1\n00:00")).audio.transcriptions
    assert subtitles.create(model="whisper-1", file=sound, response_format="srt") == "1\n00:00"
    assert [(call.model, call.stream, PASSTHROUGH.silent(call)) for call in seen] == [
        ("whisper-1", False, False),
        ("whisper-1", True, False),
        ("whisper-1", False, True),
    ]


def test_the_sdk_speaks() -> None:
    seen: list[Call] = []
    made = sdk(seen, ("audio/mpeg", b"ID3\xff")).audio.speech.create(model="m", voice="alloy", input="x")
    assert made.content == b"ID3\xff"
    assert PASSTHROUGH.silent(seen[0])


ASKS: list[Callable[[OpenAI], Iterable[object]]] = [
    lambda client: client.completions.create(model="m", prompt="x", stream=True),
    lambda client: client.images.generate(model="m", prompt="x", stream=True),
    lambda client: client.audio.transcriptions.create(model="m", file=("a", b"x"), stream=True),
]


@pytest.mark.parametrize("ask", ASKS)
def test_the_sdk_raises_what_fails_in_a_stream(ask: Callable[[OpenAI], Iterable[object]]) -> None:
    told = ask(sdk([], (SSE, b""), fault("idle_timeout")))
    with pytest.raises(APIError, match="fell silent"):
        list(told)
