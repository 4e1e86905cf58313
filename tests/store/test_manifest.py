"""Who was on board is known however a process ended, to one heir, and nobody else is taken for one."""

from __future__ import annotations

import errno
import mmap
import os
import random
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Collection
from functools import partial
from itertools import islice
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.descriptors import descriptors
from tests.store import boarder, postgres

from outwait.store import lives, manifest
from outwait.store.errors import StoreError
from outwait.store.manifest import FOLDER, LINE, LINES, Aboard, Left, Manifest, take

KILLS = 30


def entry(ident: str, *, key: str = "dev", model: str = "gpt-5", **more: str) -> Aboard:
    given = {"dialect": "openai_responses", "endpoint": "responses", **more}
    return Aboard(ident, key, given["dialect"], given["endpoint"], model, True, 1_800_000_000.25)


def are_over(*boots: str) -> Callable[[Collection[str]], frozenset[str]]:
    return lambda asked: frozenset(boots) & frozenset(asked)


def on_board(folder: Path, boot: str) -> list[Aboard]:
    """What an heir would read now."""
    return list(Left(folder / FOLDER / boot).entries())


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in (folder / FOLDER).iterdir())


def fails(number: int) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


# ------------------------------------------------------------------------------------------------------------- writing
def test_who_is_on_board_is_in_the_file_and_who_left_is_not(folder: Path) -> None:
    mine = Manifest(folder, "boot")
    one, two = entry("ow_1"), entry("ow_2", key="other", model="claude")
    mine.board(one)
    mine.board(two)
    assert (on_board(folder, "boot"), len(mine)) == ([one, two], 2)
    mine.leave("ow_1")
    mine.leave("ow_1")
    mine.leave("ow_unknown")
    assert (on_board(folder, "boot"), len(mine)) == ([two], 1)
    mine.close()


def test_the_file_and_its_folder_are_ours_alone_and_its_room_is_really_there(folder: Path) -> None:
    mine = Manifest(folder, "boot")
    told = (folder / FOLDER / "boot").stat()
    assert (told.st_mode & 0o777, (folder / FOLDER).stat().st_mode & 0o777) == (0o600, 0o700)
    assert told.st_size == LINES * LINE
    assert told.st_blocks * 512 >= told.st_size  # or a full disk would end the process by a signal
    mine.close()


def test_a_free_line_is_used_again(folder: Path) -> None:
    mine = Manifest(folder, "boot")
    for number in range(5 * LINES):
        mine.board(entry(f"ow_{number}"))
        mine.leave(f"ow_{number}")
    assert (folder / FOLDER / "boot").stat().st_size == LINES * LINE
    assert on_board(folder, "boot") == []
    mine.close()


def test_more_than_there_are_lines_make_it_grow_and_nobody_is_forgotten(folder: Path) -> None:
    mine, before = Manifest(folder, "boot"), descriptors()
    everybody = [entry(f"ow_{number}") for number in range(2 * LINES + 5)]
    for each in everybody:
        mine.board(each)
    assert (folder / FOLDER / "boot").stat().st_size == 4 * LINES * LINE
    assert sorted(each.id for each in on_board(folder, "boot")) == sorted(each.id for each in everybody)
    for each in everybody[1:]:
        mine.leave(each.id)
    assert on_board(folder, "boot") == everybody[:1]
    assert descriptors() <= before  # the old map went
    mine.close()


@pytest.mark.parametrize("model", ["m" * 1000, "模" * 300, "a" + "é" * 300, "\x01" * 500, '"\\' * 300])
def test_a_long_model_s_name_is_cut_and_the_key_is_not(folder: Path, model: str) -> None:
    mine = Manifest(folder, "boot")
    asked = entry("ow_0123456789abcdef012345", key="k" * 64, model=model)
    mine.board(asked)
    (found,) = on_board(folder, "boot")
    assert msgspec.structs.replace(found, model="") == msgspec.structs.replace(asked, model="")
    assert model.startswith(found.model)
    assert len(found.model.encode()) > 50 or not model.isprintable() or '"' in model
    mine.close()


def test_the_longest_that_fits_is_whole(folder: Path) -> None:
    mine = Manifest(folder, "boot")
    bare = len(msgspec.json.encode(entry("ow_1", model="")))
    fits = entry("ow_1", model="m" * (LINE - 2 - bare))
    mine.board(fits)
    mine.board(msgspec.structs.replace(fits, id="ow_2", model=fits.model + "m"))
    assert [len(each.model) for each in on_board(folder, "boot")] == [len(fits.model)] * 2
    mine.close()


def test_who_is_too_long_without_a_model_goes_without_a_line(folder: Path) -> None:
    mine = Manifest(folder, "boot")
    mine.board(entry("ow_1", key="k" * 300))
    mine.board(entry("ow_2"))
    assert [each.id for each in on_board(folder, "boot")] == ["ow_2"]
    mine.leave("ow_1")
    mine.close()


def test_what_ends_in_good_order_leaves_nothing_and_takes_nothing(folder: Path) -> None:
    mine = Manifest(folder, "boot")
    mine.board(entry("ow_1"))
    mine.close()
    mine.close()
    mine.board(entry("ow_2"))
    mine.leave("ow_1")
    assert (files(folder), len(mine)) == ([], 0)


