"""Asks a provider which models it lists: page after page, in a bounded time, of bounded size.

It is a question of its own, beside health: it costs nothing, is no exchange, and whatever comes of it says nothing
about the channel.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import islice

from outwait.core.catalog import Channel
from outwait.core.fault import Fault, Stage, fault
from outwait.dialects.listing import following, read
from outwait.dialects.providers import PROVIDERS
from outwait.upstream.probe import Probes

SPAN = 20.0  # seconds for all pages: as long as for the other free question
MOST_BYTES = 8 << 20  # of one page: aggregators list some hundreds of models, each with some KB of words and prices
MOST_NAMES = 4000  # ten times what aggregators list
_PAGES = 10  # of 1,000 models, where providers have pages


@dataclass(frozen=True, slots=True)
class Listed:
    """What was told. `names`: as calls name the models at the provider, in its order; none where it `failed`."""

    names: tuple[str, ...] = ()
    failed: Fault | None = None


async def list_models(probes: Probes, channel: Channel, key: int, span: float = SPAN) -> Listed:
    """The models that the provider of `channel` lists, asked with the credential `key`; none where it lists none. Never
    raises for what the network or the provider does.
    """
    way = PROVIDERS[channel.dialect].lists
    if way is None:
        return Listed()
    loop = asyncio.get_running_loop()
    end = loop.time() + span
    found: dict[str, None] = {}
    place = way
    for _ in range(_PAGES):
        failed, body = await probes.read(channel.name, place, key, end - loop.time(), MOST_BYTES)
        if failed is not None:
            return Listed(failed=failed)
        page = read(way.dialect, body)
        if page is None:
            return Listed(failed=_unreadable(len(body)))
        found.update(dict.fromkeys(page.names))
        after = following(way, page)
        if not page.more or after == place or len(found) >= MOST_NAMES:
            break
        place = after
    return Listed(tuple(islice(found, MOST_NAMES)))


def _unreadable(size: int) -> Fault:
    detail = f"{size} bytes that are no list of models"
    return fault("upstream_bad_response", stage=Stage.HEAD, detail=detail)
