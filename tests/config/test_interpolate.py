from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.config.interpolate import MISSING, Interpolation
from outwait.config.source import Document


def put(text: object, env: dict[str, str]) -> tuple[object, list[str]]:
    document = Document(tree={"a": {"b": [text]}}, lines={("a", "b", 0): 7})
    tree = Interpolation(document, env).tree()
    return tree["a"]["b"][0], [str(problem) for problem in document.problems]  # type: ignore[index]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("${A}", "one"),
        ("x${A}y${A}z", "xoneyonez"),
        ("${B:-two}", "two"),
        ("${EMPTY:-two}", "two"),
        ("${EMPTY}", ""),
        ("${B:-}", ""),
        ("${A:-two}", "one"),
        ("${B:-http://x:-1}", "http://x:-1"),
        ("$$", "$"),
        ("$${A}", "${A}"),
        ("$$$${A}$${A}", "$${A}${A}"),
        ("a$b $", "a$b $"),
        ("${DOLLAR}", "$${A}"),
        (5, 5),
    ],
)
def test_references(text: object, expected: object) -> None:
    assert put(text, {"A": "one", "EMPTY": "", "DOLLAR": "$${A}"}) == (expected, [])


@pytest.mark.parametrize(
    "text, told",
    [
        ("${OPENAI_KY}", "environment variable OPENAI_KY, which is not set"),
        ("${a b}", "refers to `${a b}`"),
        ("${}", "refers to"),
        ("${A:-${B}}", "without a plain name"),
        ("${A", "without a plain name"),
        ("${file:/nowhere/at/all}", "No such file"),
        ("${file:\x00}", "is not UTF-8"),
    ],
)
def test_what_cannot_be_put_in_is_told_with_its_place(text: str, told: str) -> None:
    value, (problem,) = put(text, {"OPENAI_KEY": "hidden"})
    assert value == MISSING
    assert problem.startswith("line 7: a.b[0]: ")
    assert told in problem
    assert "hidden" not in problem


def test_a_missing_variable_names_the_nearest() -> None:
    _, (problem,) = put("${OPENAI_KY}", {"OPENAI_KEY": "hidden"})
    assert problem.endswith("did you mean `OPENAI_KEY`?")


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("two words\r\n\n")
    assert put(f"<${{file:{file}}}>", {}) == ("<two words>", [])
    file.write_bytes(b"\xff")
    assert "not UTF-8" in put(f"${{file:{file}}}", {})[1][0]
    file.write_bytes(b"x" * 70_000)
    assert "too large" in put(f"${{file:{file}}}", {})[1][0]


def test_literal_paths_are_left_alone() -> None:
    document = Document(tree={"a": "${A}", "b": "${A}"})
    assert Interpolation(document, {"A": "x"}).tree(frozenset({("a",)})) == {"a": "${A}", "b": "x"}


@given(st.text())
def test_any_text_can_be_written_with_doubled_dollars(text: str) -> None:
    assert put(text.replace("$", "$$"), {}) == (text, [])


@given(st.text())
def test_any_value_comes_through_whole(value: str) -> None:
    assert put("${A}", {"A": value}) == (value, [])
