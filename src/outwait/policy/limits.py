"""What others on the way allow: the time limits of clients, middleboxes, clouds and providers, as data.

The diagnosis matches elapsed times against them, the generator of settings says how each is raised, and the pages
about middleboxes print them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["idle", "first_byte", "total", "events"]
Place = Literal["client", "middlebox", "cloud", "provider"]


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of one product.

    `seconds`: its default, None for none. `kind`: what it bounds, from one event to another:

        idle        between two bytes of the answer        heartbeats help
        first_byte  request sent -> first byte of answer   heartbeats help
        total       request -> end of the answer           no heartbeat helps: attach, or a background job
        events      between two parsed events              comments do not help, events do

    `setting`: what changes it, "" if nothing does. `sign`: what a client sees when it strikes. `source`: where the
    number is from: a page of its documentation, or the test that measures it.
    """

    name: str
    product: str
    place: Place
    kind: Kind
    seconds: float | None
    setting: str
    sign: str
    source: str


LIMITS: Final[tuple[Limit, ...]] = (
    Limit(
        "nginx.proxy_read_timeout",
        "nginx",
        "middlebox",
        "idle",
        60,
        "proxy_read_timeout",
        "504 page signed nginx before the head, a cut chunked body after it",
        "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_read_timeout",
    ),
)


def limits(product: str) -> tuple[Limit, ...]:
    """The limits of `product`, as the table names it."""
    return tuple(limit for limit in LIMITS if limit.product == product)


def near(seconds: float, *, slack: float = 0.05) -> tuple[Limit, ...]:
    """The limits whose default is `seconds`, give or take `slack` of it (at least 1 s), the nearest first."""
    found = [
        limit
        for limit in LIMITS
        if limit.seconds is not None and abs(limit.seconds - seconds) <= max(1.0, slack * limit.seconds)
    ]
    return tuple(sorted(found, key=lambda limit: abs((limit.seconds or 0.0) - seconds)))
