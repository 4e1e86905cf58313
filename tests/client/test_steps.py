from __future__ import annotations

import ssl

import anyio
import httpx2
import pytest

from outwait.client.steps import BROKEN, RAW, REFUSED, Done, Pass, Read, Steps, advance, as_read_error


def test_steps_end_with_what_they_were_for() -> None:
    def steps() -> Steps[int]:
        got = yield Read()
        try:
            yield Pass(got)
        except httpx2.ReadError:
            return 7
        return 8

    made = steps()
    assert advance(made) == Read()
    assert advance(made, b"x") == Pass(b"x")
    assert advance(made, trouble=httpx2.ReadError("")) == Done(7)


@pytest.mark.parametrize(
    "error", [ssl.SSLEOFError(8, "EOF occurred"), anyio.EndOfStream(), ConnectionResetError(104, "reset")]
)
def test_what_comes_through_raw_is_a_broken_line(error: Exception) -> None:
    assert isinstance(error, RAW)
    made = as_read_error(error)
    assert isinstance(made, BROKEN)
    assert str(made)
    assert made.__cause__ is error


def test_the_transports_own_errors_are_not_raw() -> None:
    assert not any(issubclass(kind, RAW) for kind in REFUSED)
    assert set(BROKEN) < set(REFUSED)
