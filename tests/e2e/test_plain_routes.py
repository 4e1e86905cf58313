"""The plain OpenAI routes through whole processes: JSON, streams, files and sound, and what has no room for a beat.

What waits, waits together: those calls are made when the first test needs one (`slow`), and judged one by one.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import openai
import pytest
from tests.e2e.acts import Serve
from tests.e2e.asking import Heard, Line, ask, request
from tests.e2e.backstage import Backstage, Provider, Raw
from tests.e2e.stage import Gateway, until

from outwait.testing.middlebox import Middlebox

SILENCE = 1.7  # seconds that the proxy waits; a beat comes each second
KEY = "key-of-a-plain-client"
# What stands in a file looks like the edge of a part, and is none.
WAV = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\r\n--not-a-boundary\r\n\0\xff"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


async def unfinished(raw: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Announces a thousand bytes of sound and closes after some of them."""
    await raw.read(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nContent-Length: 1000\r\n\r\n" + b"\xff\xfb" * 100)
    await writer.drain()


@pytest.fixture(scope="module")
def upstream(backstage: Backstage) -> Provider:
    """A provider that takes the channel's key only."""
    return backstage.simulate(key="key-of-the-channel")


@pytest.fixture(scope="module")
def gateway(serve: Serve, upstream: Provider, backstage: Backstage) -> Gateway:
    half = {"name": "half", "base_url": backstage.raw(unfinished).url, "models": ["tts-half"]}
    names = {"echoing": "echo", "whisper": "long-6", "gpt-image": "fast", "voice": "fast"}
    return serve(
        {
            "server": {"limits": {"json_body": "32kb", "file_body": "128kb"}},
            "channels": [
                half,
                {
                    "name": "provider",
                    "base_url": upstream.url,
                    "api_key": "key-of-the-channel",
                    "models": [*names, "silent-*", "close-*", "error-*", "fast", "long-*", "stall-*", "truncate-*"],
                    "model_map": names,
                },
            ],
            "keys": [{"name": "plain", "key": KEY}],
            "retry": {"attempts": 1},
        },
        "plain",
    )


@pytest.fixture(scope="module")
def behind(backstage: Backstage, gateway: Gateway) -> Iterator[str]:
    """The base URL behind a proxy that cuts silence."""
    box = Middlebox("127.0.0.1", gateway.port, SILENCE)
    yield f"http://127.0.0.1:{backstage.run(box.start())}/v1"
    backstage.run(box.stop())


@pytest.fixture(scope="module")
def client(behind: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=behind, api_key=KEY, max_retries=0, timeout=15) as made:
        yield made


@pytest.fixture(scope="module")
def own(upstream: Provider) -> Iterator[openai.OpenAI]:
    """A client of the provider itself."""
    with openai.OpenAI(base_url=upstream.url, api_key="key-of-the-channel", max_retries=0, timeout=15) as made:
        yield made


def post(gateway: Gateway, path: str, **body: Any) -> Heard:
    return ask(gateway.port, json.dumps(body).encode(), {"Authorization": f"Bearer {KEY}"}, path)


def form(fields: dict[str, str], name: str, data: bytes) -> tuple[bytes, str]:
    """A form with one file, and its content type."""
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()
    ]
    head = f'--edge\r\nContent-Disposition: form-data; name="{name}"; filename="a.bin"\r\n\r\n'
    return "".join((*parts, head)).encode() + data + b"\r\n--edge--\r\n", "multipart/form-data; boundary=edge"


def post_form(gateway: Gateway, path: str, fields: dict[str, str], data: bytes, name: str = "file") -> Heard:
    body, kind = form(fields, name, data)
    return ask(gateway.port, body, {"Authorization": f"Bearer {KEY}", "Content-Type": kind}, path)


Slow = Mapping[str, Future[Any]]
Asker = Callable[[openai.OpenAI, Gateway], Any]


def _sound_events(client: openai.OpenAI, _: Gateway) -> list[dict[str, Any]]:
    asked: dict[str, Any] = {"input": "one two", "voice": "alloy", "stream_format": "sse"}
    with client.audio.speech.with_streaming_response.create(model=LATE, **asked) as reply:
        return [json.loads(line[6:]) for line in reply.iter_lines() if line.startswith("data: ")]


