"""Which call is a client's retry of the same question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import Refusal
from outwait.core.request import Call
from outwait.exchange.adopt import NAME_MAX, fingerprint, is_retry, name_of, named, same_request


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


@pytest.mark.parametrize("name", ["q-1", "a", "two words", "~" * NAME_MAX, '"quoted"'])
def test_a_question_may_have_a_name(name: str) -> None:
    assert name_of({"idempotency-key": name}) == name


@pytest.mark.parametrize("headers", [{}, {"idempotency-key": ""}])
def test_an_empty_name_is_none(headers: dict[str, str]) -> None:
    assert name_of(headers) == ""


@pytest.mark.parametrize("name", ["x" * 256, "caf\xe9", "a\tb", "\x7f"])
def test_a_name_is_short_and_printable(name: str) -> None:
    with pytest.raises(Refusal, match="at most 255 characters") as caught:
        name_of({"idempotency-key": name})
    assert (caught.value.fault.code, caught.value.fault.param) == ("invalid_value", "Idempotency-Key")


def test_a_name_means_nothing_to_other_keys_and_says_nothing_about_the_question() -> None:
    first = named("key", "q-1", question())
    assert first == named("key", "q-1", question())
    assert first.question == fingerprint("key", question())
    other = named("key", "q-1", question(b"{ }"))
    assert other.name == first.name
    assert other.question != first.question
    assert len({made.name for made in (first, named("key", "q-2", question()), named("ke", "yq-1", question()))}) == 3


def question(body: bytes = b"{}", method: str = "POST", path: str = "/v1/chat/completions") -> Call:
    return Call("openai", "chat.completions", "m", stream=False, body=body, method=method, path=path)


def test_a_fingerprint_is_of_key_method_path_and_body() -> None:
    prints = [
        fingerprint("key", question()),
        fingerprint("other", question()),
        fingerprint("key", question(b"{ }")),
        fingerprint("key", question(method="GET")),
        fingerprint("key", question(path="/v1/responses")),
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


def said(**headers: str) -> Call:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Call("openai", "chat.completions", "m", stream=False, body=b"{}", headers=told)


def test_the_same_request_says_the_same_of_its_question_in_headers() -> None:
    one = same_request("key", said(user_agent="ai/5", x_outwait_timeout_total="9s", anthropic_beta="x"))
    other = {"traceparent": "00-1", "x_stainless_retry_count": "0", "x_outwait_orphan": "ow_1", "date": "now"}
    told = {"anthropic_beta": "x", "x_outwait_timeout_total": "9s", "user_agent": "ai/5"}
    assert same_request("key", said(**told, **other)) == one
    for changed in (
        {"user_agent": "ai/6"},
        {"x_outwait_timeout_total": "90s"},
        {"anthropic_beta": "y"},
        {"openai_project": "p"},
        {"x_outwait_on_disconnect": "cancel"},
    ):
        assert same_request("key", said(**told | changed)) != one
    assert same_request("other", said(**told)) != one
    assert same_request("key", said()) != same_request("key", question(b"{ }"))
