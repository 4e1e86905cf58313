"""Which call is a client's retry of the same question."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.request import Call
from outwait.exchange.adopt import fingerprint, is_retry


@pytest.mark.parametrize(
    "count, repeats",
    [
        (None, False),
        ("0", False),
        ("1", True),
        ("12", True),
        ("00", False),
        ("", False),
        ("-1", False),
        ("x", False),
        ("1.0", False),
        ("²", False),
        ("٣", False),
        ("9" * 5000, True),
    ],
)
def test_a_retry_says_so(count: str | None, repeats: bool) -> None:
    assert is_retry({} if count is None else {"x-stainless-retry-count": count}) is repeats


@pytest.mark.parametrize("name, repeats", [("q-1", True), ("", False)])
def test_a_question_with_a_name_is_never_to_be_asked_twice(name: str, repeats: bool) -> None:
    assert is_retry({"idempotency-key": name}) is repeats


def question(body: bytes = b"{}", method: str = "POST", path: str = "/v1/chat/completions") -> Call:
    return Call("openai", "chat.completions", "m", stream=False, body=body, method=method, path=path)


def test_a_fingerprint_is_of_key_method_path_and_body() -> None:
    prints = [
        fingerprint("key", question()),
        fingerprint("other", question()),
        fingerprint("key", question(b"{ }")),
        fingerprint("key", question(method="GET")),
        fingerprint("key", question(path="/v1/responses")),
        fingerprint("key", msgspec.structs.replace(question(), headers={"idempotency-key": "q-1"})),
    ]
    assert len(set(prints)) == len(prints)
    assert {len(made) for made in prints} == {16}
    assert fingerprint("key", question()) == prints[0]


@given(st.text(), st.text(), st.binary(), st.text(), st.text(), st.binary())
def test_parts_do_not_run_into_each_other(
    key: str, path: str, body: bytes, other_key: str, other_path: str, other_body: bytes
) -> None:
    same = (key, path, body) == (other_key, other_path, other_body)
    one = fingerprint(key, question(body, path=path))
    two = fingerprint(other_key, question(other_body, path=other_path))
    assert (one == two) is same


def test_a_part_cannot_pose_as_two() -> None:
    assert fingerprint("a", question(b"", path="bc")) != fingerprint("a", question(b"c", path="b"))
    assert fingerprint("ab", question(method="", path="c")) != fingerprint("a", question(method="b", path="c"))
