"""What a simulated provider keeps of its responses."""

from __future__ import annotations

from typing import Any

import pytest
from tests.toolkit.simulate.conftest import asked

from outwait.toolkit.simulate.dialect import BadCallError
from outwait.toolkit.simulate.kept import KEPT, Kept, Library, items_of
from outwait.toolkit.simulate.openai_responses import BACKGROUND, OPENAI_RESPONSES
from outwait.toolkit.simulate.script import Fate


def said(body: dict[str, Any], script: str = "echo") -> Any:
    return asked(OPENAI_RESPONSES, script, {"model": "m", **body})


def state(ident: str, **more: Any) -> dict[str, Any]:
    return {"id": ident, "status": "completed", "background": False, "output": [], **more}


def test_the_newest_are_kept() -> None:
    library = Library()
    for number in range(KEPT + 1):
        library.put(Kept(state(f"resp_{number}"), []))
    assert library.find("resp_0") is None
    assert library.find("resp_1") is not None
    library.drop("resp_1")
    library.drop("resp_1")
    assert library.find("resp_1") is None


def test_a_job_is_queued_with_numbered_events_until_its_end() -> None:
    answer = said({"input": "hi", "background": True, "stream": True})
    job = Library().job(answer)
    assert (job.state["status"], job.ended, job.streamed) == ("queued", False, True)
    for part in (BACKGROUND.opening, BACKGROUND.telling):
        for event in part(answer):
            job.add(event)
    assert job.state["status"] == "in_progress"
    for _ in range(2):
        for event in BACKGROUND.closing(answer):
            job.add(event)
    assert (job.state["status"], job.ended) == ("completed", True)
    for number, event in enumerate(job.events):
        assert f'"sequence_number":{number},'.encode() in event
    assert job.events[-1].startswith(b"event: response.completed\n")


def test_a_job_is_severed_once_and_cancelled_for_good() -> None:
    job = Library().job(said({"input": "hi", "background": True}))
    job.sever(Fate.RESET)
    job.add(b"".join(BACKGROUND.opening(said({"input": "hi", "background": True}))))
    job.sever(Fate.CLOSE)
    assert (job.severed, job.severed_at, len(job.events)) == (Fate.RESET, 2, 3)
    job.cancel()
    assert (job.state["status"], job.ended) == ("cancelled", True)
    assert b'"status":"cancelled"' in job.events[-1]


def test_items_have_ids_and_parts() -> None:
    items = items_of(said({"input": [
        {"role": "user", "content": "one"},
        {"type": "message", "id": "msg_mine", "role": "assistant", "content": "two"},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "3"},
    ]}))  # fmt: skip
    assert [item["id"][:4] for item in items] == ["msg_", "msg_", "fc_1", "item"]
    assert items[0]["content"] == [{"type": "input_text", "text": "one"}]
    assert items[1]["id"] == "msg_mine"
    assert items[1]["content"] == [{"type": "output_text", "text": "two", "annotations": []}]
    assert items_of(said({"input": "one"}))[0]["content"] == items[0]["content"]


def test_what_runs_cannot_be_continued_yet() -> None:
    library = Library()
    job = library.job(said({"input": "hi", "background": True}))
    for ident in (job.state["id"], "resp_0"):
        with pytest.raises(BadCallError, match="not found") as caught:
            library.continued({"input": "x", "previous_response_id": ident})
        assert caught.value.code == "previous_response_not_found"
    library.put(Kept(state("resp_2", output=[{"type": "message"}]), [{"id": "msg_1"}]))
    whole = library.continued({"input": "x", "previous_response_id": "resp_2"})
    assert whole["input"] == [{"id": "msg_1"}, {"type": "message"}, {"role": "user", "content": "x"}]
    for body in ({"input": "x"}, {"input": 3, "previous_response_id": "resp_2"}):
        assert library.continued(body) == body
