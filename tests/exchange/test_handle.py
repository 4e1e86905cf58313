from __future__ import annotations

from dataclasses import replace

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from outwait.exchange.handle import Handle, cancellation, narrowed, resumption
from outwait.testing.playbook import plan_of


@given(st.builds(Handle, st.text(), st.text(), st.integers(-1, 1 << 40), st.integers(0, 9)))
def test_a_handle_survives_being_written_down(handle: Handle) -> None:
    assert msgspec.json.decode(msgspec.json.encode(handle), type=Handle) == handle


def test_a_stream_is_read_from_its_beginning_or_behind_an_event() -> None:
    assert resumption("resp_1", -1).suffix == "/resp_1?stream=true"
    assert resumption("resp_1", 0).suffix == "/resp_1?stream=true&starting_after=0"
    assert resumption("resp_1", 17).method == "GET"


def test_an_id_cannot_leave_its_place() -> None:
    assert cancellation("a/../b?c#d e").suffix == "/a%2F..%2Fb%3Fc%23d%20e/cancel"
    assert cancellation("resp_1").method == "POST"


def test_only_the_channel_that_has_the_job_is_left() -> None:
    plan = plan_of("a", "b", "b")
    (left,) = narrowed(plan, Handle("b", "job", key=3), "plain").candidates
    assert left == replace(plan.candidates[1], key=3)
    assert narrowed(plan, Handle("c", "job"), "plain").candidates == ()
    assert narrowed(plan, Handle("b", "job"), "other").candidates == ()
