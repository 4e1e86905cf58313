from __future__ import annotations

import pytest

from outwait.core.fault import Fault, fault
from outwait.core.reply import Usage
from outwait.dialects.sse import Splitter
from outwait.dialects.watch import Watch, Watched, verdict


class Still:
    """A watch that stands as it was put."""

    def __init__(self, **flags: bool) -> None:
        self.begun = flags.get("begun", False)
        self.content = flags.get("content", False)
        self.wordless = flags.get("wordless", False)
        self.finished = flags.get("finished", False)
        self.complete = flags.get("complete", False)
        self.progress = False
        self.fault: Fault | None = None
        self.usage: Usage | None = None

    def event(self, name: bytes, data: bytes) -> bool:
        return bool(name or data)

    def whole(self, body: bytes) -> None:
        self.complete = bool(body)

    def stray(self, text: bytes) -> Fault | None:
        return fault("upstream_error") if b"error" in text else None


class Seen(Watched[Still]):
    """What a watch is seen through."""

    __slots__ = ()

    def __init__(self, watch: Still) -> None:
        self._watch = watch


def test_a_decoders_flags_are_those_of_its_watch() -> None:
    still = Still()
    seen = Seen(still)
    assert (seen.finished, seen.complete, seen.progress, seen.fault) == (False, False, False, None)
    still.finished = still.complete = still.progress = True
    still.fault = fault("upstream_error")
    assert (seen.finished, seen.complete, seen.progress, seen.fault) == (True, True, True, still.fault)


def code(watch: Watch, splitter: Splitter | None) -> str | None:
    told = verdict(watch, splitter)
    return None if told is None else told.code


def fed(data: bytes, limit: int = 99) -> Splitter:
    splitter = Splitter(limit)
    splitter.feed(data)
    return splitter


@pytest.mark.parametrize(
    "flags, made",
    [
        ({"complete": True, "content": True}, None),
        ({"complete": True, "wordless": True}, None),
        ({"complete": True}, "upstream_empty"),
        ({"content": True}, "upstream_truncated"),
    ],
)
def test_a_body_is_whole_or_not(flags: dict[str, bool], made: str | None) -> None:
    assert code(Still(**flags), None) == made


@pytest.mark.parametrize(
    "flags, data, made",
    [
        ({"complete": True, "content": True}, b"", None),
        ({"complete": True}, b"", "upstream_empty"),
        ({}, b"", "upstream_empty"),
        ({}, b"data: {", "upstream_truncated"),
        ({"begun": True}, b"", "upstream_truncated"),
        ({"begun": True}, b"<html>\n", "upstream_truncated"),
        ({}, b"<html>\n", "upstream_bad_response"),
        ({}, b"an error\n", "upstream_error"),
        ({"complete": True, "content": True}, b"data: " + b"x" * 100, "upstream_bad_response"),
    ],
)
def test_a_stream_is_whole_or_not(flags: dict[str, bool], data: bytes, made: str | None) -> None:
    assert code(Still(**flags), fed(data)) == made


def test_a_fault_that_was_told_comes_first() -> None:
    watch = Still(complete=True, content=True)
    watch.fault = fault("upstream_quota")
    assert verdict(watch, fed(b"data: " + b"x" * 100)) is watch.fault


def test_an_overlong_event_is_told_with_its_limit() -> None:
    told = verdict(Still(), fed(b"data: " + b"x" * 100))
    assert told is not None
    assert told.detail == "an event of more than 99 bytes"