IDS = st.sampled_from([f"ow_{number}" for number in range(8)])
KEYS = st.text(alphabet="abcXYZ019._-", min_size=1, max_size=64)
STEPS = st.lists(st.tuples(IDS, KEYS, st.text(max_size=80)) | IDS, max_size=60)


@given(STEPS)
def test_whatever_comes_and_goes_the_file_says_who_is_there(steps: list[tuple[str, str, str] | str]) -> None:
    made = tempfile.TemporaryDirectory(prefix="ow-store-", dir=postgres.memory())
    with pytest.MonkeyPatch.context() as patch, made as name:
        folder = Path(name)
        patch.setattr(manifest, "LINES", 4)  # it grows early
        mine, model = Manifest(folder, "boot"), dict[str, tuple[str, str]]()
        for step in steps:
            if isinstance(step, str):
                mine.leave(step)
                model.pop(step, None)
            elif step[0] not in model:  # an exchange begins once
                mine.board(entry(step[0], key=step[1], model=step[2]))
                model[step[0]] = step[1:]
            assert len(mine) == len(model)
        found = {each.id: each for each in on_board(folder, "boot")}
        assert {ident: each.key for ident, each in found.items()} == {ident: key for ident, (key, _) in model.items()}
        assert all(model[ident][1].startswith(each.model) for ident, each in found.items())
        mine.close()


# ------------------------------------------------------------------------------------------------------- a full disk
def test_where_there_is_no_room_it_is_told_and_nothing_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "posix_fallocate", fails(errno.ENOSPC))
    before = descriptors()
    with pytest.raises(StoreError, match="boot cannot be made: No space left on device"):
        Manifest(folder, "boot")
    assert (files(folder), descriptors() - before) == ([], set())


@pytest.mark.parametrize("what", [(os, "posix_fallocate"), (mmap, "mmap")])
def test_where_it_cannot_grow_it_goes_without_a_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, what: tuple[object, str]
) -> None:
    mine = Manifest(folder, "boot")
    for number in range(LINES):
        mine.board(entry(f"ow_{number}"))
    before = descriptors()
    with monkeypatch.context() as patch:
        patch.setattr(*what, fails(errno.ENOSPC))
        mine.board(entry("ow_without"))
        mine.leave("ow_without")
    assert (len(mine), len(on_board(folder, "boot")), descriptors() - before) == (LINES, LINES, set())
    mine.board(entry("ow_later"))  # there is room again
    assert "ow_later" in {each.id for each in on_board(folder, "boot")}
    mine.close()


def test_a_name_that_is_taken_is_told_and_what_has_it_stays(folder: Path) -> None:
    mine = Manifest(folder, "boot")
    mine.board(entry("ow_1"))
    with pytest.raises(StoreError, match="boot cannot be made: File exists"):
        Manifest(folder, "boot")
    assert on_board(folder, "boot") == [entry("ow_1")]
    mine.close()


def test_a_folder_that_cannot_be_made_is_told(folder: Path) -> None:
    (folder / FOLDER).touch()
    with pytest.raises(StoreError, match="boot cannot be made: File exists"):
        Manifest(folder, "boot")
    with pytest.raises(StoreError, match="manifests cannot be read: Not a directory"):
        take(folder, "heir", are_over("boot"))


# --------------------------------------------------------------------------------------------------------------- kills
def test_a_killed_process_leaves_whole_entries_of_those_on_board(folder: Path) -> None:
    """The step at which it was killed is made, or not; nothing else is different."""
    chance = random.Random(7)
    for seed in range(KILLS):
        boot, counter = f"boot-{seed}", folder / "counter"
        counter.write_bytes(bytes(boarder.AT.size))
        command = [sys.executable, "-m", "tests.store.boarder", str(folder), boot, str(seed), str(counter)]
        with subprocess.Popen(command) as child, counter.open("r+b") as file, mmap.mmap(file.fileno(), 0) as at:
            moment = chance.randrange(1, 4000)
            while boarder.AT.unpack_from(at)[0] < moment:
                assert child.poll() is None
            child.kill()
            child.wait()
            (last,) = boarder.AT.unpack_from(at)
        found = sorted(on_board(folder, boot), key=lambda each: each.created)
        assert [each.id for each in found] in (standing(seed, last), standing(seed, last + 1))
        assert all(each.model.strip("m") == "" and each.key == "dev" for each in found)


def standing(seed: int, count: int) -> list[str]:
    """Who is on board after so many steps."""
    aboard = dict[str, None]()
    for what, each in islice(boarder.steps(seed), count):
        if what == "board":
            aboard[each.id] = None
        else:
            del aboard[each.id]
    return list(aboard)


# --------------------------------------------------------------------------------------------------------------- heirs
def test_where_nobody_was_there_is_nothing_to_take(folder: Path) -> None:
    assert take(folder, "heir", are_over("boot")) == []


