"""What each cell of the matrix must show (pure): a case and what its program was told in, a verdict out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.conformance.cases import DIRECT, SILENT, TIMEOUT, WORDS, Case

LATE = 500  # the status of what fails late
CUT = 504  # and of a proxy that waits no longer
# How the SDKs call the end of an answer that is whole.
WHOLE = frozenset({"stop", "completed", "end_turn", "STOP"})
# The upstream's path tells what was spoken there.
ASKED_AT = {
    "chat": "/chat/completions",
    "responses": "/responses",
    "anthropic": "/messages",
    "gemini": "enerateContent",
}
# How a program that reads the events of a responses stream learns that there is no answer.
TOLD = frozenset({"error", "response.failed"})
RESULTS = ("get_weather of Paris says fine", "get_time of Oslo says fine")
# Where the second turn has no text of the user's last, by which calls are told apart, but results only.
UNASKED = frozenset({"anthropic", "gemini"})
WANTED = [("get_weather", "Paris"), ("get_time", "Oslo")]
# An SDK, or a program written for it, did not fail but fall over.
STUMBLED = frozenset({"NoAnswer", "IndexError", "KeyError", "AttributeError", "TypeError"})
ARGUMENT_PIECES = 4  # of two calls together, where the upstream streams arguments and the SDK shows them as they come


@dataclass(frozen=True, slots=True)
class Verdict:
    """`problems`: what is not as it must be; none: passed. `seen`: what the program saw, in a few words."""

    case: Case
    problems: tuple[str, ...]
    seen: str

    @property
    def passed(self) -> bool:
        """Whether all is as it must be."""
        return not self.problems


def judge(case: Case, row: dict[str, Any], paths: Sequence[str]) -> Verdict:
    """`row`: what the program told. `paths`: of the calls that the upstream received."""
    calls = len(paths)
    if case.what == DIRECT:
        problems = [*_cut(row)]
    elif case.what in ("silent", "leave"):
        problems = [*_answered(row), *_kept(case, row, calls)]
    elif case.what == "tools":
        problems = [*_round_trip(case, row, calls)]
    else:
        problems = [*_failed(case, row, calls)]
    problems += [f"the upstream was asked at {path}" for path in paths if ASKED_AT[case.out] not in path]
    return Verdict(case, tuple(problems), seen(row))


def seen(row: dict[str, Any]) -> str:
    """What the program saw, without what differs from run to run."""
    tries = "" if row.get("tries", 1) <= 1 or "calls" in row else f", {row['tries']} tries"
    if row.get("error"):
        status = f" {row['status']}" if row.get("status") else ""
        return f"{row['error']}{status}{tries}"
    if row.get("finish") in TOLD:
        return f"event {row['finish']}{tries}"
    if row.get("finish") in WHOLE:
        return f"{len((row['text'] or '').split())} words{tries}"
    return f"no error, finish {row.get('finish')}{tries}"


def _answered(row: dict[str, Any]) -> Iterator[str]:
    if row.get("error"):
        yield f"{row['error']}: {row.get('message')}"
        return
    words = len((row["text"] or "").split())
    if words != WORDS:
        yield f"{words} words of {WORDS}"
    if row.get("finish") not in WHOLE:
        yield f"finish is {row.get('finish')} {row.get('message', '')}".rstrip()


def _kept(case: Case, row: dict[str, Any], calls: int) -> Iterator[str]:
    if calls != 1:
        yield f"the upstream was called {calls} times"
    if case.what == "silent" and row["seconds"] < SILENT - 0.1:
        yield f"answered after {row['seconds']} s"
    if case.what == "leave" and row["tries"] < 2:
        yield "was not cut off"


def _round_trip(case: Case, row: dict[str, Any], calls: int) -> Iterator[str]:
    if row.get("error"):
        yield f"{row['error']}: {row.get('message')}"
        return
    if [(one["name"], one["arguments"].get("city")) for one in row.get("calls", ())] != WANTED:
        yield f"calls are {row.get('calls')}"
    places = [(row["text"] or "").find(result) for result in RESULTS]
    if -1 in places or places != sorted(places):
        yield f"the results did not arrive: {row['text']!r}"
    if row.get("finish") not in WHOLE:
        yield f"finish is {row.get('finish')}"
    pieces = row.get("pieces", 0)
    if case.mode == "stream" and "gemini" not in (case.out, case.voice.speaks) and pieces < ARGUMENT_PIECES:
        yield f"the arguments came in {pieces} pieces"
    if calls != (1 if case.out in UNASKED else 2):
        yield f"the upstream was called {calls} times"


def _failed(case: Case, row: dict[str, Any], calls: int) -> Iterator[str]:
    """A failure is told as one, in the stream at the latest; nothing is asked twice behind the caller's back."""
    if not row.get("error") and row.get("finish") not in TOLD:
        yield f"looks whole: {seen(row)}, {row.get('text')!r:.80}"
    if row.get("error") in STUMBLED and row.get("message") != "terminated":  # so Node calls a cut connection
        yield f"{row['error']}: {row.get('message')}"
    if row["seconds"] >= TIMEOUT:
        yield f"told after {row['seconds']} s"
    if (case.what, case.mode) == ("late", "json") and row["tries"] > 1 and row.get("status") != LATE:
        yield f"asked again and was told {seen(row)}, not the true error"
    if calls > row["tries"] or (case.mode == "json" and 1 < row["tries"] == calls):
        yield f"{row['tries']} tries became {calls} calls of the upstream: none was given what another had missed"


def _cut(row: dict[str, Any]) -> Iterator[str]:
    if not row.get("error"):
        yield f"came through: {seen(row)}"
    elif row.get("status") != CUT:
        yield f"was told {seen(row)}"
