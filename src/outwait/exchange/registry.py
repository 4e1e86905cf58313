"""The exchanges alive in this worker: by id, by the name that a client gave its question, and those that the retry of
their question may adopt.

These are the orphans, whose client went without the whole answer, and for some seconds those that took long and were
delivered, as far as our kernel knows: what it was given may have gone into a connection that was dead already, and an
SDK that repeats its call says so. Adopting one of those costs nothing; asking again would be paid for twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Protocol

from outwait.core.fault import Fault, Refusal, RetryClass, fault
from outwait.exchange.account import Delivery
from outwait.exchange.adopt import Named, fingerprint, same_request
from outwait.exchange.cuts import Cuts
from outwait.exchange.driver import Exchange
from outwait.exchange.effects import Outcome
from outwait.exchange.keeping import Keeping, Kept, Row
from outwait.exchange.waiting import Waiting
from outwait.policy import retry
from outwait.store.manifest import Aboard, Manifest
from outwait.wire.wheel import Wheel

_MISMATCH = (
    "This Idempotency-Key was used for another request: method, path and body must be the same. Give each question a"
    " name of its own."
)


LONG: Final = 1.0
"""Seconds from which on a delivered answer is kept for a moment, in case it was not received."""


class Keeper(Protocol):
    """Who writes down what a client may come back for (exchange.keeper)."""

    def held(self, exchange: Exchange) -> None:
        """Its client was told to wait."""

    def left(self, exchange: Exchange) -> None:
        """Its client went without the whole answer."""

    def over(self, exchange: Exchange, *, awaited: bool) -> bool:
        """It has settled and nobody reads it. True: it is being written down, and `done` is called again after that."""

    def adopted(self, exchange: Exchange) -> None:
        """A client came back for it."""


class Registry:
    """Finds an exchange by id or name, and an orphan by its question. One retry adopts one orphan; a name gives the
    same exchange to everybody who has it, for as long as there is an answer in it. `keeper`: None where nothing is
    written down; `manifest`: where it is noted who is on board, if it is. `keeps(key)`: whether anything of this client
    key may outlive its exchange.
    """

    __slots__ = (
        "_alive", "_doubting", "_doubts", "_kept", "_named", "_names", "_orphans",
        "cuts", "keeper", "keeps", "manifest",
    )  # fmt: skip

    def __init__(self, wheel: Wheel, keeping: Keeping | None = None) -> None:
        self._alive: dict[str, Exchange] = {}
        self._names: dict[bytes, Exchange] = {}
        self._named: dict[str, Named] = {}  # exchange id -> its name and question
        self._orphans = Waiting()
        self._doubts = Waiting()  # delivered, as far as we know
        self.cuts = Cuts(wheel.now)
        keeping = keeping or Keeping()
        self._kept = Kept(wheel, keeping, self._drop)
        self._doubting = keeping.doubt > 0
        self.keeper: Keeper | None = None
        self.manifest: Manifest | None = None
        self.keeps: Callable[[str], bool] = _everybody

    def __len__(self) -> int:
        return len(self._alive)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(tuple(self._alive.values()))

    @property
    def orphans(self) -> int:
        """How many exchanges without a name wait for their client."""
        return len(self._orphans)

    def get(self, ident: str) -> Exchange | None:
        """The exchange named `ident`, running or kept."""
        return self._alive.get(ident)

    def add(self, exchange: Exchange, named: Named | None = None) -> None:
        """A new exchange, and the name it is to be found by."""
        self._alive[exchange.id] = exchange
        if self.manifest is not None and exchange.stored is None and self.keeps(exchange.key):
            self.manifest.board(aboard(exchange))
        if named is not None:
            self._names[named.name] = exchange
            self._named[exchange.id] = named

    def held(self, exchange: Exchange) -> None:
        """Its client was told to wait: it will be missed, should its process die."""
        if self.keeper is not None:
            self.keeper.held(exchange)

    def left(self, exchange: Exchange, delivery: Delivery) -> None:
        """Its client went without the whole answer: keep it for the client's retry, which need not say that it is one
        if it was we who broke that `delivery` off.
        """
        ident = exchange.id
        unknown = ident not in self._orphans and ident not in self._named
        if unknown and ident in self._alive and exchange.replay.whole:
            self._orphans.add(fingerprint(exchange.key, exchange.call), exchange)
        if delivery.cut and ident in self._orphans and self.keeps(exchange.key):
            self.cuts.add(same_request(exchange.key, exchange.call), exchange)
        if self.keeper is not None and ident in self._alive:
            self.keeper.left(exchange)
        if exchange.settled and not exchange.replay.readers:
            self.done(exchange)

    def done(self, exchange: Exchange) -> None:
        """Nobody reads it and nothing runs: forget it, unless a client may still come for what it has."""
        if self._plain(exchange):
            if self.manifest is not None:
                self.manifest.leave(exchange.id)
            self._forget(exchange)
            return
        awaited = self.awaited(exchange)
        doubtful = not awaited and self._doubtful(exchange)
        if doubtful:  # from now on, not only once its end is written: the retry may be quicker
            self._doubts.add(fingerprint(exchange.key, exchange.call), exchange)
        if self.keeper is not None and self.keeper.over(exchange, awaited=awaited):
            return
        if self.manifest is not None:
            self.manifest.leave(exchange.id)
        if awaited:
            self._kept.put(exchange, Row.NAMED if exchange.id in self._named else Row.ORPHAN)
        elif doubtful:
            self._kept.take(exchange.id)
            self._kept.put(exchange, Row.DOUBT)
        else:
            self._unlist(exchange)
            self._forget(exchange)

    def _plain(self, exchange: Exchange) -> bool:
        """Whether it is like most calls: answered soon, had by its client, and of no concern to anybody else."""
        if exchange.keep is not None or exchange.fault is not None or exchange.stored is not None:
            return False
        if exchange.ports.clock() - exchange.machine.timeline.accepted >= LONG:
            return False
        return exchange.id not in self._named and exchange.id not in self._orphans

    def _doubtful(self, exchange: Exchange) -> bool:
        """Whether it would be a pity to have it asked again, should its client not have got it after all."""
        took = exchange.ports.clock() - exchange.machine.timeline.accepted
        if took < LONG or not self._doubting or exchange.id not in self._alive or not self.keeps(exchange.key):
            return False
        return exchange.machine.outcome is Outcome.COMPLETED and exchange.replay.whole

    def awaited(self, exchange: Exchange) -> bool:
        """Whether a client may come back for a settled exchange, and would be given something."""
        named = exchange.id in self._named
        known = named or exchange.id in self._orphans
        return known and self.keeps(exchange.key) and _worth_keeping(exchange, named=named)

    def ending(self, exchange: Exchange) -> bool:
        """Whether it is over without anything to come back for, and only waits for that to be written down."""
        return exchange.machine.outcome is not None and not exchange.settled and not self.awaited(exchange)

    def name_of(self, exchange: Exchange) -> Named | None:
        """What a client calls it."""
        return self._named.get(exchange.id)

    # -- by name -------------------------------------------------------------------------------------------------

    def named(self, named: Named) -> Exchange | None:
        """The exchange that has this name, running or finished; None when there is none, or no answer in it: then the
        question is to be asked anew. Raises Refusal when the name is another question's.
        """
        exchange = self._names.get(named.name)
        if exchange is None:
            return None
        if exchange.settled and not self.awaited(exchange):
            self._unlist(exchange)  # somebody still reads how it failed
            return None
        if self._named[exchange.id].question != named.question:
            raise Refusal(mismatch())
        if not exchange.replay.whole:
            told = f"The exchange {exchange.id} of this Idempotency-Key runs, and its answer is too long to be kept."
            raise Refusal(fault("conflict", told, param="Idempotency-Key"))
        return exchange

    def holder(self, name: bytes) -> str | None:
        """The id of the exchange that has this name."""
        exchange = self._names.get(name)
        return None if exchange is None else exchange.id

    def names(self) -> Iterator[tuple[bytes, str]]:
        """All names, with the ids of their exchanges."""
        return ((name, exchange.id) for name, exchange in self._names.items())

    # -- by question ---------------------------------------------------------------------------------------------

    def find(self, question: bytes) -> Exchange | None:
        """The oldest orphan that is this question; it stays one."""
        return self._orphans.find(question) or self._doubts.find(question)

    def adopt(self, question: bytes, ident: str = "") -> Exchange | None:
        """The orphan `ident` if it is this question, else the oldest that is; it is an orphan no more."""
        return self._take(self._orphans.find(question, ident) or self._doubts.find(question, ident))

    def adopt_cut(self, question: bytes, ident: str = "") -> Exchange | None:
        """As `adopt`, for a call that does not say that it is a retry: of those whose replies we have cut lately only,
        and `cuts.TELLINGS` times. `question`: see `adopt.same_request`.
        """
        exchange = self.cuts.find(question, ident)
        if exchange is not None and self.cuts.spend(question, exchange.id):
            return exchange
        return self._take(exchange)

    def _take(self, exchange: Exchange | None) -> Exchange | None:
        if exchange is not None:
            self._unlist(exchange)
            if self.keeper is not None:
                self.keeper.adopted(exchange)
        return exchange

    def asked_for(self, exchange: Exchange) -> None:
        """Its client has its id, and is given it by that: no retry of its question need be."""
        if exchange.id in self._orphans and not exchange.settled:
            self._unlist(exchange)

    # -- the end -------------------------------------------------------------------------------------------------

    def drop(self, ident: str) -> None:
        """Forget what a settled exchange has, whoever may come for it."""
        if ident in self._alive:
            self._drop(ident)

    def _unlist(self, exchange: Exchange) -> None:
        """It is found by its id only, and kept no longer."""
        ident = exchange.id
        self._kept.take(ident)
        named = self._named.pop(ident, None)
        if named is not None and self._names[named.name] is exchange:
            del self._names[named.name]
        self._orphans.remove(ident)
        self._doubts.remove(ident)
        self.cuts.remove(ident)

    def _forget(self, exchange: Exchange) -> None:
        if self._alive.pop(exchange.id, None) is not None:
            exchange.replay.close()

    def _drop(self, ident: str) -> None:
        exchange = self._alive[ident]
        self._unlist(exchange)
        if not exchange.replay.readers:  # who came back for it keeps it alive
            self._forget(exchange)


def _everybody(_: str) -> bool:
    return True


def aboard(exchange: Exchange) -> Aboard:
    """What must be known of it to tell its loss."""
    call = exchange.call
    return Aboard(exchange.id, exchange.key, call.dialect, call.endpoint, call.model, call.stream, exchange.started)


def mismatch() -> Fault:
    """A name was used for two questions."""
    return fault("idempotency_mismatch", _MISMATCH, param="Idempotency-Key")


def _worth_keeping(exchange: Exchange, *, named: bool) -> bool:
    """Whether a settled exchange has something in it that another client should be told, instead of asking anew.

    The cancelled have no answer. A question with a name is asked anew also when nothing was done about it upstream, and
    when its answer was too long to be kept.
    """
    if exchange.machine.outcome is Outcome.CANCELLED:
        return False
    failed = exchange.fault
    if not named:
        return True
    nothing_done = failed is not None and retry.classify(failed, committed=exchange.replay.count > 0) is RetryClass.SAFE
    return exchange.replay.whole and not nothing_done
