from __future__ import annotations

import pytest

from outwait.testing.piped import HEAD, Notes, Pipe, Piped


def test_the_example_of_the_docstring() -> None:
    with Piped() as line:
        notes = line.begin(b"{}")
        line.receive(b"HTTP/1.1 200 OK\r\nContent-Le", b"ngth: 5\r\n\r\nhello")
        assert notes.told == [("connected", False), "sent", ("head", 200), "end"]
        assert notes.data == b"hello"
        assert line.pipe.written == HEAD + b"{}"


def test_a_pipe_takes_what_it_is_told_to() -> None:
    with Piped(room=10) as line:
        notes = line.begin(b"{}")
        assert line.pipe.get_write_buffer_size() == len(HEAD) + 2 - 10
        line.pipe.take(5)
        assert notes.told[-1] == ("wrote", len(HEAD) - 8)
        line.pipe.take()
        assert notes.told[-1] == "sent"


def test_mistakes_are_loud() -> None:
    pipe, notes = Pipe(), Notes()
    pipe.abort()
    with pytest.raises(AssertionError, match="closed"):
        pipe.write(b"x")
    with pytest.raises(AssertionError, match="every byte"):
        pipe.set_write_buffer_limits(high=65536)
    notes.end()
    with pytest.raises(AssertionError, match="after the end"):
        notes.sent()
