from __future__ import annotations

import json

from outwait.toolkit.simulate.openai_errors import error, error_event, told


def test_body_and_event_say_the_same() -> None:
    expected = told(429, None, "no", None)
    assert json.loads(error(429, None, "no")) == expected
    assert json.loads(error_event(429, None, "no").removeprefix(b"data: ")) == expected


def test_a_code_may_have_a_type_of_its_own() -> None:
    assert told(400, "context_length_exceeded", "no", "messages") == {
        "error": {
            "message": "no",
            "type": "invalid_request_error",
            "param": "messages",
            "code": "context_length_exceeded",
        }
    }