TALK = ("talk.wav", WAV)
LATE = "silent-2200ms+long-5"
SLOW: dict[str, Asker] = {
    "completion": lambda client, _: client.completions.create(model=LATE, prompt="a", n=2, logprobs=1),
    "streamed completion": lambda client, _: list(
        client.completions.create(model=LATE, prompt="a", stream=True, stream_options={"include_usage": True})
    ),
    "embeddings": lambda client, _: client.embeddings.create(model=LATE, input="late", dimensions=4),
    "pictures": lambda client, _: client.images.generate(model="silent-2200ms", prompt="a harbor", n=2),
    "streamed picture": lambda client, _: list(
        client.images.generate(
            model="silent-2200ms+stall-2200ms-after-1", prompt="a harbor", stream=True, partial_images=2
        )
    ),
    "streamed edit": lambda client, _: list(
        client.images.edit(model=LATE, image=("a.png", PNG), prompt="edit", stream=True, partial_images=1)
    ),
    "transcription": lambda client, _: client.audio.transcriptions.create(model=LATE, file=TALK),
    "streamed transcription": lambda client, _: list(
        client.audio.transcriptions.create(model=LATE, file=TALK, stream=True, prompt="heard in a stream")
    ),
    "sound": lambda _, gateway: post(gateway, "/v1/audio/speech", model=LATE, input="one two", voice="alloy"),
    "sound as events": _sound_events,
    "failed picture": lambda _, gateway: post(
        gateway, "/v1/images/generations", model="error-500-after-1500ms", prompt="a"
    ),
    "subtitles": lambda _, gateway: post_form(
        gateway, "/v1/audio/transcriptions", {"model": LATE, "response_format": "srt"}, WAV
    ),
}


@pytest.fixture(scope="module")
def slow(client: openai.OpenAI, gateway: Gateway) -> Iterator[Slow]:
    """What each call of SLOW was given."""
    with ThreadPoolExecutor(len(SLOW)) as pool:
        yield {name: pool.submit(asker, client, gateway) for name, asker in SLOW.items()}


# -- JSON and streams


def test_a_completion_comes_through_silence(slow: Slow) -> None:
    reply = slow["completion"].result()
    assert [len(choice.text.split()) for choice in reply.choices] == [5, 5]
    assert reply.usage.completion_tokens == 10


def test_a_streamed_completion_comes_through_silence(slow: Slow) -> None:
    chunks = slow["streamed completion"].result()
    assert len("".join(chunk.choices[0].text for chunk in chunks if chunk.choices).split()) == 5
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None


@pytest.mark.parametrize("kind", ["float", "base64"])
def test_embeddings_are_the_providers_own(client: openai.OpenAI, own: openai.OpenAI, kind: Any) -> None:
    asked: dict[str, Any] = {"input": ["first text", "second text"], "dimensions": 8, "encoding_format": kind}
    ours = client.embeddings.create(model="voice", **asked)
    theirs = own.embeddings.create(model="fast", **asked)
    assert [each.embedding for each in ours.data] == [each.embedding for each in theirs.data]
    assert ours.usage.total_tokens == 4


def test_embeddings_come_through_silence(slow: Slow) -> None:
    assert len(slow["embeddings"].result().data[0].embedding) == 4


def test_moderations_and_rerank_keep_their_answers(client: openai.OpenAI, gateway: Gateway) -> None:
    reply = client.moderations.create(model="fast", input=["words of violence", "words"])
    assert [each.flagged for each in reply.results] == [True, False]
    for path in ("/v1/rerank", "/rerank"):
        ranked = post(gateway, path, model="fast", query="slow river", documents=["a fast car", "a slow river"])
        assert [each["index"] for each in ranked.json["results"]] == [1, 0]


def test_pictures_come_through_silence(slow: Slow, own: openai.OpenAI) -> None:
    ours, theirs = slow["pictures"].result(), own.images.generate(model="fast", prompt="a harbor", n=2)
    assert [each.b64_json for each in ours.data] == [each.b64_json for each in theirs.data or ()]
    assert ours.usage is not None


def test_partial_images_come_as_they_are_made(slow: Slow) -> None:
    events = slow["streamed picture"].result()
    partial, done = "image_generation.partial_image", "image_generation.completed"
    assert [event.type for event in events] == [partial, partial, done]
    assert all(base64.b64decode(event.b64_json).startswith(PNG[:8]) for event in events)


# -- forms


