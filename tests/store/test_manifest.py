"""Who was on board is known however a process ended, to one heir, and nobody else is taken for one."""

from __future__ import annotations

import errno
import mmap
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.store import lives, manifest
from outwait.store.errors import StoreError
from outwait.store.manifest import FOLDER, LINE, LINES, Aboard, Left, Manifest, take

KILLS = 30


def entry(ident: str, *, key: str = "dev", model: str = "gpt-5", **more: str) -> Aboard:
    given = {"dialect": "openai_responses", "endpoint": "responses", **more}
    return Aboard(ident, key, given["dialect"], given["endpoint"], model, True, 1_800_000_000.25)  # noqa: FBT003 - a row


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


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


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
    assert descriptors() == before  # the old map went
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
    with pytest.MonkeyPatch.context() as patch, _folder() as folder:
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


class _folder:
    """An empty folder for one example."""

    def __enter__(self) -> Path:
        import tempfile

        self._made = tempfile.TemporaryDirectory(prefix="ow-manifest-", dir="/dev/shm")
        return Path(self._made.name)

    def __exit__(self, *_: object) -> None:
        self._made.cleanup()
