"""A process that boards and leaves without end, to be killed: `python -m tests.store.boarder FOLDER BOOT SEED COUNTER`.

Which step it is at stands in the file COUNTER, before the step is made; which steps these are follows from SEED.
"""

from __future__ import annotations

import mmap
import random
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from outwait.store import manifest
from outwait.store.manifest import Aboard, Manifest

AT = struct.Struct("=Q")
FEW = 8  # lines to begin with, so that it grows before it is killed
_MOST = 200  # on board at a time


def steps(seed: int) -> Iterator[tuple[str, Aboard]]:
    """Who boards, and who leaves."""
    chance, aboard = random.Random(seed), dict[str, Aboard]()
    number = 0
    while True:
        if not aboard or (len(aboard) < _MOST and chance.random() < 0.6):
            number += 1
            model = "m" * chance.randrange(300)
            entry = Aboard(f"ow_{seed}_{number}", "dev", "openai_chat", "chat", model, True, float(number))
            aboard[entry.id] = entry
            yield "board", entry
        else:
            yield "leave", aboard.pop(chance.choice(list(aboard)))


def main(folder: Path, boot: str, seed: int, counter: Path) -> None:
    manifest.LINES = FEW  # type: ignore[misc] # a small one
    mine = Manifest(folder, boot)
    with counter.open("r+b") as file, mmap.mmap(file.fileno(), AT.size) as at:
        step = memoryview(at).cast("Q")  # written in one go, which `pack_into` does not
        for number, (what, entry) in enumerate(steps(seed)):
            step[0] = number
            if what == "board":
                mine.board(entry)
            else:
                mine.leave(entry.id)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
