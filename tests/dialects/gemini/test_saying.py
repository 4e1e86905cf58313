from __future__ import annotations

from typing import Any

import pytest

from outwait.core.part import Citation, Media, Thought
from outwait.core.reply import Usage
from outwait.dialects.gemini import saying
from outwait.dialects.gemini.proof import carried


@pytest.mark.parametrize(
    "arguments, args", [('{"a":1}', {"a": 1}), ("", {}), (" ", {}), ("[1]", None), ("{", None), ("\ud800", None)]
)
def test_calls(arguments: str, args: dict[str, Any] | None) -> None:
    part = saying.call_part("i", "f", arguments, "s")
    assert part == (
        None if args is None else {"functionCall": {"id": "i", "name": "f", "args": args}, "thoughtSignature": "s"}
    )


def test_thoughts() -> None:
    assert saying.thought_part(Thought("why"), shown=True) == {"text": "why", "thought": True}
    assert saying.thought_part(Thought("why"), shown=False) is None
    assert saying.thought_part(Thought(""), shown=True) is None
    own = Thought("", "s", dialect="gemini")
    assert saying.thought_part(own, shown=True) == {"text": "", "thoughtSignature": "s"}
    assert saying.thought_part(Thought("why", "s", dialect="gemini"), shown=True) == {
        "text": "why",
        "thought": True,
        "thoughtSignature": "s",
    }


@pytest.mark.parametrize("shown", [True, False])
def test_thoughts_of_others_are_sealed(shown: bool) -> None:
    part = saying.thought_part(Thought("why", "sig", dialect="anthropic"), shown=shown)
    assert part is not None
    assert part["text"] == ("why" if shown else "")
    assert carried(part["thoughtSignature"]) == Thought("" if shown else "why", "sig", dialect="anthropic")


def test_media() -> None:
    assert saying.media_part(Media("image", "image/png", "aaaa")) == {
        "inlineData": {"mimeType": "image/png", "data": "aaaa"}
    }
    assert saying.media_part(Media("image", None, ""))["inlineData"]["mimeType"] == "application/octet-stream"
    assert saying.media_part(Media("image", "image/png", url="u")) == {
        "fileData": {"mimeType": "image/png", "fileUri": "u"}
    }
    assert saying.media_part(Media("image", file="f")) == {"fileData": {"fileUri": "f"}}
    assert saying.media_part(Media("image")) == {"fileData": {"fileUri": ""}}


def test_small_pieces() -> None:
    assert saying.citation_of(Citation("u", "t", None, 1, 2), "üxü") == {
        "startIndex": 2,
        "endIndex": 3,
        "uri": "u",
        "title": "t",
    }
    assert saying.citation_of(Citation("u"), "") == {"uri": "u"}
    entry = {"token": "h", "logprob": -1.0}
    assert saying.logprobs_of([entry]) == {"chosenCandidates": [{"token": "h", "logProbability": -1.0}]}
    assert saying.logprobs_of([entry | {"top_logprobs": [entry]}])["topCandidates"] == [
        {"candidates": [{"token": "h", "logProbability": -1.0}]}
    ]
    assert saying.usage_of(Usage(10, 7, 4, 3)) == {
        "promptTokenCount": 10,
        "candidatesTokenCount": 4,
        "totalTokenCount": 17,
        "cachedContentTokenCount": 4,
        "thoughtsTokenCount": 3,
    }
    assert saying.usage_of(Usage()) == {"promptTokenCount": 0, "candidatesTokenCount": 0, "totalTokenCount": 0}


def test_ends() -> None:
    assert saying.finish_of("tool_calls", "") == {"finishReason": "STOP"}
    assert saying.finish_of("new", "") == {"finishReason": "OTHER"}
    assert saying.finish_of("length", "f {") == {"finishReason": "MAX_TOKENS"}
    assert saying.finish_of("stop", "f {")["finishReason"] == "MALFORMED_FUNCTION_CALL"
