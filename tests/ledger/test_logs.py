from __future__ import annotations

import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from outwait.ledger.logs import Handler, Logs, configure, release

CANARY = "canary-4f1d9c-secret"
PATIENCE = 10.0


@pytest.fixture(autouse=True)
def _released() -> Iterator[None]:
    yield
    release()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_structlog_the_standard_library_and_warnings_share_one_pipe() -> None:
    stream = io.StringIO()
    configure("info", "json", stream=stream)
    structlog.get_logger().info("one", channel="a")
    structlog.get_logger().debug("unheard")
    logging.getLogger("outwait.wire").info("two %s", 2, extra={"peer": "x"})
    logging.getLogger("outwait").debug("unheard")
    logging.getLogger("other").warning("three")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("four", stacklevel=1)
    release()
    one, two, three, four = lines(stream)
    assert (one["level"], one["event"], one["channel"]) == ("info", "one", "a")
    assert (two["level"], two["event"], two["logger"], two["peer"]) == ("info", "two 2", "outwait.wire", "x")
    assert (three["event"], three["level"]) == ("three", "warning")
    assert "four" in four["event"]


def test_an_exception_is_told_with_its_traceback() -> None:
    stream = io.StringIO()
    configure(stream=stream, secrets=[CANARY])
    try:
        raise ValueError(f"{CANARY} and Bearer abcdef123")
    except ValueError:
        logging.getLogger("outwait").exception("broke")
        structlog.get_logger().exception("broke too")
    release()
    for line in lines(stream):
        assert "ValueError: [masked] and Bearer [masked]" in line["exception"]
        assert line["level"] == "error"


def test_arguments_that_do_not_fit_or_break_never_raise() -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

    stream = io.StringIO()
    logs = Logs(stream=stream)
    handler = Handler(logs)
    handler.emit(logging.makeLogRecord({"msg": "%d and %d", "args": (1,)}))
    handler.emit(logging.makeLogRecord({"msg": "x", "thing": Broken()}))
    assert logs.drain(PATIENCE)
    assert "do not fit" in lines(stream)[0]["event"]
    assert logs.lost == 1


def test_no_canary_reaches_the_log_from_anywhere(entry: Any) -> None:
    stream = io.StringIO()
    logs = configure("debug", "json", [CANARY], stream)
    other = "sk-" + "Canary4f1d9c" * 2
    log = structlog.get_logger()
    headers = {"Authorization": f"Bearer {other}", "x-api-key": CANARY, "x-title": CANARY}
    log.info(CANARY, headers=headers, config={"channels": [{"api_key": "canary", "note": [CANARY, {other}]}]})
    log.info("body", body=f"canary {CANARY}", nested={"messages": [{"content": "canary"}]}, raw=CANARY.encode())
    log.bind(**{CANARY: 1}).info("as a name")
    logging.getLogger("outwait").error("failed with %s at %s", CANARY, f"https://u:{other}@h/")
    logging.getLogger("outwait").error("task failed", exc_info=ValueError(f"{other} {CANARY}"))
    logs.absorb([entry(model=CANARY, client=other, channel="main")])
    assert logs.drain(PATIENCE)
    assert len(lines(stream)) == 6
    assert "canary" not in stream.getvalue().lower()


def test_levels_hold_for_exchange_lines_too(entry: Any) -> None:
    stream = io.StringIO()
    logs = Logs("warning", "json", (), stream)
    logs.absorb([entry()])
    assert logs.drain(PATIENCE)
    assert stream.getvalue() == ""


def test_console(entry: Any) -> None:
    stream = io.StringIO()
    logs = configure("info", "console", stream=stream)
    logs.absorb([entry(), entry()])
    structlog.get_logger().warning("hello", a="b c")
    assert logs.drain(PATIENCE)
    first, second, third = stream.getvalue().splitlines()
    assert first == second
    assert third.endswith(' warning hello a="b c"')


def test_a_log_that_cannot_be_written_loses_lines_and_nothing_else(entry: Any) -> None:
    class Full(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(28, "No space left on device")

    logs = Logs(stream=Full())
    logs.absorb([entry(), entry()])
    closed = io.StringIO()
    closed.close()
    other = Logs(stream=closed)
    other.write({"event": "x"})
    assert logs.drain(PATIENCE)
    assert other.drain(PATIENCE)
    assert (logs.lost, other.lost) == (2, 1)


def test_what_was_lost_is_told_when_it_can_be_written_again() -> None:
    stream = io.StringIO()
    logs = Logs(stream=stream)
    logs.lose(3)
    logs.write({"event": "x"})
    assert logs.drain(PATIENCE)
    lost, x = lines(stream)
    assert (lost["event"], lost["count"], lost["level"]) == ("lines_lost", 3, "warning")
    assert x == {"event": "x"}


def test_configuring_again_replaces_and_releasing_restores(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = io.StringIO(), io.StringIO()
    configure(stream=first)
    configure(stream=second)
    logging.getLogger("outwait").info("x")
    release()
    assert (len(lines(first)), len(lines(second))) == (0, 1)
    logging.getLogger("outwait").info("y")
    assert len(lines(second)) == 1
    configure()
    structlog.get_logger().info("to standard error")
    release()
    assert "to standard error" in capsys.readouterr().err
    assert sys.stderr is not None
