"""Transcripts after the providers' own documentation, each read as a chat answer for a chat client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from outwait.core.plan import Candidate
from outwait.core.reply import Ending, Usage
from outwait.core.request import Call
from outwait.dialects.openai_chat.readers import reader
from outwait.dialects.openai_chat.request import prepare, read
from outwait.dialects.providers import PROVIDERS

HERE = Path(__file__).resolve().parent
KINDS = {".sse": "text/event-stream", ".json": "application/json"}


class Heard(NamedTuple):
    """What a client has heard: of the first choice, the words, the thoughts, the tool calls, and why it ended."""

    text: str = ""
    thoughts: str = ""
    calls: str = ""
    finish: str | None = None


class Told(NamedTuple):
    """A transcript and what it says; `cause`: of the fault that it ends with."""

    file: str
    heard: Heard
    usage: Usage | None = None
    cause: str | None = None


TRANSCRIPTS = (
    Told("deepseek/stream.sse", Heard("9.8 is greater.", "9.8 is larger.", "", "stop"), Usage(17, 9, 0, 4)),
    Told("deepseek/reply.json", Heard("Hello! How can I help you today?", finish="stop"), Usage(16, 10, 8)),
    Told("deepseek/busy.sse", Heard("9.8", finish="insufficient_system_resource")),
    Told("qwen/stream.sse", Heard("我是阿里云开发的大规模语言模型。", "A greeting.", "", "stop"), Usage(22, 17, 16, 5)),
    Told("qwen/inspected.sse", Heard("我"), cause="content_filtered"),
    Told("moonshot/stream.sse", Heard("1+1 equals 2.", "Simple sum.", "", "stop"), Usage(19, 13)),
    Told("mistral/stream.sse", Heard("Camembert, surely.", "The user wants cheese.", "", "stop"), Usage(18, 11)),
    Told(
        "mistral/reply.json",
        Heard(calls='retrieve_payment_status({"transaction_id": "T1001"})', finish="tool_calls"),
        Usage(94, 30),
    ),
    Told(
        "groq/stream.sse",
        Heard("Fast language models gain traction.", "Why speed matters.", "", "stop"),
        Usage(18, 556, 0, 7),
    ),
    Told("groq/failed.sse", Heard(), cause="upstream_error"),
    Told("vllm/stream.sse", Heard("", "Ask the tool.", 'get_weather({"city": "Paris"})', "tool_calls"), Usage(12, 8)),
    Told("vllm/died.sse", Heard("Par"), cause="upstream_error"),
    Told("ollama/stream.sse", Heard("This is a test.", "A test.", "", "stop"), Usage(73, 15)),
    Told("ollama/broke.sse", Heard(), cause="upstream_error"),
    Told("openrouter/stream.sse", Heard("Hello there.", "Say hi.", "", "stop"), Usage(14, 6, 2, 3)),
    Told("openrouter/error.sse", Heard("Hel"), cause="upstream_error"),
    Told("openrouter/limited.json", Heard(), cause="rate_limited"),
    Told("azure/stream.sse", Heard("Hi there!", finish="stop"), Usage(9, 3)),
    Told("azure/filtered.sse", Heard(finish="content_filter")),
)


def play(told: Told, *, stream: bool, step: int) -> tuple[bytes, Ending]:
    """The transcript, `step` bytes at a time, for a client that wants a stream or one reply."""
    file = HERE / told.file
    call = Call("openai", "chat.completions", "m", stream, b'{"model":"m"}')
    candidate = Candidate("c", "openai", "m", streamed=not stream, provider=file.parent.name)
    read = reader(call, candidate, 200, {"content-type": KINDS[file.suffix]})
    data = file.read_bytes()
    out = []
    for at in range(0, len(data), step):
        out.append(read.feed(data[at : at + step]))
        if read.fault is not None or read.finished:
            break
    ending = read.end()
    return b"".join((*out, ending.data)), ending


def heard(data: bytes, *, stream: bool) -> Heard:
    if not stream:
        documents = [json.loads(data)] if data else []
    else:
        events = [event.removeprefix(b"data: ") for event in data.split(b"\n\n") if event]
        assert all(event.startswith((b"{", b"[DONE]")) for event in events)
        documents = [json.loads(event) for event in events if event != b"[DONE]"]
    text, thoughts, calls, finish = "", "", "", None
    for document in documents:
        for choice in document["choices"]:
            said = choice.get("delta") or choice.get("message") or {}
            words, mused = _content(said.get("content"))
            text += words
            thoughts += mused + (said.get("reasoning_content") or said.get("reasoning") or "")
            calls += "".join(_called(tool["function"]) for tool in said.get("tool_calls") or ())
            finish = choice.get("finish_reason") or finish
    return Heard(text, thoughts, f"{calls})" if calls else "", finish)


def _content(content: Any) -> tuple[str, str]:
    if isinstance(content, list):
        mused = (part["text"] for each in content for part in each.get("thinking", ()))
        return "".join(each.get("text", "") for each in content), "".join(mused)
    return content or "", ""


def _called(function: dict[str, str]) -> str:
    name = function.get("name")
    return (f"{name}(" if name else "") + function.get("arguments", "")


@pytest.mark.parametrize("step", [1 << 20, 7])
@pytest.mark.parametrize("told", TRANSCRIPTS, ids=[told.file for told in TRANSCRIPTS])
def test_a_client_that_streams_hears_all_of_it(told: Told, step: int) -> None:
    data, ending = play(told, stream=True, step=step)
    assert heard(data, stream=True) == told.heard if told.cause is None else True
    assert ending.usage == told.usage
    assert (ending.fault.cause if ending.fault else None) == told.cause
    assert b"keep-alive" not in data
    assert b"OPENROUTER" not in data
    assert data.endswith(b"data: [DONE]\n\n") == (told.cause is None)


@pytest.mark.parametrize("told", TRANSCRIPTS, ids=[told.file for told in TRANSCRIPTS])
def test_a_client_that_wants_one_reply_hears_the_same(told: Told) -> None:
    data, ending = play(told, stream=False, step=100)
    assert (ending.fault.cause if ending.fault else None) == told.cause
    if told.cause is None:
        assert heard(data, stream=False) == told.heard
        assert ending.usage == told.usage


@pytest.mark.parametrize("file", sorted(HERE.glob("*/request.json")), ids=lambda file: file.parent.name)
def test_a_request_is_passed_on_as_it_is(file: Path) -> None:
    provider = file.parent.name
    body = json.dumps({"model": "mine", **json.loads(file.read_bytes())}).encode()
    call = read("POST", "/v1/chat/completions", {"content-type": "application/json"}, body)
    sent = prepare(call, Candidate("c", "openai", "theirs", provider=provider))
    assert json.loads(sent) == {**json.loads(body), "model": "theirs"}
    assert "chat.completions" in PROVIDERS[provider].ways
    assert {told.file.split("/")[0] for told in TRANSCRIPTS} >= {provider}
