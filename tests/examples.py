"""How many examples a test draws that names their number: in `make check` as many times fewer as any other test."""

from hypothesis import settings

USUAL = 100  # what `make test` draws where no number is named
FEWEST = 10


def examples(count: int) -> int:
    """`count`; where the profile draws fewer than usual, the same share of it, but not under `FEWEST`."""
    drawn = settings().max_examples
    return count if drawn >= USUAL else min(count, max(FEWEST, count * drawn // USUAL))
