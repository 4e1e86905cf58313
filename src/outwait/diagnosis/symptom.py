"""What is known of a failed call: what was printed, and what its caller can add."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Symptom:
    """`text`: the error as pasted, or a log. `model`: as the caller names it. `elapsed`: seconds, sending -> failing.

    `status`: of the reply that failed, if one came. `headers`: of that reply, names in lower case.
    """

    text: str
    model: str | None = None
    elapsed: float | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