def test_the_dead_one_s_manifest_is_the_heir_s_until_it_is_done_with(folder: Path) -> None:
    Manifest(folder, "dead").board(entry("ow_1"))
    alive, mine = Manifest(folder, "alive"), Manifest(folder, "heir")
    alive.board(entry("ow_2"))
    mine.board(entry("ow_3"))
    (left,) = take(folder, "heir", are_over("dead"))
    assert list(left.entries()) == [entry("ow_1")]
    assert files(folder) == ["alive", "dead~heir", "heir"]
    (again,) = take(folder, "heir", are_over("dead"))  # what it did with the first was not done
    assert list(again.entries()) == [entry("ow_1")]
    left.done()
    left.done()
    assert (list(again.entries()), files(folder)) == ([], ["alive", "heir"])
    assert take(folder, "heir", are_over("dead")) == []


def test_an_heir_that_dies_before_it_is_done_has_an_heir(folder: Path) -> None:
    Manifest(folder, "dead").board(entry("ow_1"))
    assert len(take(folder, "first", are_over("dead"))) == 1
    assert take(folder, "second", are_over("dead")) == []
    (left,) = take(folder, "second", are_over("dead", "first"))
    assert files(folder) == ["dead~second"]
    assert list(left.entries()) == [entry("ow_1")]
    (left,) = take(folder, "third", are_over("dead", "first", "second"))
    assert (files(folder), list(left.entries())) == (["dead~third"], [entry("ow_1")])


def test_who_looks_never_asks_whether_it_is_dead_itself(folder: Path) -> None:
    asked = set[str]()

    def dead(boots: Collection[str]) -> frozenset[str]:
        asked.update(boots)
        return frozenset(boots)

    mine = Manifest(folder, "heir")
    for boot in ("a", "b"):
        Manifest(folder, boot)
    assert len(take(folder, "heir", dead)) == 2
    assert len(take(folder, "heir", dead)) == 2
    assert (asked, files(folder)) == ({"a", "b"}, ["a~heir", "b~heir", "heir"])
    mine.close()


def test_of_several_heirs_each_manifest_falls_to_one(folder: Path) -> None:
    boots = [f"dead-{number}" for number in range(60)]
    for boot in boots:
        Manifest(folder, boot).board(entry(f"ow_{boot}"))
    heirs, start, taken = 6, threading.Barrier(6), list[Left]()

    def inherit(number: int) -> None:
        start.wait()
        taken.extend(take(folder, f"heir-{number}", are_over(*boots)))

    threads = [threading.Thread(target=inherit, args=(number,)) for number in range(heirs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [each.id for left in taken for each in left.entries()]
    assert sorted(found) == sorted(f"ow_{boot}" for boot in boots)
    assert len(files(folder)) == len(boots)


def test_real_lives_are_told_from_the_dead(folder: Path) -> None:
    mine, other = lives.Life.begin(folder, "00ff00"), lives.Life.begin(folder, "00ff01")
    Manifest(folder, other.boot).board(entry("ow_1"))
    dead = partial(lives.dead, folder)
    assert take(folder, mine.boot, dead) == []
    other.end()
    (left,) = take(folder, mine.boot, dead)
    assert list(left.entries()) == [entry("ow_1")]
    mine.end()


def test_what_cannot_be_taken_or_read_waits_for_the_next_look(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Manifest(folder, "dead").board(entry("ow_1"))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", fails(errno.EACCES))
        assert take(folder, "heir", are_over("dead")) == []
    (left,) = take(folder, "heir", are_over("dead"))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", fails(errno.EIO))
        with pytest.raises(StoreError, match="dead~heir cannot be read: Input/output error"):
            list(left.entries())
        patch.setattr(Path, "unlink", fails(errno.EACCES))
        left.done()
    assert list(left.entries()) == [entry("ow_1")]


@given(st.binary(max_size=3 * LINE), st.integers(0, 255))
def test_whatever_is_in_a_manifest_it_is_read_without_harm(data: bytes, length: int) -> None:
    """A power cut may leave anything."""
    good = msgspec.json.encode(entry("ow_1"))
    line = bytes([1, len(good)]) + good
    with tempfile.TemporaryDirectory(prefix="ow-store-", dir=postgres.memory()) as name:
        file = Path(name) / "left"
        file.write_bytes(line.ljust(LINE, b"\0") + bytes([1, length]) + data)
        found = list(Left(file).entries())
    assert found[0] == entry("ow_1")
    assert len(found) == 1


@pytest.mark.parametrize("torn", [b'["\xff\xfe","a"]', b'["ow_2","a"]', b"[1,2,3,4,5,6,7]", b'["ow_2'])
def test_a_torn_line_is_nobody(folder: Path, torn: bytes) -> None:
    mine = Manifest(folder, "boot")
    mine.board(entry("ow_1"))
    mine.board(entry("ow_2"))
    mine.board(entry("ow_3"))
    with (folder / FOLDER / "boot").open("r+b") as file:
        file.seek(LINE)
        file.write(bytes([1, len(torn)]) + torn)
    assert [each.id for each in on_board(folder, "boot")] == ["ow_1", "ow_3"]
    mine.close()
