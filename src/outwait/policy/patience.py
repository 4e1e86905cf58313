"""How long the client's own library waits, read from the headers SDKs send (FACTS 1.1, point 10).

  x-stainless-read-timeout   openai-python, anthropic-python: seconds per read
  x-stainless-timeout        anthropic-node: seconds until headers; anthropic-python may send NOT_GIVEN
  x-server-timeout           google-genai: seconds in all

They are hints by strangers: whatever is not a plain positive number below a week is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping

HEADERS = ("x-stainless-read-timeout", "x-stainless-timeout", "x-server-timeout")
_WEEK = 7 * 86_400.0


def patience(headers: Mapping[str, str]) -> tuple[float, str] | None:
    """The shortest span the client told (seconds) and the header that told it, or None. Header names in lower case."""
    told = [(seconds, name) for name in HEADERS if (seconds := _seconds(headers.get(name))) is not None]
    return min(told) if told else None


def _seconds(text: str | None) -> float | None:
    if text is None or len(text) > 32:
        return None
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 < seconds <= _WEEK else None  # NaN compares false
