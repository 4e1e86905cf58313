from __future__ import annotations

from outwait.toolkit.simulate.dialect import BadCallError
from outwait.toolkit.simulate.openai_chat import OPENAI_CHAT


def test_a_bad_call_names_its_field() -> None:
    error = BadCallError("'n' must be an integer.", "n")
    assert (str(error), error.param) == ("'n' must be an integer.", "n")
    assert BadCallError("no JSON").param is None


def test_a_ping_is_a_comment_that_ends_its_event() -> None:
    assert OPENAI_CHAT.ping.startswith(b":")
    assert OPENAI_CHAT.ping.endswith(b"\n\n")
