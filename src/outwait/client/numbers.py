"""Settings that callers give as numbers: what makes no sense is said at once, with the name of the setting."""

from __future__ import annotations


def number(name: str, value: float, most: float | None = None) -> None:
    """`value` is from 0 to `most`, None: without end. Raises TypeError for what is no number, else ValueError."""
    _kind(name, value)
    if not value >= 0 or (most is not None and value > most):
        allowed = "0 or more" if most is None else f"from 0 to {most:g}"
        raise ValueError(f"{name} is {allowed}, not {value}")


def whole(name: str, value: int, least: int = 0) -> None:
    """`value` counts things, at least `least`. Raises TypeError for what counts nothing, else ValueError."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is a whole number, not {value!r}")
    if value < least:
        raise ValueError(f"{name} is {least} or more, not {value}")


def span(name: str, value: float | None) -> None:
    """`value` is more than 0 seconds, or None. Raises TypeError for what is no number, else ValueError."""
    if value is None:
        return
    _kind(name, value)
    if not value > 0:
        raise ValueError(f"{name} is more than 0 seconds, or None; not {value}")


def _kind(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} is a number, not {value!r}")
