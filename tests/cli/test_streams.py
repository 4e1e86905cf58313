from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from outwait.cli import streams

OUTWAIT = [sys.executable, "-m", "outwait"]
ENGLISH = {"OUTWAIT_LANG": "en"}


@pytest.fixture(autouse=True)
def given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The streams of this process are put back."""
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, getattr(sys, name))


def wrapped(encoding: str, errors: str = "strict") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding, errors, newline="")


def written(stream: io.TextIOWrapper, text: str) -> bytes:
    stream.write(text)
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue()


@pytest.mark.parametrize(
    "encoding, text, told",
    [
        ("ascii", "“a” – b…", b'"a" - b.'),
        ("ascii", "超时", rb"\u8d85\u65f6"),
        ("latin-1", "é“超", b'\xe9"\\u8d85'),
        ("cp1252", "“超…", b"\x93\\u8d85\x85"),
        ("gbk", "超时", "超时".encode("gbk")),
        ("utf-8", "超\udcff", "超".encode() + rb"\udcff"),
    ],
)
def test_what_an_encoding_has_not_is_spelled(
    encoding: str, text: str, told: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("stdout", "stderr"):
        stream = wrapped(encoding)
        monkeypatch.setattr(sys, name, stream)
        streams.prepare()
        assert written(stream, text) == told


def test_what_takes_the_place_of_a_character_is_as_wide() -> None:
    assert {len(each) for each in streams._PLAIN.values()} == {1}
    assert "".join(streams._PLAIN.values()).isascii()


def test_who_chose_another_way_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", wrapped("ascii", "ignore"))
    streams.prepare()
    assert sys.stdout.errors == "ignore"


def test_bytes_that_cannot_be_read_are_no_matter_of_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    streams.prepare()
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", streams.SPELLED)


def test_a_stream_that_was_closed_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    streams.prepare()
    found = (sys.stdin, sys.stdout, sys.stderr)
    try:
        assert sys.stdin.buffer.read() == b""
        assert not sys.stdin.isatty()
        for stream in (sys.stdout, sys.stderr):
            print("anything: 超", file=stream, flush=True)
    finally:
        for stream in found:
            os.close(stream.fileno())


@pytest.mark.parametrize(
    "encoding, every",
    [("utf-8", True), ("UTF8", True), ("utf-16-le", True), ("ascii", False), ("latin-1", False), ("no such", False)],
)
def test_who_has_every_character(encoding: str, every: bool) -> None:
    class Stream(io.StringIO):
        @property
        def encoding(self) -> str:  # type: ignore[override]  # a plain attribute there
            return encoding

    assert streams.unicode(Stream()) is every
    assert streams.unicode(None)
    assert streams.unicode(io.StringIO())


def run(*words: str, shell: str = "", **environ: str) -> subprocess.CompletedProcess[bytes]:
    """A command; `shell`: redirections."""
    line = ["sh", "-c", f'"$@" {shell}', "sh", *OUTWAIT, *words]
    return subprocess.run(line, capture_output=True, timeout=60, check=False, env={**os.environ, **ENGLISH, **environ})


C = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
ASKED = {
    "quotes": ["diagnose", "Connection reset by peer"],
    "an object": ["timeouts", "o3", "--lang", "zh", "--json"],
    "a line": ["diagnose", "Connection reset by peer", "--each-line", "--lang", "zh"],
    "help": ["check", "--help", "--lang", "zh"],
    "a table": ["timeouts", "o3", "--lang", "zh"],
    "bytes": ["diagnose", "连接被对方重置", "--lang", "zh"],
}


@pytest.mark.slow
@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("environ", [{"PYTHONIOENCODING": "latin-1"}, {"PYTHONIOENCODING": "ascii"}, C], ids=str)
@pytest.mark.parametrize("words", ASKED.values(), ids=ASKED)
def test_no_command_fails_at_a_character(words: list[str], environ: dict[str, str]) -> None:
    done = run(*words, **environ)
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    if "--json" in words or "--each-line" in words:
        assert done.stdout.isascii()
        assert any(letter > "\u4e00" for letter in str(json.loads(done.stdout)))  # it says it in Chinese all the same


@pytest.mark.slow
@pytest.mark.usefixtures("bare")
def test_a_locale_that_cannot_read_its_command_line_changes_no_finding() -> None:
    found = [
        json.loads(run("diagnose", "连接被对方重置", "--lang", "zh", "--json", **environ).stdout) for environ in ({}, C)
    ]
    assert found[0]["cause"] == "connect_reset"
    assert found[0] == found[1]


@pytest.mark.slow
@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    "words, shell, status",
    [
        (["diagnose"], "<&-", 2),
        (["diagnose", "-"], "0>/dev/null", 2),
        (["diagnose", "Connection reset by peer"], "<&- >&- 2>&-", 0),
        (["timeouts", "o3"], ">&-", 0),
        (["explain", "--model", "o3"], "2>&-", 0),
    ],
)
def test_no_command_fails_at_a_closed_stream(words: list[str], shell: str, status: int) -> None:
    done = run(*words, shell=shell)
    assert done.returncode == status
    assert b"Traceback" not in done.stderr
    if status == 2:
        assert b"Invalid value for TEXT" in done.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    "words, status, told",
    [
        (["serve", "--check"], 2, b"data_dir: is below the working directory, which is not there any more"),
        (["serve"], 2, b"data_dir: is below the working directory, which is not there any more"),
        (["explain", "--model", "o3"], 0, b"No channels are configured"),
        (["explain", "--model", "o3", "--config", "x.yaml"], 2, b"does not exist"),
    ],
)
def test_no_command_fails_where_its_directory_is_gone(
    words: list[str], status: int, told: bytes, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = 'cd "$0" && rmdir "$0" && exec "$@"'
    key = {"OPENAI_API_KEY": "sk-x"} if words[0] == "serve" else {}
    done = subprocess.run(
        ["sh", "-c", script, str(gone), *OUTWAIT, *words],
        capture_output=True, timeout=60, check=False, env={**os.environ, **ENGLISH, **key},
    )  # fmt: skip
    assert done.returncode == status
    assert told in done.stderr
    assert b"Traceback" not in done.stderr