def test_an_edit_takes_several_files_and_maps_the_model(client: openai.OpenAI, upstream: Provider) -> None:
    reply = client.images.edit(
        model="gpt-image", image=[("a.png", PNG), ("b.png", PNG)], mask=("m.png", PNG), prompt="edit in a form"
    )
    assert reply.data
    assert [call.model for call in upstream.calls("edit in a form")] == ["fast"]


def test_a_streamed_edit_comes_through_silence(slow: Slow) -> None:
    kinds = [event.type for event in slow["streamed edit"].result()]
    assert kinds == ["image_edit.partial_image", "image_edit.completed"]


def test_only_the_models_name_changes_in_a_form(gateway: Gateway, upstream: Provider) -> None:
    fields = {"prompt": "bytes of a form", "model": "whisper", "x_unknown": "ümlaut"}
    body, _ = form(fields, "file", WAV)
    there, _ = form(fields | {"model": "long-6"}, "file", WAV)
    heard = post_form(gateway, "/v1/audio/transcriptions", fields, WAV)
    assert (heard.status, len(heard.json["text"].split())) == (200, 6)
    (call,) = upstream.calls("bytes of a form")
    assert body != there
    assert call.body_bytes == len(there)
    assert call.body_sha256 == hashlib.sha256(there).hexdigest()


def test_a_transcription_as_json_text_and_stream(slow: Slow, client: openai.OpenAI, upstream: Provider) -> None:
    plain: Any = client.audio.transcriptions.create(model="whisper", file=TALK, response_format="text")
    assert len(plain.split()) == 6
    assert len(slow["transcription"].result().text.split()) == 5
    events = slow["streamed transcription"].result()
    assert events[-1].type == "transcript.text.done"
    assert "".join(event.delta for event in events if event.type == "transcript.text.delta") == events[-1].text
    (call,) = upstream.calls("heard in a stream")
    assert call.stream


def test_a_large_body_is_for_files_only(gateway: Gateway) -> None:
    large = "word " * 10_000  # 50 kB
    refused = post(gateway, "/v1/embeddings", model="fast", input=large)
    assert (refused.status, refused.error["code"]) == (413, "request_too_large")
    taken = post_form(gateway, "/v1/audio/transcriptions", {"model": "whisper"}, WAV + large.encode())
    assert taken.status == 200
    too_large = post_form(gateway, "/v1/audio/transcriptions", {"model": "whisper"}, WAV + 3 * large.encode())
    assert (too_large.status, too_large.error["code"]) == (413, "request_too_large")


def test_a_broken_form_is_refused_with_a_reason(gateway: Gateway) -> None:
    body, kind = form({"model": "whisper"}, "file", WAV)
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": kind}
    cut = ask(gateway.port, body[:-9], headers, "/v1/audio/transcriptions")
    assert (cut.status, cut.error["code"]) == (400, "bad_request")
    nameless = post_form(gateway, "/v1/audio/transcriptions", {}, WAV)
    assert (nameless.status, nameless.error["param"]) == (400, "model")


# -- sound


@pytest.mark.parametrize("kind", ["mp3", "wav", "pcm"])
def test_sound_is_the_providers_own_to_the_byte(client: openai.OpenAI, own: openai.OpenAI, kind: Any) -> None:
    asked: dict[str, Any] = {"input": "five words to be spoken", "voice": "alloy", "response_format": kind}
    ours = client.audio.speech.create(model="voice", **asked)
    theirs = own.audio.speech.create(model="fast", **asked)
    assert ours.content == theirs.content
    assert ours.response.headers["content-type"] == theirs.response.headers["content-type"]


@pytest.mark.parametrize(
    "what, kind", [("sound", "audio/mpeg"), ("subtitles", "text/plain; charset=utf-8")], ids=["sound", "subtitles"]
)
def test_silence_before_what_has_no_room_for_a_beat_is_kept(slow: Slow, what: str, kind: str) -> None:
    """No early head either: what its type will be only the upstream knows."""
    heard = slow[what].result()
    assert (heard.status, heard.end) == (200, "whole")
    assert heard.headers["content-type"] == kind
    assert heard.pieces[0][0] >= 2.1
    assert heard.body.startswith((b"\xff\xfb", b"1\n00:00:00"))


