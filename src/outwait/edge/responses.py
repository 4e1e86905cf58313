"""Coming back for a response by its id, in OpenAI's form: how it stands, its stream, its end.

    GET    /v1/responses/{id}                   the response as it stands
    GET    /v1/responses/{id}?stream=true       its events, or those behind &starting_after=N, and those to come
    GET    /v1/responses/{id}/input_items       what it was asked with, page by page
    POST   /v1/responses/{id}/cancel            end one in the background, upstream connection and all
    DELETE /v1/responses/{id}                   forget it, here and at the upstream that has it too

The id of a response that outwait named leads to the worker that makes it, as that of its exchange does. What has ended
is in the store, where any worker finds it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qs

from outwait.core.fault import Fault, Refusal, fault
from outwait.dialects import document
from outwait.dialects.dialect import Dialect
from outwait.dialects.openai_responses import absent
from outwait.dialects.openai_responses.dialect import RESPONSES
from outwait.dialects.openai_responses.stored import page
from outwait.edge.door import Door
from outwait.edge.erasing import erase
from outwait.edge.hints import later
from outwait.edge.known import Known, meet
from outwait.edge.refuse import refuse
from outwait.edge.retelling import retell
from outwait.edge.standing import body_of, unstored, when
from outwait.exchange import responded
from outwait.exchange.driver import Exchange
from outwait.exchange.keeper import Keeper
from outwait.relay.relay import Relay
from outwait.store.errors import StoreError
from outwait.store.rows import ExchangeRow, ResponseRow, State
from outwait.wire.request import Request
from outwait.wire.tasks import spawn

_log = logging.getLogger("outwait")

PATH: Final = "/v1/responses"
_JSON: Final = b"content-type: application/json\r\ncache-control: no-store\r\n"
# Told as OpenAI tells it, who has no code for it.
_EXACT: Final = replace(RESPONSES, error_body=lambda failed, _: absent.error_json(failed))


def serve_response(door: Door, dialect: Dialect, request: Request) -> None:
    """Answer a request about one response. Returns at once."""
    try:
        known = meet(door, dialect, request)
    except Refusal as refused:
        refuse(door, dialect, request, refused.fault)
        return
    about = About(door, request, known)
    if not about.passed_on():
        about.begin()


class About:
    """A request about one response, of a client that was admitted."""

    __slots__ = ("_door", "_exchange_id", "_ident", "_known", "_query", "_request", "_what")

    def __init__(self, door: Door, request: Request, known: Known) -> None:
        self._door = door
        self._request = request
        self._known = known
        self._ident, _, self._what = request.path.removeprefix(f"{PATH}/").partition("/")
        self._exchange_id = responded.exchange_id(self._ident)
        self._query = {name: values[-1] for name, values in parse_qs(request.query).items()}

    def passed_on(self) -> bool:
        """Whether the worker that makes the response was asked instead; its answer comes from there."""
        door, ident = self._door, self._exchange_id
        if ident is None or door.registry.get(ident) is not None:
            return False
        return door.neighbours.pass_on(self._request, ident, self._lost)

    def begin(self) -> None:
        """See to it that there is an answer."""
        spawn(self._answer(), "request about a response")

    def _lost(self, failed: Fault) -> None:
        """Its worker did not answer. What one that is no more left behind is in the store."""
        if failed.hint == "dead":
            self.begin()
        else:
            self._refuse(failed)

    async def _answer(self) -> None:
        method = "GET" if self._request.method == "HEAD" else self._request.method
        act = _ACTS.get((method, self._what))
        try:
            if act is None:
                raise Refusal(self._nothing(method))
            await act(self)
        except Refusal as refused:
            self._refuse(refused.fault)
        except StoreError as error:
            self._refuse(unstored(self._keeper(), error))
        except Exception:  # noqa: BLE001 - task top: the client must hear of it
            _log.exception("a request about a response failed")
            if not self._request.outlet.opened:
                self._refuse(fault("internal_error"))

    # -- what can be asked ---------------------------------------------------------------------------------------

    async def read(self) -> None:
        """The response as it stands, or its events."""
        exchange = self._here()
        if self._query.get("stream") == "true":
            await self._read_stream(exchange)
            return
        if exchange is not None and not exchange.settled:
            self._door.registry.asked_for(exchange)
            self._send(responded.told_now(exchange, b""))
            return
        row = await self._row()
        if row.output is None and exchange is not None:
            self._send(responded.told_now(exchange, body_of(exchange)))  # only the store failed
        else:
            self._send(responded.told_of(row, await self._maker(row)))

    async def _read_stream(self, exchange: Exchange | None) -> None:
        after = self._starting_after()
        if exchange is None:
            row = await self._row()
            _check_streamed(stream=row.stream)
            exchange = await self._recalled(row)
            if exchange is None:
                maker = await self._maker(row)
                if maker is not None and maker.state is State.RUNNING:
                    self._pass_to(maker)
                    return
                retell(self._request, responded.told_of(row, maker), after)
                return
        _check_streamed(stream=exchange.call.stream)
        self._door.registry.asked_for(exchange)
        Relay(exchange, self._request.outlet, self._known.client, after=after).start()

    async def input_items(self) -> None:
        """One page of what it was asked with."""
        row = await self._row()
        items: Any = document.loads(row.input)
        wanted = {name: self._query.get(name) for name in ("limit", "order", "after", "before")}
        self._send(document.dumps(page(items, **wanted)))

    async def cancel(self) -> None:
        """End it. One that was cancelled before is told again; any other that is over cannot be cancelled."""
        exchange = self._here()
        if exchange is not None and not exchange.settled:
            if not _in_background(exchange):
                raise Refusal(absent.not_cancellable())
            exchange.cancel()
            await _over(exchange)
            self._send(responded.told_now(exchange, b""))
            return
        row = await self._row()
        if not row.background:
            raise Refusal(absent.not_cancellable())
        maker = await self._maker(row)
        status = responded.status_of(row, maker)
        if maker is not None and status in responded.PENDING:
            self._pass_to(maker)
        elif status == "cancelled":
            self._send(responded.told_of(row, maker))
        else:
            raise Refusal(fault("bad_request", f"Cannot cancel {_article(status)} {status} response."))

    async def delete(self) -> None:
        """Forget it. One that is still being made is cancelled first."""
        exchange, row = self._here(), await self._row()
        if exchange is not None and not exchange.settled:
            exchange.cancel()
            await _over(exchange)
        elif (maker := await self._maker(row)) is not None and maker.state is State.RUNNING and exchange is None:
            self._pass_to(maker)
            return
        keeper = self._keeper()
        if not await keeper.store.responses.delete(row.id, self._key):
            raise Refusal(absent.unknown(row.id))
        self._door.registry.drop(row.exchange)
        handle = responded.handle_of(row)
        if handle is not None:
            erase(self._door, row, handle)
        self._send(document.dumps(absent.deleted(row.id)))

    # -- where it is ---------------------------------------------------------------------------------------------

    @property
    def _key(self) -> str:
        return self._known.principal.name

    def _keeper(self) -> Keeper:
        """Raises Refusal where nothing is kept."""
        keeper = self._door.keeper_of(self._known.principal)
        if keeper is None:
            raise Refusal(absent.unknown(self._ident[:80]))
        return keeper

    def _here(self) -> Exchange | None:
        """The exchange that makes it, if this worker has it. Somebody else's is not there."""
        exchange = self._door.registry.get(self._exchange_id or "")
        if exchange is None or exchange.key != self._key or exchange.call.state is None:
            return None
        return exchange

    async def _row(self) -> ResponseRow:
        row = await self._keeper().store.responses.find(self._ident, self._key)
        if row is None:
            raise Refusal(absent.unknown(self._ident[:80]))
        return row

    async def _maker(self, row: ResponseRow) -> ExchangeRow | None:
        """What the store knows of the exchange that makes it, where that matters still."""
        return None if row.output is not None else await self._keeper().find(row.exchange, self._key)

    def _pass_to(self, maker: ExchangeRow) -> None:
        """Let the process that goes on with it answer: another than its id says took it over. Raises Refusal."""
        _, _, door = maker.owner.boot.partition("-")
        ident = f"ow_{door[:6]}{maker.id[-16:]}"
        if not self._door.neighbours.pass_on(self._request, ident, self._refuse):
            told = f"The process that makes the response '{self._ident}' cannot be reached."
            raise Refusal(fault("owner_unreachable", told))

    async def _recalled(self, row: ResponseRow) -> Exchange | None:
        """Its exchange with the very events that it told; None where those are not kept (any more)."""
        keeper = self._keeper()
        maker = await keeper.find(row.exchange, self._key)
        if maker is None or maker.state is State.RUNNING:
            return None
        exchange = await keeper.recall(maker, responded.call_of(row), RESPONSES, self._door.ports)
        if exchange is not None and not exchange.replay.count:
            self._door.registry.drop(exchange.id)  # nothing was told before it failed
            return None
        return exchange

    def _starting_after(self) -> int:
        """The number of the last event that the client has seen; -1 for none. Raises Refusal."""
        asked = self._query.get("starting_after")
        if asked is None:
            return -1
        if not (asked.isascii() and asked.isdigit() and len(asked) < 19):
            told = "starting_after is the sequence_number of the last event that was received."
            raise Refusal(fault("invalid_value", told, param="starting_after"))
        return int(asked)

    # -- what is told --------------------------------------------------------------------------------------------

    def _send(self, body: bytes) -> None:
        self._request.outlet.send(200, _JSON, body)

    def _refuse(self, refused: Fault) -> None:
        dialect = _EXACT if refused.status in (400, 404) and refused.code != "invalid_value" else RESPONSES
        refuse(self._door, dialect, self._request, refused, self._known.principal)

    def _nothing(self, method: str) -> Fault:
        path = self._request.path[:200]
        told = later(path)
        if told is not None:
            return fault("not_supported", told)
        allowed = [each for each, what in _ACTS if what == self._what]
        if allowed:
            return fault("method_not_allowed", f"{path} takes {', '.join(allowed)}, not {method}.")
        return fault("not_found", f"There is nothing at {path}. Did you mean /cancel or /input_items?")


_ACTS: Final[Mapping[tuple[str, str], Callable[[About], Awaitable[None]]]] = {
    ("GET", ""): About.read,
    ("GET", "input_items"): About.input_items,
    ("POST", "cancel"): About.cancel,
    ("DELETE", ""): About.delete,
}


async def _over(exchange: Exchange) -> None:
    """Wait until the end of a cancelled exchange is stored, and told."""
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def told() -> None:
        if not over.done():
            over.set_result(None)

    when(exchange, lambda: exchange.settled, told)
    await over


def _in_background(exchange: Exchange) -> bool:
    return exchange.call.state is not None and exchange.call.state.background


def _check_streamed(*, stream: bool) -> None:
    if not stream:
        told = "This response cannot be streamed because it was not created with stream=true."
        raise Refusal(fault("bad_request", told, param="stream"))


def _article(status: str) -> str:
    return "an" if status.startswith("i") else "a"
