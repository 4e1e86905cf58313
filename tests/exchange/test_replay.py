"""The replay buffer: what was appended is what every reader gets, within the bounds, or it is told that it is gone."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from tests.descriptors import descriptors

from outwait.core.fault import fault
from outwait.exchange.replay import SPILL_STEP, Bounds, Gone, Reader, Replay

KB = 1024


def reader(replay: Replay, woken: list[str] | None = None) -> Reader:
    made = Reader(replay, lambda: woken.append("woken") if woken is not None else None)
    replay.readers.append(made)
    return made


def rest(of: Reader) -> bytes:
    out = b""
    while of.behind:
        out += of.read()
    return out


def chunks(count: int, size: int) -> list[bytes]:
    return [bytes([number % 251]) * size for number in range(count)]


def filled(bounds: Bounds, pieces: list[bytes]) -> Replay:
    replay = Replay(bounds)
    for piece in pieces:
        replay.append(piece)
    return replay


def test_readers_are_woken_by_each_piece_and_by_the_end() -> None:
    replay, woken = Replay(Bounds()), list[str]()
    mine = reader(replay, woken)
    assert (mine.behind, mine.read(), replay.count, replay.size, replay.memory) == (False, b"", 0, 0, 0)
    replay.append(b"one")
    replay.append(b"two")
    assert len(woken) == 2
    assert (mine.read(), mine.read(), mine.read(), mine.taken, mine.position) == (b"one", b"two", b"", 6, 2)
    assert not replay.finished
    replay.finish(None, b"last")
    assert (len(woken), replay.finished, replay.fault) == (3, True, None)
    assert (rest(mine), replay.count, replay.size, replay.memory) == (b"last", 3, 10, 10)


def test_an_end_without_a_last_piece_adds_nothing() -> None:
    replay = Replay(Bounds())
    failed = fault("upstream_reset")
    replay.finish(failed)
    assert (replay.count, replay.fault) == (0, failed)


def test_a_reader_may_leave_while_it_is_told_of_the_end() -> None:
    replay, seen = Replay(Bounds()), list[str]()
    first = Reader(replay, lambda: replay.readers.remove(first))
    replay.readers += [first, Reader(replay, lambda: seen.append("second"))]
    replay.finish(None)
    assert seen == ["second"]


def test_late_readers_get_everything() -> None:
    pieces = chunks(40, 64 * KB)
    replay = filled(Bounds(memory=1024 * KB), pieces)
    early = reader(replay)
    assert rest(early) == b"".join(pieces)
    replay.append(b"more")
    late = reader(replay)
    assert (rest(early), rest(late)) == (b"more", b"".join(pieces) + b"more")
    replay.close()


def test_memory_stays_within_its_bound() -> None:
    replay = Replay(Bounds(memory=1024 * KB))
    for piece in chunks(1000, KB) + chunks(10, 3000 * KB) + chunks(1000, KB):
        replay.append(piece)
        assert replay.memory <= 1024 * KB
    assert replay.whole
    assert replay.size == 32_000 * KB
    replay.close()


def test_nothing_is_spilled_up_to_the_bound() -> None:
    before = descriptors()
    replay = filled(Bounds(memory=4 * KB), chunks(4, KB))
    assert (replay.memory, descriptors() - before) == (4 * KB, set())
    replay.append(b"x")
    assert (replay.memory, len(descriptors() - before)) == (0, 1)
    replay.close()
    assert descriptors() <= before


def test_spilling_goes_in_steps_from_the_oldest() -> None:
    pieces = chunks(17, 64 * KB)
    replay = filled(Bounds(memory=1024 * KB), pieces)
    assert replay.memory == 17 * 64 * KB - SPILL_STEP
    assert [replay.chunk(index) for index in range(17)] == pieces
    replay.close()


def test_the_spill_file_has_no_name(tmp_path: Path) -> None:
    replay = filled(Bounds(memory=0, directory=str(tmp_path)), [b"one", b"two"])
    assert list(tmp_path.iterdir()) == []
    assert rest(reader(replay)) == b"onetwo"
    replay.close()


def test_short_writes_are_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, data, offset: whole(file, data[:3], offset))
    replay = filled(Bounds(memory=0), [b"0123456789", b"abcdefg"])
    assert rest(reader(replay)) == b"0123456789abcdefg"
    replay.close()


def test_beyond_the_cap_history_is_given_up() -> None:
    replay = filled(Bounds(memory=4 * KB, cap=8 * KB), chunks(8, KB))
    assert replay.size == 8 * KB
    keeps_up, slow = reader(replay), reader(replay)
    assert len(rest(keeps_up)) == 8 * KB
    for number in range(30):
        replay.append(bytes([number]) * KB)
        assert rest(keeps_up) == bytes([number]) * KB
    assert not replay.whole
    assert len(rest(slow)) == 38 * KB  # who is there but slow is not robbed: the upstream is held back for it
    replay.append(b"x")
    late = reader(replay)
    with pytest.raises(Gone):
        rest(late)
    replay.close()


def test_without_history_only_what_nobody_needs_is_freed() -> None:
    replay = filled(Bounds(memory=4 * KB, cap=4 * KB), chunks(4, KB))
    quick, slow = reader(replay), reader(replay)
    rest(quick)
    slow.read()
    replay.append(b"x" * KB)
    assert (replay.whole, replay.memory) == (False, 4 * KB)
    rest(quick)
    assert slow.read() == bytes([1]) * KB
    replay.append(b"y" * KB)
    assert replay.memory == 4 * KB
    assert len(rest(slow)) == 4 * KB
    replay.close()


def test_without_history_and_readers_nothing_is_kept() -> None:
    replay = filled(Bounds(memory=4 * KB, cap=4 * KB), chunks(5, KB))
    assert (replay.whole, replay.memory, replay.count) == (False, 0, 5)
    with pytest.raises(Gone):
        replay.chunk(0)


def test_the_cap_itself_is_allowed() -> None:
    for last, whole in ((2 * KB, True), (2 * KB + 1, False)):
        replay = filled(Bounds(memory=KB, cap=4 * KB), [b"x" * KB, b"x" * KB, b"x" * last])
        assert replay.whole is whole
        replay.close()


@pytest.mark.parametrize("broken", ["dup", "pwrite"])
def test_a_full_disk_costs_history_not_the_live_answer(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    def fails(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    replay = filled(Bounds(memory=4 * KB), chunks(4, KB))
    mine = reader(replay)
    monkeypatch.setattr(os, broken, fails)
    replay.append(b"x" * KB)
    monkeypatch.undo()
    assert not replay.whole
    assert len(rest(mine)) == 5 * KB
    replay.append(b"y")
    assert rest(mine) == b"y"
    replay.close()


def test_history_lost_after_a_spill_is_told_only_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = filled(Bounds(memory=1024 * KB), chunks(20, 64 * KB))
    mine = reader(replay)
    rest(mine)
    monkeypatch.setattr(os, "pwrite", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error")))
    for piece in chunks(20, 64 * KB):
        replay.append(piece)
        rest(mine)
    assert not replay.whole
    late = reader(replay)
    assert late.read() == bytes(64 * KB)
    with pytest.raises(Gone):
        rest(late)
    replay.close()


def test_lag_is_the_quickest_readers_as_long_as_all_is_kept() -> None:
    replay = Replay(Bounds(lag=10))
    quick, slow = reader(replay), reader(replay)
    for piece in (b"12345", b"67890", b"1"):
        replay.append(piece)
    assert (replay.lag(), replay.over()) == (11, True)
    rest(quick)
    assert (replay.lag(), replay.over(), replay.caught_up()) == (0, False, True)
    slow.read()
    replay.readers.remove(quick)
    assert (replay.lag(), replay.over(), replay.caught_up()) == (6, False, False)


def test_lag_is_the_slowest_readers_once_history_is_given_up() -> None:
    replay = Replay(Bounds(lag=10))
    replay.whole = False
    assert (replay.lag(), replay.over(), replay.caught_up()) == (0, False, True)
    quick, slow = reader(replay), reader(replay)
    replay.append(b"12345")
    replay.append(b"67890")
    assert (replay.lag(), replay.over(), replay.caught_up()) == (10, False, False)
    replay.append(b"1")
    rest(quick)
    assert (replay.lag(), replay.over()) == (11, True)
    slow.read()
    assert (replay.lag(), replay.over(), replay.caught_up()) == (6, False, False)
    slow.read()
    assert (replay.lag(), replay.caught_up()) == (1, True)
    replay.readers.remove(slow)
    assert replay.lag() == 0


def test_half_the_lag_is_caught_up() -> None:
    replay = Replay(Bounds(lag=10))
    mine = reader(replay)
    replay.append(b"1")
    replay.append(b"23456")
    assert not replay.caught_up()
    mine.read()
    assert replay.caught_up()


def test_who_reads_from_a_closed_buffer_is_told() -> None:
    """A cut answer must not look whole to a reader that was still there."""
    for bounds in (Bounds(), Bounds(memory=0)):
        replay = filled(bounds, [b"one", b"two"])
        mine = reader(replay)
        replay.finish(None)
        mine.read()
        replay.close()
        replay.close()
        assert (mine.behind, replay.whole, replay.memory, replay.count) == (True, False, 0, 2)
        with pytest.raises(Gone):
            mine.read()


def test_the_directory_is_made_when_it_is_needed(tmp_path: Path) -> None:
    place = tmp_path / "data"
    replay = Replay(Bounds(memory=10, directory=str(place)))
    replay.append(b"12345")
    assert not place.exists()
    replay.append(b"67890abc")
    assert place.is_dir()
    assert list(place.iterdir()) == []  # the file has no name
    assert replay.chunk(0) == b"12345"
    replay.close()
