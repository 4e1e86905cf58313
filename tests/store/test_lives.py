from __future__ import annotations

import fcntl
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.descriptors import descriptors

from outwait.store import lives
from outwait.store.errors import StoreError
from outwait.store.lives import Life, dead, door_of, node

OTHER = "0123abcd-00ff00-aabbccddeeff"  # of another node


def files(folder: Path) -> list[str]:
    return names(folder / "lives")


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_a_life_is_dead_when_it_ended_and_not_before(folder: Path) -> None:
    one, other = Life.begin(folder, "00ff00"), Life.begin(folder, "00ff00")
    assert one.boot != other.boot
    assert dead(folder, [one.boot, other.boot]) == frozenset()  # not even by itself
    one.end()
    one.end()
    assert dead(folder, [one.boot, other.boot]) == {one.boot}
    assert files(folder) == [other.boot]
    other.end()
    assert files(folder) == []


def test_a_name_tells_node_and_door(folder: Path) -> None:
    life = Life.begin(folder, "12ab9f")
    assert life.boot.split("-")[:2] == [node(folder), "12ab9f"]
    assert door_of(life.boot) == "12ab9f"
    life.end()
    with pytest.raises(ValueError, match="six hexadecimal digits"):
        Life.begin(folder, "12AB9F")


@given(st.text() | st.just("boot-1"))
def test_what_is_no_life_has_no_door(text: str) -> None:
    assert door_of(text) == (text[9:15] if lives._BOOT.match(text) else "")


def test_other_nodes_lives_and_other_names_are_not_judged(folder: Path) -> None:
    assert dead(folder, [OTHER]) == frozenset()  # there is no node yet
    assert not (folder / "node").exists()
    ours = node(folder)
    gone = f"{ours}-00ff00-aabbccddeeff"
    assert dead(folder, [OTHER, "boot-1", f"../{gone}", f"{ours}-00ff00-..", gone]) == {gone}


CHILD = """
import sys, time
from pathlib import Path
from outwait.store.lives import Life
print(Life.begin(Path(sys.argv[1]), "0000ff").boot, flush=True)
sys.stdin.read()
"""


def test_a_killed_process_is_dead_and_a_stopped_one_is_not(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        boot = child.stdout.readline().strip()
        child.send_signal(signal.SIGSTOP)
        assert dead(folder, [boot]) == frozenset()
        assert files(folder) == [boot]
        child.kill()
        child.wait()
        assert dead(folder, [boot]) == {boot}
        assert files(folder) == []
        assert dead(folder, [boot]) == {boot}  # also when another look removed the file


def test_all_dead_lives_are_tidied_up_and_nothing_else(folder: Path) -> None:
    life = Life.begin(folder, "00ff00")
    ours = node(folder)
    for name in (f"{ours}-00ff00-aabbccddeeff", f".{ours}-00ff00-bbbbccddeeff.new", OTHER, "notes.txt"):
        (folder / "lives" / name).touch()
    dead(folder, [])
    assert files(folder) == sorted([life.boot, "notes.txt"])
    life.end()


def test_looking_holds_nothing(folder: Path) -> None:
    without = descriptors()
    life = Life.begin(folder, "00ff00")
    before = descriptors()
    for _ in range(5):
        dead(folder, [life.boot, OTHER, life.boot[:-1] + "z"])
        Life.begin(folder, "00ff00").end()
    assert descriptors() <= before
    life.end()
    assert len(before - without) == 1
    assert descriptors() <= without


def together(count: int, act: Callable[[], None]) -> None:
    """Run `act` in several threads at once; any error of it is the test's."""
    start, errors = threading.Barrier(count), list[BaseException]()

    def run() -> None:
        start.wait()
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - a thread has nobody else to tell
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_those_who_look_at_once_see_the_same(folder: Path) -> None:
    ours = node(folder)
    gone = {f"{ours}-00ff00-{number:012x}" for number in range(20)}
    for name in gone:
        (folder / "lives").mkdir(exist_ok=True)
        (folder / "lives" / name).touch()
    seen: list[frozenset[str]] = []
    together(4, lambda: seen.append(dead(folder, gone)))
    assert seen == [frozenset(gone)] * 4


def test_a_new_life_is_never_found_dead(folder: Path) -> None:
    boots: list[str] = []

    def live() -> None:
        for _ in range(30):
            life = Life.begin(folder, "00ff00")
            assert dead(folder, [life.boot]) == frozenset()
            boots.append(life.boot)
            life.end()

    together(4, live)
    assert len(set(boots)) == 120
    assert files(folder) == []


def test_a_file_that_was_taken_away_before_it_was_locked_is_made_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, taken = fcntl.flock, list[Path]()

    def flock(lock: int, how: int) -> None:
        if not taken:
            taken.extend((folder / "lives").iterdir())
            taken[0].unlink()
        real(lock, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    before = descriptors()
    life = Life.begin(folder, "00ff00")
    assert dead(folder, [life.boot]) == frozenset()
    assert files(folder) == [life.boot]
    life.end()
    assert descriptors() <= before


def test_a_file_system_without_locks_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(_lock: int, _how: int) -> None:
        raise OSError(95, "Operation not supported")

    ours = node(folder)
    monkeypatch.setattr(fcntl, "flock", flock)
    before = descriptors()
    with pytest.raises(StoreError, match="who is alive: Operation not supported"):
        Life.begin(folder, "00ff00")
    assert (files(folder), descriptors() - before) == ([], set())
    (folder / "lives" / f"{ours}-00ff00-aabbccddeeff").touch()
    assert dead(folder, [f"{ours}-00ff00-aabbccddeeff"]) == frozenset()  # nobody can know


def test_what_cannot_be_opened_is_not_called_dead(folder: Path) -> None:
    ours = node(folder)
    (folder / "lives").mkdir()
    loop = folder / "lives" / f"{ours}-00ff00-aabbccddeeff"
    loop.symlink_to(loop)
    assert dead(folder, [loop.name]) == frozenset()


# -------------------------------------------------------------------------------------------------------------- nodes
def test_a_node_keeps_its_name(folder: Path) -> None:
    name = node(folder)
    assert lives._NODE.match(name)
    assert node(folder) == name
    assert names(folder) == ["node"]


def test_those_who_name_a_node_at_once_agree(folder: Path) -> None:
    seen: list[str] = []
    together(8, lambda: seen.append(node(folder)))
    assert len(set(seen)) == 1
    assert names(folder) == ["node"]


@pytest.mark.parametrize("text", ["", "0123", "0123ABCD", "0123abcd0", "zzzz\xff"])
def test_a_file_that_names_no_node_is_told(folder: Path, text: str) -> None:
    (folder / "node").write_text(text, "latin-1")
    with pytest.raises(StoreError, match="remove it, to get a new one"):
        node(folder)
    with pytest.raises(StoreError, match="remove it, to get a new one"):
        dead(folder, [OTHER])


def test_a_directory_that_is_not_there_is_told(folder: Path) -> None:
    with pytest.raises(StoreError, match="the name of this node, cannot be read or made: No such file"):
        node(folder / "nowhere")
    (folder / "node").mkdir()
    with pytest.raises(StoreError, match="the name of this node, cannot be read: Is a directory"):
        dead(folder, [])
