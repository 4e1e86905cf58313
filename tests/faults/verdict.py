"""Whether a cell came to what the rules demand (pure): an expectation and what was seen in, problems out."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults import rules
from tests.faults.caller import Caller
from tests.faults.cells import Cell, Fault, Phase, Reader
from tests.faults.play import Seen
from tests.faults.rules import Expected, expected


def judge(seen: Seen) -> list[str]:
    """What is not as it must be; none: it is."""
    if seen.trouble:
        return [f"was not played to its end: {seen.trouble}"]
    wanted = expected(seen.cell)
    return [*_state(seen, wanted), *_calls(seen, wanted), *_client(seen, wanted), *_kept(seen, wanted)]


def told(seen: Seen) -> str:
    """What the client was told, in the words of the rules."""
    caller, heard = seen.caller, seen.told
    assert caller is not None
    if heard.text and not (seen.part.text).startswith(heard.text):
        return f"words that are not the model's: {heard.text[:80]!r}"
    if caller.status >= 400:
        return str(caller.status) if caller.end == "whole" and heard.error else f"{caller.status}, {caller.end}"
    if not caller.status:
        return rules.NOTHING if caller.end in ("cut", "reset") else f"nothing, {caller.end}"
    if caller.end == "whole":
        return _framed(seen)
    if caller.end == "open":
        return rules.LEFT
    return rules.ERROR_CUT if heard.error else rules.CUT


def _framed(seen: Seen) -> str:
    heard = seen.told
    if heard.error:
        return "an error and an end" if heard.ended and seen.cell.dialect == "gemini" else rules.IN_BAND
    if heard.ended and heard.text == seen.part.text:
        return rules.WHOLE
    return f"what looks whole and is not: {heard.text[:80]!r}"


def _state(seen: Seen, wanted: Expected) -> Iterator[str]:
    line = seen.line
    if line["outcome"] != wanted.state:
        yield f"ended {line['outcome']} ({line.get('fault', {}).get('code')}), not {wanted.state}"
        return
    code = line.get("fault", {}).get("code", "")
    if code != wanted.fault:
        yield f"the fault is {code or 'none'}, not {wanted.fault or 'none'}"
    classes = [each for _, each in seen.failed]
    if classes != ([wanted.retry_class] if wanted.retry_class else []):
        yield f"failed attempts: {seen.failed}, not one {wanted.retry_class or 'at all'}"
    if _runs_out(seen.cell) and _lingered(seen) < rules.LINGER:
        yield f"ended {_lingered(seen):.3f} s after its client left"


def _calls(seen: Seen, wanted: Expected) -> Iterator[str]:
    calls = seen.part.calls - (seen.again is not None)
    if calls != wanted.calls:
        yield f"the upstream was called {calls} times, not {wanted.calls}"
    if wanted.state == rules.CANCELLED and not seen.part.closed.is_set():
        yield "the upstream connection was left open"


def _client(seen: Seen, wanted: Expected) -> Iterator[str]:
    found = told(seen)
    left = wanted.told == rules.LEFT
    if seen.cell.instant and found == rules.WHOLE:
        return  # it had closed its side only, and received all the same
    if left and found not in (rules.WHOLE, rules.IN_BAND, rules.ERROR_CUT) and not found.isdigit():
        return  # it left: with a connection that is cut, or without looking
    if found != wanted.told:
        yield f"the client was told {found}, not {wanted.told}"
    if found.isdigit() and wanted.fault and "x-should-retry" not in _headers(seen.caller):
        yield "the client was not told whether to retry"
    again = seen.again
    if again is not None:
        if not _whole(seen, again):
            yield f"the next call was told {again.status} {again.end} {bytes(again.body)[:200]!r}"


def _whole(seen: Seen, caller: Caller) -> bool:
    heard = seen.read(caller)
    return caller.status == 200 and caller.end == "whole" and heard.text == seen.part.text and heard.ended


def _headers(caller: Caller | None) -> dict[str, str]:
    return caller.headers if caller is not None else {}


def _kept(seen: Seen, wanted: Expected) -> Iterator[str]:
    if seen.found is None:
        if wanted.kept:
            yield "the exchange is not found by its id"
        return
    if seen.found["status"] != wanted.state:
        yield f"by its id it is {seen.found['status']}, not {wanted.state}"
    if seen.retried is not None and not _whole(seen, seen.retried):
        retried = seen.retried
        yield f"its retry was told {retried.status} {retried.end} {bytes(retried.body)[:200]!r}"
    stream = seen.stream
    if stream is None or not wanted.kept:
        return
    heard = seen.read(stream)
    looks_whole = stream.status == 200 and stream.end == "whole" and heard.ended and not heard.error
    if wanted.kept == "result":
        if not (looks_whole and heard.text == seen.part.text):
            yield f"the kept answer is {stream.status} {stream.end} {heard.text[:80]!r}"
    elif looks_whole or not seen.part.text.startswith(heard.text):
        yield f"a broken answer is kept as {heard.text[:80]!r}"
    elif wanted.kept == "partial" and not heard.text:
        yield "the words that came are not kept"


def _lingered(seen: Seen) -> float:
    """Seconds from the client's leaving to the end."""
    marks = {mark.split(" ")[1]: float(mark.split(" ")[0]) for mark in seen.line["timeline"]}
    return round(marks[rules.CANCELLED] - marks["client"], 3)


def _runs_out(cell: Cell) -> bool:
    """Whether its lingering runs out in this cell."""
    leaves = cell.fault in (Fault.CLIENT_RST, Fault.CLIENT_FIN) and cell.phase is not Phase.AFTER
    return leaves and cell.reader is Reader.LINGER
