import json
from typing import Any

from outwait.core.entry import Mark
from outwait.core.fault import Clock, Stage, UpstreamError, fault
from outwait.core.reply import Usage
from outwait.ledger.lines import as_console, as_json, exchange_fields, level_of
from outwait.ledger.redact import Redactor

CLEAN = Redactor(["canary-secret"])


def test_an_ordinary_exchange_is_one_compact_line(entry: Any) -> None:
    line = as_json(exchange_fields(entry(), CLEAN))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line) == {
        "time": "2023-11-14T22:13:21.250Z",
        "level": "info",
        "event": "exchange",
        "exchange": "ow_1",
        "key": "dev",
        "dialect": "openai",
        "endpoint": "chat.completions",
        "model": "gpt-4o",
        "scenario": "chat",
        "stream": True,
        "outcome": "completed",
        "delivered": "whole",
        "status": 200,
        "duration": 1.25,
        "attempts": 1,
        "channel": "main",
        "first_byte": 0.5,
        "first_token": 0.75,
        "silence": 0.5,
        "timeline": ["0.000 accepted chat", "0.500 head 200", "1.250 completed"],
    }


def test_what_happened_besides_is_told(entry: Any) -> None:
    why = fault(
        "first_byte_timeout",
        clock=Clock.FIRST_BYTE,
        span=900.0,
        reason="scenario reasoning",
        stage=Stage.SENT,
        retry_after=3,
        detail="d",
    )
    changed = entry(
        upstream_model="other",
        heartbeats=3,
        retries=("safe",),
        rescued=True,
        adopted=True,
        attached=True,
        replayed=True,
        reattached=True,
        fault=why,
        usage=Usage(1, 2),
        client="ua",
    )
    fields = json.loads(as_json(exchange_fields(changed, CLEAN)))
    assert fields["fault"] == {
        "code": "first_byte_timeout",
        "cause": "first_byte_timeout",
        "side": "upstream",
        "status": 504,
        "clock": "first_byte",
        "span": 900.0,
        "reason": "scenario reasoning",
        "stage": "sent",
        "retry_after": 3,
        "detail": "d",
    }
    assert fields["usage"] == {"input": 1, "output": 2, "cached": 0, "reasoning": 0, "cache_write": 0}
    assert (fields["upstream_model"], fields["heartbeats"], fields["retries"]) == ("other", 3, ["safe"])
    assert all(fields[name] is True for name in ("rescued", "adopted", "attached", "replayed", "reattached"))
    assert fields["client"] == "ua"


def test_a_failure_tells_the_cause_behind_it(entry: Any) -> None:
    busy = UpstreamError(500, "application/json", b'{"error": {"message": "the engine is overloaded"}}')
    fields = exchange_fields(entry(fault=fault("upstream_error", upstream=busy)), CLEAN)
    assert fields["diagnosis"] == {"cause": "overloaded", "side": "upstream", "confidence": "high"}
    assert "diagnosis" not in exchange_fields(entry(), CLEAN)


def test_no_secret_and_no_word_of_the_answer_is_told(entry: Any) -> None:
    upstream = UpstreamError(500, "application/json", b'{"error":"canary-secret: the prompt was hello"}')
    why = fault("upstream_error", "the prompt was hello", upstream=upstream, detail="got canary-secret")
    changed = entry(
        model="canary-secret",
        key="canary-secret",
        client="canary-secret/1",
        fault=why,
        timeline=(Mark(0, "x", "canary-secret"),),
    )
    for render in (as_json, as_console):
        line = render(exchange_fields(changed, CLEAN)).decode()
        assert "canary-secret" not in line
        assert "hello" not in line


def test_what_clients_name_is_cut(entry: Any) -> None:
    assert (
        len(as_json(exchange_fields(entry(model="m" * 9000, upstream_model="m" * 9000, client="c" * 9000), CLEAN)))
        < 1000
    )


def test_a_cut_leaves_no_half_of_a_secret(entry: Any) -> None:
    fields = exchange_fields(entry(client="x" * 115 + "canary-secret"), CLEAN)
    assert fields["client"] == "x" * 115 + "[mask"


def test_levels(entry: Any) -> None:
    assert level_of(entry()) == "info"
    assert level_of(entry(outcome="failed", fault=fault("upstream_reset"))) == "warning"
    assert level_of(entry(outcome="cancelled", fault=fault("client_gave_up"))) == "info"


def test_the_console_is_one_line_that_cannot_move_the_cursor(entry: Any) -> None:
    line = as_console(exchange_fields(entry(model="a\x1b[2Jb\nc", client="two words"), CLEAN)).decode()
    assert line.startswith("22:13:21.250 info    exchange exchange=ow_1 key=dev ")
    assert line.count("\n") == 1
    assert "\x1b" not in line
    assert 'client="two words"' in line
    assert "timeline=[0.000 accepted chat | 0.500 head 200 | 1.250 completed]" in line


def test_a_traceback_follows_on_its_own_lines() -> None:
    line = as_console(
        {"time": "2023-11-14T22:13:21.250Z", "level": "error", "event": "broke", "exception": "one\ntwo", "n": 1}
    )
    assert line == b"22:13:21.250 error   broke n=1\n  one\n  two\n"


def test_what_json_does_not_know_is_told_as_text() -> None:
    assert json.loads(as_json({"a": 1j, "b": float("nan")})) == {"a": "1j", "b": None}
