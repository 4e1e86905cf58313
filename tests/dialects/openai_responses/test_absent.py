from __future__ import annotations

import json

from outwait.dialects.openai_responses import absent


def test_an_unknown_response() -> None:
    found = absent.unknown("resp_1")
    assert found.status == 404
    assert json.loads(absent.error_json(found)) == {
        "error": {
            "message": "Response with id 'resp_1' not found.",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }
    }


def test_an_unknown_response_that_shall_be_continued() -> None:
    found = absent.unknown_previous("resp_1")
    assert found.status == 400
    assert json.loads(absent.error_json(found)) == {
        "error": {
            "message": "Previous response with id 'resp_1' not found.",
            "type": "invalid_request_error",
            "param": "previous_response_id",
            "code": "previous_response_not_found",
        }
    }


def test_a_response_that_cannot_be_cancelled() -> None:
    found = absent.not_cancellable()
    assert (found.status, found.message) == (400, "Cannot cancel a synchronous response.")


def test_a_deletion() -> None:
    assert absent.deleted("resp_1") == {"id": "resp_1", "object": "response", "deleted": True}
