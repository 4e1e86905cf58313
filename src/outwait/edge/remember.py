"""A retry whose exchange no worker has any more: the store may, if it was kept before its process ended."""

from __future__ import annotations

import logging

from outwait.core.fault import fault
from outwait.edge.visit import Visit
from outwait.exchange.keeper import Keeper
from outwait.store.errors import StoreError
from outwait.wire.tasks import spawn

_log = logging.getLogger("outwait")


def remember(visit: Visit) -> None:
    """Answer with the kept exchange of an earlier try, else with a new one; returns at once."""
    keeper = visit.keeper
    if keeper is None:
        visit.begin()
    else:
        spawn(_remember(visit, keeper), "search in the store")


async def _remember(visit: Visit, keeper: Keeper) -> None:
    try:
        exchange = await keeper.adopt(visit.key, visit.call, visit.dialect, visit.ports)
    except StoreError as error:
        keeper.complain(error)
        exchange = None
    except Exception:  # noqa: BLE001 - task top: the client must hear of it
        _log.exception("the search for a kept exchange failed")
        visit.refuse(fault("internal_error"))
        return
    if exchange is not None:
        visit.join(exchange, adopted=True)
    elif not visit.request.outlet.done:  # else the client did not wait; nothing was begun for it
        visit.begin()
