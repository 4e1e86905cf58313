from __future__ import annotations

import hashlib

from outwait.config.secret import MASK
from outwait.toolkit.simulate.record import KEPT, Calls, asked


def test_a_call_keeps_a_hash_of_its_body_and_no_secret() -> None:
    headers = {"authorization": "Bearer sk-secret", "x-api-key": "k", "cookie": "c=1", "user-agent": "me"}
    call = Calls().receive("/v1/chat/completions", headers, b"{}", 1.5)
    assert call.body_sha256 == hashlib.sha256(b"{}").hexdigest()
    assert (call.number, call.body_bytes, call.at, call.outcome) == (1, 2, 1.5, "running")
    assert call.headers["user-agent"] == "me"
    assert {call.headers[name] for name in ("authorization", "x-api-key", "cookie")} == {MASK}


def test_only_the_beginning_of_a_question_is_kept() -> None:
    call = Calls().receive("/", {}, b"", 0)
    asked(call, "fast", "why " * 200, stream=True)
    assert (call.model, call.stream, len(call.question)) == ("fast", True, 200)


def test_the_newest_calls_are_kept_and_all_are_counted() -> None:
    calls = Calls()
    for _ in range(KEPT + 5):
        calls.receive("/", {}, b"", 0)
    assert (calls.total, len(calls.kept), calls.kept[0].number) == (KEPT + 5, KEPT, 6)


def test_bodies_are_counted_apart_until_a_reset() -> None:
    calls = Calls()
    assert [calls.times("a"), calls.times("a"), calls.times("b")] == [1, 2, 1]
    calls.receive("/", {}, b"", 0)
    calls.reset()
    assert (calls.times("a"), calls.total, list(calls.kept)) == (1, 0, [])
