"""How long a client should wait for a model, without a gateway or in front of one, and why.

    >>> optimal_timeout("o3-pro", stream=True).read
    Span(seconds=1800.0, reason='scenario deep')

The numbers are the gateway's own (docs/timeouts.md), said in the four spans that HTTP clients know: `read` is the
longest silence, so it holds what the model may think before its first byte and between two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

import httpx2

from outwait.client.either import either
from outwait.core.plan import Span
from outwait.policy import durations, presets, timeouts
from outwait.policy.scenarios import judge

Library = Literal["openai", "anthropic", "google-genai", "httpx", "requests", "aiohttp", "urllib3"]


@dataclass(frozen=True, slots=True)
class ClientTimeouts:
    """The spans of one call, in seconds, each with the rule that set it.

    `connect`: DNS, TCP and TLS. `write`, `read`: between two pieces that are sent, that come. `pool`: for a free
    connection. `first`, `idle`: until the first content of a stream, and between two. `total`: for the whole call;
    HTTP clients have no such clock, `retrying` and `guarded` have. `scenario`: what the model is known for.
    """

    connect: Span
    write: Span
    read: Span
    pool: Span
    first: Span
    idle: Span
    total: Span
    scenario: str

    def __float__(self) -> float:
        """`read`, in seconds: for whatever takes one number."""
        return float(self.read.seconds)

    @property
    def httpx(self) -> httpx2.Timeout:
        """For httpx2, classic httpx, and the SDKs that are built on one of them."""
        return either(self.connect.seconds, self.read.seconds, self.write.seconds, self.pool.seconds)

    def kwargs(self, library: Library = "openai") -> dict[str, Any]:
        """What to pass to a call, or to the client, of `library`: `client.responses.create(..., **t.kwargs())`.

        For aiohttp the fields of its `ClientTimeout`, for google-genai those of its `HttpOptions` (whole milliseconds).
        Raises KeyError for a library that is not known.
        """
        if library not in _SHAPES:
            raise KeyError(f"{library!r} is none of {', '.join(_SHAPES)}")
        return _SHAPES[library](self)

    def grown(self, attempt: int, growth: float = 1.0, ceiling: float | None = None) -> ClientTimeouts:
        """For attempt `attempt` (from 1): each span times `1 + growth * (attempt - 1)`, at most `ceiling` seconds.

        `total` and the ceiling are the same, unless it is given. Raises ValueError for an attempt below 1.
        """
        if attempt < 1 or growth < 0:
            raise ValueError("attempts are counted from 1, and timeouts do not shrink")
        most = self.total.seconds if ceiling is None else ceiling
        times = 1 + growth * (attempt - 1)
        return self._changed(lambda span: _grown(span, times, most, attempt))

    def within(self, seconds: float) -> ClientTimeouts:
        """The same, with no span longer than `seconds`, which are what is left to a deadline."""
        return replace(self._changed(lambda span: _held(span, seconds)), total=_held(self.total, seconds))

    def _changed(self, change: Callable[[Span], Span]) -> ClientTimeouts:
        """The same with other spans, but for `total`."""
        return replace(
            self,
            connect=change(self.connect),
            write=change(self.write),
            read=change(self.read),
            pool=change(self.pool),
            first=change(self.first),
            idle=change(self.idle),
        )


def _grown(span: Span, times: float, most: float, attempt: int) -> Span:
    wanted = span.seconds * times
    if attempt == 1 and wanted <= most:
        return span
    told = f"{span.reason}, attempt {attempt}"
    return Span(wanted, told) if wanted <= most else Span(most, f"{told}, held to {durations.tell(most)}")


def _held(span: Span, seconds: float) -> Span:
    return span if span.seconds <= seconds else Span(seconds, f"{span.reason}, held to the deadline")


def optimal_timeout(
    model: str,
    *,
    stream: bool = False,
    effort: str | None = None,
    endpoint: str = "chat.completions",
    preset: Literal["default", "seed"] = "default",
) -> ClientTimeouts:
    """How long to wait for `model` (public name; provider prefixes and dates are seen through).

    `stream`: the reply is streamed. `effort`: the reasoning effort that is asked for, if any. `endpoint`: such as
    `embeddings`, `images.generations`, `audio.speech`. `preset`: `default`, or `seed` for the classic, short advice.
    Raises TypeError for a model that is no text, ValueError for a preset that is not known.
    """
    if not isinstance(model, str):
        raise TypeError(f"a model's name is a str, not {type(model).__name__}")
    if preset not in presets.PRESETS:
        raise ValueError(f"there is no preset {preset!r}, but {', '.join(presets.PRESETS)}")
    scenario = judge(model, effort, endpoint=endpoint).scenario.name
    asked = timeouts.Asked("openai", endpoint, model, stream, stream, effort, scenario)
    spans = timeouts.resolve(asked, presets.PRESETS[preset])
    read = max(
        (spans.first_byte, spans.first_token, spans.idle) if stream else (spans.first_byte,),
        key=lambda span: span.seconds,
    )
    return ClientTimeouts(
        connect=spans.connect,
        write=spans.write,
        read=read,
        pool=Span(read.seconds, f"as read: {read.reason}"),
        first=spans.first_token if spans.first_token.seconds >= spans.first_byte.seconds else spans.first_byte,
        idle=spans.idle,
        total=spans.total,
        scenario=scenario,
    )


def _requests(spans: ClientTimeouts) -> dict[str, Any]:
    return {"timeout": (spans.connect.seconds, spans.read.seconds)}


def _aiohttp(spans: ClientTimeouts) -> dict[str, Any]:
    return {
        "total": spans.total.seconds,
        "sock_connect": spans.connect.seconds,
        "sock_read": spans.read.seconds,
        "connect": None,
    }


def _httpx(spans: ClientTimeouts) -> dict[str, Any]:
    return {"timeout": spans.httpx}


_SHAPES: Mapping[str, Callable[[ClientTimeouts], dict[str, Any]]] = MappingProxyType(
    {
        "openai": _httpx,
        "anthropic": _httpx,
        "google-genai": lambda spans: {"timeout": round(spans.total.seconds * 1000)},
        "httpx": _httpx,
        "requests": _requests,
        "aiohttp": _aiohttp,
        "urllib3": lambda spans: {"connect": spans.connect.seconds, "read": spans.read.seconds},
    }
)
