from __future__ import annotations

import pytest

from outwait.core.plan import Candidate
from outwait.core.reply import Ending, Head
from outwait.core.request import Call
from outwait.dialects.dialect import Reader
from outwait.dialects.table import DIALECTS


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("kind", ["text/event-stream", "application/json", ""])
def test_every_reader_has_the_face_of_a_reader(name: str, stream: bool, kind: str) -> None:
    call = Call(name, "chat.completions", "m", stream, b'{"model":"m"}')
    made: Reader = DIALECTS[name].reader(call, Candidate("c", name, "m"), 200, {"content-type": kind})
    assert isinstance(made.head, Head)
    assert (made.content, made.progress, made.finished) == (False, False, False)
    assert made.fault is None
    assert made.usage is None
    assert made.feed(b"") == b""
    ending = made.end()
    assert isinstance(ending, Ending)
    assert ending.fault is not None
    assert ending.fault.code == "upstream_empty"
