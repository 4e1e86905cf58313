import errno
import os
from pathlib import Path

import pytest

from outwait.config.errors import ConfigError
from outwait.config.source import MAX_BYTES, find, parse, places, read


def test_values_and_their_lines() -> None:
    document = parse("a: 1\nb:\n  - x\n  - {c: off}\n")
    assert document.tree == {"a": 1, "b": ["x", {"c": False}]}
    assert document.line(("b", 1, "c")) == 4
    assert document.line(("b", 1, "c", "deeper")) == 4
    assert document.line(("nowhere",)) == 1


def test_an_empty_file_is_an_empty_mapping() -> None:
    assert parse("# nothing yet\n").tree == {}


def test_a_key_given_twice_is_a_problem() -> None:
    (problem,) = parse("log: {level: info}\nlog: {level: debug}\n").problems
    assert (problem.path, problem.line) == ("log", 2)


def test_a_merge_may_be_overridden() -> None:
    document = parse("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  x: 3\n")
    assert document.tree["b"] == {"x": 3, "y": 2}
    assert document.problems == []


def test_dates_and_the_like_stay_text() -> None:
    assert parse("model: 2025-06-10\n").tree == {"model": "2025-06-10"}


@pytest.mark.parametrize(
    "text, told",
    [
        ("a: [1", "not valid YAML"),
        ("- a\n", "not a mapping"),
        ("? [a]\n: 1\n", "plain text"),
        ("a: &a [*a]\n", "unfolds without end"),
        ("a: 2026-99-99\n", "not valid YAML"),
        ("a: !!python/object:os.system x\n", "not valid YAML"),
        ("a: \x00\n", "not valid YAML"),
    ],
)
def test_what_is_no_configuration_is_told(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        parse(text)


def test_aliases_cannot_unfold_into_a_flood() -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    with pytest.raises(ConfigError, match="unfolds without end"):
        parse("a0: &a0 [x]\n" + levels)


def test_a_syntax_error_does_not_quote_the_file() -> None:
    with pytest.raises(ConfigError) as caught:
        parse("api_key: canary-secret: x\n")
    assert "canary" not in str(caught.value)


def test_places_in_order(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path / "home")}
    cwd = tmp_path / "cwd"
    home = tmp_path / "home" / ".config" / "outwait"
    for folder in (cwd, home):
        folder.mkdir(parents=True)
    assert [str(place) for place in places(env, cwd)][2] == "/etc/outwait/outwait.yaml"
    assert find(None, env, cwd) is None
    (home / "outwait.yaml").write_text("{}")
    assert find(None, env, cwd) == home / "outwait.yaml"
    (cwd / "outwait.yaml").write_text("{}")
    assert find(None, env, cwd) == cwd / "outwait.yaml"
    (cwd / "other.yaml").write_text("{}")
    assert find(None, env | {"OUTWAIT_CONFIG": "other.yaml"}, cwd) == cwd / "other.yaml"
    assert find("outwait.yaml", env | {"OUTWAIT_CONFIG": "other.yaml"}, cwd) == cwd / "outwait.yaml"


@pytest.mark.parametrize("named, env", [("x.yaml", {}), (None, {"OUTWAIT_CONFIG": "x.yaml"})])
def test_a_named_file_must_exist(named: str | None, env: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"named by .* does not exist"):
        find(named, env, tmp_path)


@pytest.mark.parametrize("by, named, env", [("--config", "d", {}), ("$OUTWAIT_CONFIG", None, {"OUTWAIT_CONFIG": "d"})])
def test_a_directory_is_told_from_what_is_missing(
    by: str, named: str | None, env: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    with pytest.raises(ConfigError) as caught:
        find(named, env, tmp_path)
    (problem,) = caught.value.problems
    assert str(problem) == f"what {by} names is a directory, got {folder}; expected a file"
    (folder / "outwait.yaml").write_text("{}")
    with pytest.raises(ConfigError) as caught:
        find(named, env, tmp_path)
    (problem,) = caught.value.problems
    assert str(problem) == f"what {by} names is a directory, got {folder}; did you mean `{folder}/outwait.yaml`?"


def test_what_is_named_and_no_ordinary_file_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="no ordinary file"):
        find("pipe", {}, tmp_path)
    with pytest.raises(ConfigError, match="does not exist"):
        find("~nobody-of-this-name/outwait.yaml", {}, tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ConfigError, match="does not exist"):
        find("loop", {}, tmp_path)


def test_a_folder_that_may_not_be_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refused)
    with pytest.raises(ConfigError, match="named by --config cannot be read: Permission denied"):
        find("x.yaml", {}, tmp_path)
    assert find(None, {"HOME": str(tmp_path)}, tmp_path) is None


def test_unreadable_files_are_told(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(b"a: \xff")
    with pytest.raises(ConfigError, match="UTF-8"):
        read(file)
    file.write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(ConfigError, match="larger"):
        read(file)
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path)
