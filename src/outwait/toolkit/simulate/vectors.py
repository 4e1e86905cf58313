"""Embeddings of simulated models: always the same unit vector for the same text, on every machine."""

from __future__ import annotations

import math
import random


def vector(text: str, size: int) -> list[float]:
    """A vector of length 1 with `size` numbers."""
    chance = random.Random(f"vector/{text}")
    raw = [chance.uniform(-1.0, 1.0) for _ in range(size)]
    length = math.sqrt(math.fsum(number * number for number in raw))
    return [number / length for number in raw]


def likeness(one: str, other: str) -> float:
    """How much two texts have in common, from 0 to 1: their shared words among all their words."""
    first, second = set(one.lower().split()), set(other.lower().split())
    return len(first & second) / len(first | second) if first | second else 0.0
