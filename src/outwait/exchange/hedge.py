"""Whether and when an exchange has a second attempt beside a late one, and what becomes of the two.

A thin shell: when a hedge is due is `policy.hedge`'s to say, who of the two goes on the machine's (`overtaking`). A
place is only taken where there is one at once: nobody stands in a line for what may not be needed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from outwait.core.endpoints import Hold
from outwait.core.fault import Fault, Refusal, RetryClass, fault
from outwait.core.plan import Hedge
from outwait.exchange import inputs as on
from outwait.exchange import seat
from outwait.exchange.effects import Forgo, Overtake
from outwait.exchange.phase import Phase
from outwait.exchange.second import Second
from outwait.policy.hedge import Hedging, Race, due, judge
from outwait.wire.wheel import Alarm

if TYPE_CHECKING:
    from outwait.exchange.driver import Exchange

_RULES: Final = Hedging(enabled=True)  # the plan has none where it is off
_LATE: Final = (Phase.SENT, Phase.HEAD)
_NEEDLESS: Final = fault("cancelled")  # blames nobody


class Hedger:
    """Hedges one exchange as `rule` says."""

    __slots__ = ("_alarm", "_exchange", "_hedges", "_rule", "_second", "_sent", "_usual")

    def __init__(self, exchange: Exchange, rule: Hedge) -> None:
        self._exchange = exchange
        self._rule = rule
        self._hedges = 0
        self._sent = math.inf
        self._usual = math.inf  # seconds to the first content; later is late
        self._second: Second | None = None
        self._alarm = Alarm(self._ring)

    def watch(self) -> None:
        """The request of the running attempt is flushed."""
        exchange = self._exchange
        machine, ports = exchange.machine, exchange.ports
        if exchange.job is not None:
            return
        usual = self._rule.after
        if usual is None:
            usual = ports.endpoints.usual(exchange.plan, machine.candidate)
        self._sent, self._usual = ports.clock(), math.inf if usual is None else usual
        when = due(self._race(), _RULES)
        if when < math.inf:
            ports.wheel.set(self._alarm, when)

    def settle(self) -> None:
        """The exchange is over, and so is all that was done for it."""
        self._exchange.ports.wheel.forget(self._alarm)
        self.forgo()

    def forgo(self) -> None:
        """The second attempt, if there is one, is not needed."""
        second, self._second = self._second, None
        if second is not None:
            second.drop(_NEEDLESS)

    def overtake(self, failed: RetryClass | None) -> None:
        """The second attempt is the running one now."""
        second, self._second = self._second, None
        assert second is not None  # noqa: S101 - the machine was told of it, and not that it fell
        if failed is not None:
            self._exchange.retries.append(failed.value)
        second.step_up()

    # ------------------------------------------------------------------------------------------------------------

    def _race(self) -> Race:
        exchange = self._exchange
        accepted, plan = exchange.machine.timeline.accepted, exchange.plan
        return Race(
            scenario=plan.scenario,
            streamed=exchange.call.stream,
            content=exchange.machine.phase not in _LATE,
            sent=self._sent,
            p95=self._usual,
            deadline=accepted + seat.span(exchange),
            hedges=self._hedges,
            paid=exchange.ticket.paid(plan.retry.paid, exchange.ports.clock()),
        )

    def _ring(self, now: float) -> None:
        exchange = self._exchange
        machine = exchange.machine
        if not machine.attached or machine.turns.taken >= exchange.plan.retry.attempts:
            return
        verdict = judge(self._race(), _RULES, now)
        if verdict.allowed:
            self._begin(f"no content after {now - self._sent:.3g} s")

    def _begin(self, reason: str) -> None:
        exchange = self._exchange
        hold = self._hold()
        if hold is None:
            return
        worded = self._word(hold)
        if worded is None:
            return
        self._hedges += 1
        exchange.ticket.charge(RetryClass.AMBIGUOUS, exchange.ports.clock(), failover=True)
        self._second = second = Second(exchange, hold, self._answers, self._breaks)
        exchange.feed(on.Hedged(hold.place, hold.candidate, reason))
        second.open(*worded)

    def _hold(self) -> Hold | None:
        """A place at another endpoint, if there is one at once."""
        exchange = self._exchange
        candidates, endpoints = exchange.plan.candidates, exchange.ports.endpoints
        spare = exchange.machine.turns.spare
        places = tuple(place for place in spare if exchange.ticket.room(candidates[place].channel))
        if not places:
            return None
        wish = seat.wish(exchange, places, exchange.machine.turns.used)
        found = endpoints.acquire(wish, _decline)
        if found is None:
            endpoints.withdraw(wish, _decline)
        return None if isinstance(found, Fault) else found

    def _word(self, hold: Hold) -> tuple[bytes, tuple[str, ...]] | None:
        """What to send there (`Exchange.word`); None, and the place is left, if its dialect has no words for it."""
        exchange = self._exchange
        try:
            return exchange.word(hold.candidate)
        except Refusal as refused:
            hold.leave(refused.fault)
            return None

    def _answers(self) -> None:
        self._exchange.feed(on.OVERTAKEN)

    def _breaks(self, channel: str, failed: Fault) -> None:
        self._second = None
        self._exchange.ticket.failed(channel, failed)
        self._exchange.feed(on.Fell(failed))


def _decline(hold: Hold) -> None:
    """A place that was asked for in passing only."""
    hold.leave(_NEEDLESS)


# The effects that are carried out here.


def overtake(exchange: Exchange, effect: Overtake) -> None:
    """See `effects.Overtake`."""
    assert exchange.hedger is not None  # noqa: S101 - it has made the attempt
    exchange.hedger.overtake(effect.failed)


def forgo(exchange: Exchange, _: Forgo) -> None:
    """See `effects.Forgo`."""
    assert exchange.hedger is not None  # noqa: S101 - it has made the attempt
    exchange.hedger.forgo()
