from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from outwait.dialects.openai_responses.score import Score, place_of

MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": []}


def test_events_are_named_and_numbered() -> None:
    score = Score(7)
    assert score.tell("x.y", a=1) == b'event: x.y\ndata: {"type":"x.y","sequence_number":7,"a":1}\n\n'
    assert score.number == 8


@pytest.mark.parametrize(
    "kind, words, around",
    [
        ("output_text", "response.output_text", "response.content_part"),
        ("refusal", "response.refusal", "response.content_part"),
        ("reasoning_text", "response.reasoning_text", "response.content_part"),
        ("summary_text", "response.reasoning_summary_text", "response.reasoning_summary_part"),
    ],
)
def test_a_part_opens_grows_and_closes(strict: Callable[[bytes], Any], kind: str, words: str, around: str) -> None:
    score = Score()
    place = {**place_of(0, MESSAGE), "summary_index" if kind == "summary_text" else "content_index": 0}
    key = "refusal" if kind == "refusal" else "text"
    part: dict[str, Any] = {"type": kind, key: "hi"} | ({"annotations": []} if kind == "output_text" else {})
    stream = score.open_part(place, kind) + score.grow_part(place, kind, "hi", []) + score.close_part(place, part)
    events = strict(stream)
    assert [name for name, _ in events] == [f"{around}.added", f"{words}.delta", f"{words}.done", f"{around}.done"]
    assert events[0][1]["part"][key] == ""
    assert events[2][1][key] == "hi"


def test_an_item_without_an_id_has_an_empty_one() -> None:
    assert place_of(3, {}) == {"item_id": "", "output_index": 3}


def test_a_call_that_has_no_words_yet_is_not_told_any(strict: Callable[[bytes], Any]) -> None:
    item = {
        "id": "ci_1", "type": "code_interpreter_call", "status": "completed", "container_id": "k", "code": None,
        "outputs": None,
    }  # fmt: skip
    kinds = [kind for kind, _ in strict(Score().whole_item(0, item))]
    assert kinds == [
        "response.output_item.added",
        "response.code_interpreter_call.in_progress",
        "response.code_interpreter_call.interpreting",
        "response.code_interpreter_call.completed",
        "response.output_item.done",
    ]


def test_events_that_were_seen_are_counted_and_not_told() -> None:
    whole, rest = Score(), Score(after=0)
    events = [whole.tell("a"), whole.tell("b")]
    assert [rest.tell("a"), rest.tell("b")] == [b"", events[1]]
    assert rest.number == whole.number == 2
