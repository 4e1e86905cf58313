from __future__ import annotations

import pytest

from outwait.core.reply import Head
from outwait.core.request import Call
from outwait.dialects.openai_chat.watch import Watch, chunk_of


def watch(body: bytes = b"{}") -> Watch:
    return Watch(Call("openai", "chat.completions", "m", True, body), Head(200, "x"))


@pytest.mark.parametrize(
    "payload, choices",
    [
        (b'{"choices":[{"index":0}]}', 1),
        (b'{"choices":[{"index":0},"x"]}', 1),
        (b'{"choices":{"a":1}}', 0),
        (b'{"choices":[{"delta":{"content":"\\ud800"}}]}', 1),
        (b"{}", 0),
    ],
)
def test_a_chunk_is_read_as_far_as_it_is_one(payload: bytes, choices: int) -> None:
    chunk = chunk_of(payload)
    assert chunk is not None
    assert len(chunk.choices or ()) == choices


@pytest.mark.parametrize("payload", [b"", b"[]", b"7", b"{", b"[" * 9999, b'{"x":' * 9999])
def test_what_is_no_object_is_no_chunk(payload: bytes) -> None:
    assert chunk_of(payload) is None


def test_odd_members_do_no_harm() -> None:
    seen = watch()
    assert seen._judge(b'{"choices":[{"index":"x","delta":"text","finish_reason":{"a":1}}],"usage":[1]}')
    assert seen.usage is None
    assert seen.content
    assert seen._verdict() is None


def test_a_message_in_the_place_of_a_delta_counts() -> None:
    seen = watch()
    seen._judge(b'{"choices":[{"index":0,"message":{"content":"x"}}]}')
    assert seen.content


def test_the_number_of_choices_is_read_from_the_request() -> None:
    ended = b'{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}'
    for body, whole in [(b'{"n":1}', True), (b'{"n":2}', False), (b'{"n":"x"}', True), (b"broken", True)]:
        seen = watch(body)
        seen._judge(ended)
        assert (seen._verdict() is None) is whole


def test_azures_first_chunk_is_progress_once() -> None:
    seen = watch()
    first = b'{"choices":[],"prompt_filter_results":[{"prompt_index":0}]}'
    assert seen._judge(first)
    assert seen.progress
    seen.progress = False
    assert seen._judge(first)
    assert not seen.progress
