"""What a diagnosis says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Confidence(StrEnum):
    """How far a diagnosis can be trusted. `high`: words that mean nothing else, and nothing against them."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that speaks for a cause.

    `quote`: what stands in the text or among the headers, secrets masked; "" for a fact that is no text. `why`: what it
    says. `cause`: for which it speaks. `source`: where that is known from.
    """

    quote: str
    why: str
    cause: str
    source: str


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another cause that would explain it; `quote` is what speaks for it, "" where only experience does."""

    cause: str
    side: str
    confidence: Confidence
    quote: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why a call failed (`cause`), on whose `side`, and what to do about it.

    `now`: for this call. `change`: so that it does not come back. `confirm`: commands that would prove it.
    `alternatives`: the likeliest first.
    """

    cause: str
    side: str
    confidence: Confidence
    evidence: tuple[Evidence, ...]
    alternatives: tuple[Alternative, ...]
    advice: str
    now: str
    change: tuple[str, ...]
    confirm: tuple[str, ...]

    def told(self) -> dict[str, object]:
        """The diagnosis as one JSON object, the same for the command and the gateway."""
        return {
            "cause": self.cause,
            "side": self.side,
            "confidence": self.confidence.value,
            "evidence": [asdict(each) for each in self.evidence],
            "alternatives": [
                {"cause": each.cause, "side": each.side, "confidence": each.confidence.value, "quote": each.quote}
                for each in self.alternatives
            ],
            "advice": self.advice,
            "now": self.now,
            "change": list(self.change),
            "confirm": list(self.confirm),
        }
