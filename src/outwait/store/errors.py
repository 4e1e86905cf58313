"""What can be wrong with the store, told with the way out. Light: whoever handles these need not load the database."""

from __future__ import annotations

from pathlib import Path


class StoreError(Exception):
    """The store cannot be opened, or cannot do what was asked; the text says what to do next."""


class StorageFull(StoreError):  # noqa: N818 - the name of the fault it becomes, `storage_full`
    """There is no room for anything new; what is stored is safe, and room comes back as kept answers expire."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"no space left for {place}: free some on its disk, or lower how long and how much is kept; "
            "nothing new is kept until then"
        )


class ResultTooLarge(StoreError):  # noqa: N818 - says what is wrong, as its siblings do
    """The answer is longer than what is kept of one."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"an answer of more than {limit} bytes is not kept")


class Ended(Exception):  # noqa: N818 - no error: somebody else was quicker
    """The exchange does not run, so nothing can become its answer."""


def damaged(place: str, what: str) -> StoreError:
    """The file holds something else than what was written to it."""
    if not Path(place).is_absolute():
        return StoreError(f"{place} is damaged ({what}): restore it from a backup")
    return StoreError(
        f"{place} is damaged ({what}). Stop outwait, then save what can be read:\n"
        f"  sqlite3 {place} .recover | sqlite3 {place}.recovered\n"
        f"and put {place}.recovered in its place (remove {place}-wal and {place}-shm), or restore a backup of it. "
        "Without the file outwait starts anew, and kept answers are gone."
    )
