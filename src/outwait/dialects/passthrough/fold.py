"""Between the two forms of an answer, where an upstream gave the one and the client asked for the other.

It happens: whisper-1 ignores `stream` by its documentation, image models of other providers do, and some servers stream
whatever was asked. A completion can be folded and unfolded; pictures and transcriptions only come as one, so they are
only unfolded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from outwait.dialects import document
from outwait.dialects.openai_errors import DONE

_JOINED = ("tokens", "token_logprobs", "top_logprobs", "text_offset")
_IMAGE_FACTS = ("background", "output_format", "quality", "size", "safety_identifier")


class Fold:
    """Gathers the chunks of a completion (see `dialects.passing.Fold`)."""

    __slots__ = ("_choices", "_reply")

    def __init__(self) -> None:
        self._reply: dict[str, Any] = {}
        self._choices: dict[int, dict[str, Any]] = {}

    def add(self, name: bytes, data: bytes) -> None:
        """One chunk."""
        del name
        chunk = document.loads(data)
        if not isinstance(chunk, dict):
            raise ValueError("no object")  # noqa: TRY004 - what `passing.Fold` promises
        choices = chunk.pop("choices", None)
        self._reply.update({key: value for key, value in chunk.items() if value is not None or key not in self._reply})
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                self._add(choice)

    def _add(self, choice: dict[str, Any]) -> None:
        at = choice.get("index", 0)
        index = at if type(at) is int else 0
        into = self._choices.setdefault(index, {"index": index, "text": "", "logprobs": None, "finish_reason": None})
        text, logprobs = choice.get("text"), choice.get("logprobs")
        if isinstance(text, str):
            into["text"] += text
        if isinstance(logprobs, dict):
            before = into["logprobs"] or {}
            joined = {key: _joined(before.get(key), logprobs.get(key)) for key in _JOINED if key in logprobs}
            into["logprobs"] = {**before, **logprobs, **joined}
        rest = {key: value for key, value in choice.items() if key not in {"index", "text", "logprobs"}}
        into.update({key: value for key, value in rest.items() if value is not None or key not in into})

    def body(self) -> bytes:
        """The completion."""
        choices = [self._choices[index] for index in sorted(self._choices)]
        return document.dumps({**self._reply, "choices": choices})


class Unasked:
    """Stands where a stream came that nobody asked for, and that is no one JSON reply."""

    __slots__ = ()

    def add(self, name: bytes, data: bytes) -> None:
        """Raises ValueError."""
        raise ValueError(f"a stream where none was asked for: {name[:50]!r} {data[:100]!r}")

    def body(self) -> bytes:
        """Nothing: `add` has failed before."""
        return b""


def completion(include_usage: bool) -> Callable[[bytes], bytes]:
    """Unfolds a completion: chunks have its very shape; its usage is told if it was asked for."""

    def unfold(body: bytes) -> bytes:
        reply = _object(body)
        usage = reply.pop("usage", None)
        told = _event(reply)
        if include_usage:
            told += _event({**reply, "choices": [], "usage": usage})
        return told + DONE

    return unfold


def pictures(kind: str) -> Callable[[bytes], bytes]:
    """Unfolds pictures into one `kind` event each; the last one tells the usage."""

    def unfold(body: bytes) -> bytes:
        reply = _object(body)
        data = reply.get("data") or reply.get("images")
        found = [each for each in data if isinstance(each, dict)] if isinstance(data, list) else []
        if not found:
            raise ValueError("pictures that cannot be unfolded")
        known = {key: reply[key] for key in _IMAGE_FACTS if key in reply}
        base = {"type": kind, "created_at": reply.get("created", 0), **known}
        told = [{**base, **each} for each in found]
        if "usage" in reply:
            told[-1]["usage"] = reply["usage"]
        return b"".join(b"event: %s\n" % kind.encode() + _event(each) for each in told)

    return unfold


def transcript(body: bytes) -> bytes:
    """Unfolds a transcription, told as JSON or as plain text: its text, and the end."""
    reply: dict[str, Any]
    try:
        reply = _object(body)
    except ValueError:
        reply = {"text": body.decode(errors="replace")}
    text = reply.get("text")
    if not isinstance(text, str):
        raise ValueError("a transcription without a text")  # noqa: TRY004 - what `passing.WholeReader` takes
    kept: dict[str, Any] = {key: reply[key] for key in ("languages", "logprobs", "usage") if key in reply}
    usage = kept.get("usage")
    if isinstance(usage, dict) and usage.get("type") == "duration":
        del kept["usage"]  # the event tells tokens only
    delta = _event({"type": "transcript.text.delta", "delta": text}) if text else b""
    return delta + _event({"type": "transcript.text.done", "text": text, **kept})


def _joined(before: object, after: object) -> object:
    if not isinstance(before, list) or not isinstance(after, list):
        return before if after is None else after
    return [*before, *after]


def _object(body: bytes) -> dict[str, Any]:
    reply = document.loads(body)
    if not isinstance(reply, dict):
        raise ValueError("no object")  # noqa: TRY004 - what `passing.WholeReader` takes
    return reply


def _event(value: object) -> bytes:
    return b"data: " + document.dumps(value) + b"\n\n"