def test_nothing_is_out_before_a_late_error_of_sound(gateway: Gateway) -> None:
    body = json.dumps({"model": "error-429-after-1500ms", "input": "hello", "voice": "alloy"}).encode()
    with Line(gateway.port) as line:
        line.send(request(body, {"Authorization": f"Bearer {KEY}"}, "/v1/audio/speech"))
        early = line.hear(seconds=1.2)
        assert (early.status, early.end) == (0, "open")
        late = line.hear()
    assert (late.status, late.headers["content-type"]) == (429, "application/json")
    assert late.error["type"]


@pytest.mark.parametrize("model", ["close-after-2", "tts-half"])
def test_half_a_sound_never_ends_as_a_whole_one(gateway: Gateway, client: openai.OpenAI, model: str) -> None:
    heard = post(gateway, "/v1/audio/speech", model=model, input="one two three four", voice="alloy")
    assert (heard.status, heard.end) == (200, "cut")
    with pytest.raises((openai.APIError, OSError)):
        client.audio.speech.create(model=model, input="one two three four", voice="alloy")
    entry = gateway.entry(heard.headers["x-outwait-exchange"])
    assert entry["outcome"] == "failed"


def test_sound_as_events_has_beats(slow: Slow) -> None:
    kinds = [event["type"] for event in slow["sound as events"].result()]
    assert kinds == ["speech.audio.delta"] * 2 + ["speech.audio.done"]


# -- errors, leaving, models


JSON_ROUTES: dict[str, dict[str, Any]] = {
    "/v1/completions": {"prompt": "a"},
    "/v1/embeddings": {"input": "a"},
    "/v1/moderations": {"input": "a"},
    "/v1/rerank": {"query": "a", "documents": ["a"]},
    "/v1/images/generations": {"prompt": "a"},
    "/v1/audio/speech": {"input": "a", "voice": "alloy"},
}


@pytest.mark.parametrize("path", [*JSON_ROUTES, "/v1/audio/transcriptions"])
def test_the_providers_error_is_passed_on(gateway: Gateway, path: str) -> None:
    model = "error-422-odd_reason"
    if path in JSON_ROUTES:
        heard = post(gateway, path, model=model, **JSON_ROUTES[path])
    else:
        heard = post_form(gateway, path, {"model": model}, WAV)
    assert (heard.status, heard.end) == (422, "whole")
    assert heard.error["code"] == "odd_reason"
    assert "outwait" not in heard.error  # the provider's very words


def test_a_wrong_request_is_told_in_the_providers_words(gateway: Gateway) -> None:
    heard = post(gateway, "/v1/embeddings", model="fast", input="a", encoding_format="octal")
    assert (heard.status, heard.error["param"]) == (400, "encoding_format")


STREAMED: dict[str, Callable[[openai.OpenAI, str], Any]] = {
    "completion": lambda client, model: client.completions.create(model=model, prompt="a", stream=True),
    "picture": lambda client, model: client.images.generate(model=model, prompt="a", stream=True, partial_images=3),
    "transcription": lambda client, model: client.audio.transcriptions.create(model=model, file=TALK, stream=True),
}


@pytest.mark.parametrize("model", ["close-after-2", "truncate-after-2", "error-in-stream-after-2"])
@pytest.mark.parametrize("what", STREAMED)
def test_half_a_stream_is_an_error_behind_what_was_there(client: openai.OpenAI, what: str, model: str) -> None:
    events = iter(STREAMED[what](client, model))
    assert next(events)
    assert next(events)
    with pytest.raises(openai.APIError):
        next(events)


def test_a_late_error_of_a_picture_breaks_the_reply(slow: Slow) -> None:
    heard = slow["failed picture"].result()
    assert (heard.status, heard.end, len(heard.beats)) == (200, "cut", 1)
    assert heard.error["message"]


def test_leaving_cancels_what_nobody_will_hear(gateway: Gateway, upstream: Provider) -> None:
    body = json.dumps({"model": "silent-30s", "input": "spoken to nobody", "voice": "alloy"}).encode()
    with Line(gateway.port) as line:
        headers = {"Authorization": f"Bearer {KEY}", "x-outwait-on-disconnect": "cancel"}
        line.send(request(body, headers, "/v1/audio/speech"))
        assert line.hear(seconds=0.3).end == "open"
    until(lambda: upstream.calls("spoken to nobody")[0].outcome == "cut", "the upstream call to be cut", timeout=2)
