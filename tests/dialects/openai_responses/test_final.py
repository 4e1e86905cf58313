from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.dialects.openai_responses.final import final
from outwait.dialects.openai_responses.fold import replay

MESSAGE = {"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": "a\n\nb", "annotations": []}]}
RESPONSE: dict[str, Any] = {"id": "resp_1", "status": "completed", "output": [MESSAGE]}
STREAM = replay(RESPONSE)


@pytest.mark.parametrize("status", ["completed", "incomplete", "failed", "cancelled"])
def test_a_stream_ends_with_the_response(status: str) -> None:
    response = RESPONSE | {"status": status}
    assert final(replay(response), stream=True) == response


@pytest.mark.parametrize("more", [b": ping\n\n", b"\n", b"data: [DONE]\n\n", b": ping\n\n" * 14, b'data: {"a":1}\n\n'])
def test_pings_behind_the_end_do_not_matter(more: bytes) -> None:
    assert final(STREAM + more, stream=True) == RESPONSE


@pytest.mark.parametrize("newline", [b"\r\n", b"\r"])
def test_other_line_ends(newline: bytes) -> None:
    assert final(STREAM.replace(b"\n", newline), stream=True) == RESPONSE


def test_the_blank_line_may_be_missing() -> None:
    assert final(STREAM.rstrip(), stream=True) == RESPONSE


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n\n",
        replay(RESPONSE | {"status": "in_progress"}),
        STREAM[: STREAM.rindex(b"event: ")],
        STREAM[:-9],
        STREAM + b": ping\n\n" * 99,
        b'data: {"type":"response.completed"}\n\n',
        b"data: 7\n\n",
        b'data: {"type":[]}\n\n',
    ],
)
def test_a_stream_without_an_end(body: bytes) -> None:
    assert final(body, stream=True) is None


def test_json() -> None:
    assert final(json.dumps(RESPONSE).encode(), stream=False) == RESPONSE
    assert final(b" \n" + json.dumps(RESPONSE).encode(), stream=False) == RESPONSE


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"error":{}}', b'{"output":7}', b"[" * 999])
def test_json_that_is_no_response(body: bytes) -> None:
    assert final(body, stream=False) is None


def test_a_long_stream_is_not_read_from_its_beginning() -> None:
    words = b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"xxxxxxxxxxx"}\n\n'
    long = words * 400_000  # 40 MB
    before = time.perf_counter()
    assert final(long + STREAM, stream=True) == RESPONSE
    assert time.perf_counter() - before < 0.5


@given(st.binary(max_size=80), st.booleans())
def test_any_bytes(body: bytes, stream: bool) -> None:
    told = final(body, stream=stream)
    assert told is None or isinstance(told, dict)
