"""What becomes of an exchange whose client left: `finish`, `cancel`, `linger` or `linger:30s`."""

from __future__ import annotations

from outwait.core.plan import OnDisconnect
from outwait.policy import durations

HEADER = "x-outwait-on-disconnect"
ALLOWED = "finish, cancel, linger or linger:30s"
MAX_LINGER = 86_400.0  # seconds


def parse(text: str) -> tuple[OnDisconnect, float | None]:
    """The choice, and the seconds of a `linger` that names them. Raises ValueError with a sentence for people."""
    word, colon, rest = text.strip().partition(":")
    try:
        choice = OnDisconnect(word)
    except ValueError:
        raise ValueError(f"on_disconnect is {ALLOWED}, not {text[:60]!r}") from None
    if not colon:
        return choice, None
    if choice is not OnDisconnect.LINGER:
        raise ValueError(f"only linger takes a duration; on_disconnect is {ALLOWED}")
    seconds = durations.parse(rest)
    if seconds > MAX_LINGER:
        raise ValueError(f"linger is at most {durations.tell(MAX_LINGER)}, not {durations.tell(seconds)}")
    return choice, seconds
