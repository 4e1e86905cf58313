from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from outwait.core.entry import Entry
from outwait.ledger.recorder import Recorder


class Kept:
    """A sink that keeps; `came` is set with each batch that holds something."""

    def __init__(self) -> None:
        self.batches: list[list[Entry]] = []
        self.came = threading.Event()

    def absorb(self, entries: Sequence[Entry]) -> None:
        self.batches.append(list(entries))
        if entries:
            self.came.set()


class Broken:
    def absorb(self, entries: Sequence[Entry]) -> None:
        raise RuntimeError("no")


def test_entries_reach_every_sink_in_order(entry: Any) -> None:
    one, two = Kept(), Kept()
    recorder = Recorder([one, two])
    entries = [entry(exchange=f"ow_{n}") for n in range(5)]
    for each in entries:
        recorder.settle(each)
    recorder.flush()
    assert one.batches == two.batches == [entries]


def test_the_thread_flushes_by_itself_and_close_takes_the_rest(entry: Any) -> None:
    sink = Kept()
    recorder = Recorder([sink], interval=0.01)
    recorder.start()
    recorder.start()
    recorder.settle(entry(exchange="first"))
    assert sink.came.wait(10)
    recorder.close()
    recorder.settle(entry(exchange="late"))
    recorder.close()
    assert [each.exchange for batch in sink.batches for each in batch] == ["first", "late"]
    assert not [thread for thread in threading.enumerate() if thread.name == "outwait-recorder"]


def test_close_flushes_at_once_what_the_thread_has_not(entry: Any) -> None:
    sink = Kept()
    recorder = Recorder([sink], interval=3600)
    recorder.start()
    recorder.settle(entry())
    recorder.close()
    assert [len(batch) for batch in sink.batches] == [1]


def test_one_broken_sink_does_not_cost_the_others_their_entries(entry: Any, caplog: pytest.LogCaptureFixture) -> None:
    sink = Kept()
    recorder = Recorder([Broken(), sink])
    recorder.settle(entry())
    with caplog.at_level(logging.ERROR, "outwait"):
        recorder.flush()
    assert len(sink.batches[0]) == 1
    assert "Broken could not take 1 entries" in caplog.text


def test_a_full_queue_drops_and_counts(entry: Any) -> None:
    sink = Kept()
    recorder = Recorder([sink], capacity=3)
    for _ in range(5):
        recorder.settle(entry())
    recorder.flush()
    recorder.settle(entry())
    recorder.flush()
    assert recorder.dropped == 2
    assert [len(batch) for batch in sink.batches] == [3, 1]


def test_nothing_is_lost_between_threads(entry: Any) -> None:
    sink = Kept()
    recorder = Recorder([sink], interval=0.001, capacity=10**6)
    recorder.start()

    def many() -> None:
        for _ in range(1000):
            recorder.settle(entry())

    threads = [threading.Thread(target=many) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.close()
    assert sum(map(len, sink.batches)) == 3000


def test_a_sink_that_hangs_does_not_hang_close(entry: Any) -> None:
    release, entered = threading.Event(), threading.Event()

    class Hanging:
        def absorb(self, entries: Sequence[Entry]) -> None:
            entered.set()
            release.wait(30)

    recorder = Recorder([Hanging()], interval=0.001)
    recorder.start()
    assert entered.wait(10)
    recorder.close(timeout=0.01)
    release.set()


def test_who_has_no_time_waits_for_no_other_flush(entry: Any) -> None:
    release, entered, kept = threading.Event(), threading.Event(), Kept()

    class Hanging:
        def absorb(self, entries: Sequence[Entry]) -> None:
            entered.set()
            release.wait(30)

    recorder = Recorder([Hanging(), kept])
    recorder.settle(entry())
    busy = threading.Thread(target=recorder.flush)
    busy.start()
    assert entered.wait(10)
    recorder.settle(entry(exchange="ow_2"))
    recorder.flush(0.01)
    assert kept.batches == []
    release.set()
    busy.join(5)
    recorder.flush(0.01)
    assert [each.exchange for batch in kept.batches for each in batch] == ["ow_1", "ow_2"]
