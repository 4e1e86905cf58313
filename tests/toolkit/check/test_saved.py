from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pages import plain, table
from tests.toolkit.check.rows import about, bad, good, header

from outwait.toolkit.check import saved
from outwait.toolkit.check.probe import Probe


def text(*probes: Probe, started: str = "2026-11-01T10:00:00Z") -> str:
    file = io.BytesIO()
    log = saved.Log(file, header(about("a"), about("b"), started=started))
    for probe in probes:
        log.add(probe)
    return file.getvalue().decode()


def test_a_disk_that_takes_a_line_in_pieces_gets_all_of_it() -> None:
    class Narrow(io.BytesIO):
        def write(self, data: bytes, /) -> int:  # type: ignore[override]  # what is written here is bytes
            return super().write(data[:7])

    file = Narrow()
    saved.Log(file, header(about("a"))).add(good("a"))
    (run,) = saved.parse(file.getvalue().decode())
    assert run.probes == (good("a"),)


def test_a_run_comes_back_as_it_was() -> None:
    (run,) = saved.parse(text(good("a"), bad("b", retry_after=2.5), good("a", 0.7)))
    assert run.header == header(about("a"), about("b"))
    assert run.of("a") == (good("a"), good("a", 0.7))
    assert run.of("b") == (bad("b", retry_after=2.5),)


def test_each_line_is_an_object_with_every_field() -> None:
    first, second = map(json.loads, text(good("a")).splitlines())
    assert (first["type"], first["version"], [each["name"] for each in first["endpoints"]]) == ("run", 1, ["a", "b"])
    assert second["type"] == "probe"
    assert set(second) == {*Probe.__struct_fields__, "type"}


def test_the_last_run_of_a_file_counts(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    path.write_text(text(good("a")) + "\n" + text(bad("b"), started="2026-11-02T10:00:00Z"))
    assert [run.header.started[:10] for run in saved.read_all(path)] == ["2026-11-01", "2026-11-02"]
    assert saved.read(path).probes == (bad("b"),)


def test_what_a_later_version_adds_is_skipped() -> None:
    lines = text(good("a")).splitlines()
    probe = json.dumps({**json.loads(lines[1]), "color": "blue"})
    (run,) = saved.parse("\n".join([lines[0], '{"type": "weather", "rain": true}', probe]))
    assert run.probes == (good("a"),)


def test_a_run_that_was_cut_off_is_read_as_far_as_it_came() -> None:
    whole = text(good("a"), good("b"))
    (run,) = saved.parse(whole[:-20])
    assert run.probes == (good("a"),)
    first, second = saved.parse(whole[:-20] + "\n" + text(bad("a")))
    assert (first.probes, second.probes) == ((good("a"),), (bad("a"),))


@pytest.mark.parametrize(
    "wrong, says",
    [
        ("", "holds no run"),
        ("hello\n", "line 1"),
        ("[1, 2]\n", "line 1"),
        ('{"type": "run", "version": 2}\n', "version 2"),
        ('{"type": "run", "version": 1}\n', "line 1"),
        ('{"type": "probe", "endpoint": "a"}\n', "before any run"),
        (text(good("a")) + "garbage\n" + text(good("a")).splitlines()[1], "line 3"),
        (text().rstrip() + "\n" + '{"type": "probe", "endpoint": 5}\n{"type": "other"}\n', "line 2"),
    ],
)
def test_what_is_no_run_is_named_with_its_line(wrong: str, says: str) -> None:
    with pytest.raises(saved.Unreadable, match=says):
        saved.parse(wrong, "runs.jsonl")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(saved.Unreadable, match=r"nothing\.jsonl cannot be read: No such file"):
        saved.read(tmp_path / "nothing.jsonl")
    (tmp_path / "picture").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(saved.Unreadable, match="no text in UTF-8"):
        saved.read(tmp_path / "picture")


_seconds = st.none() | st.floats(0, 1e6).map(lambda value: round(value, 6))


@given(
    st.lists(
        st.builds(
            Probe,
            endpoint=st.text(max_size=20),
            outcome=st.sampled_from(["ok", "timeout", "error"]),
            ttft=_seconds,
            first_byte=_seconds,
            tokens=st.none() | st.integers(0, 10**6),
            detail=st.none() | st.text(max_size=40),
        ),
        max_size=5,
    )
)
def test_any_rows_come_back(probes: list[Probe]) -> None:
    (run,) = saved.parse(text(*probes))
    assert list(run.probes) == probes


@given(st.text(max_size=300))
def test_any_text_is_a_run_or_unreadable(anything: str) -> None:
    try:
        assert saved.parse(anything)
    except saved.Unreadable:
        pass


def test_the_page_describes_every_field() -> None:
    def fields(head: str) -> list[str]:
        return [plain(row[head]) for row in table("check.md", head, "what it is")]

    assert sorted(fields("field of `run`")) == sorted(saved.Header.__struct_fields__)
    assert fields("field of `probe`") == list(Probe.__struct_fields__)
