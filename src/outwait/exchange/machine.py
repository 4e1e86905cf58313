"""The machine that decides everything about one exchange. Pure: inputs and `now` in, effects out.

An exchange is one accepted request and all attempts made for it. It walks through phases; in each phase one clock
runs, and beside it the `total` clock runs from acceptance to the end:

                Begin          Granted           Connected         Sent           Headed          Content
     NEW -----------> QUEUED ---------> CONNECTING ------> SENDING ------> SENT ---------> HEAD ----------> FLOWING
                      queue             connect            write           first_byte      first_token      idle
                        ^                  |                 |               |               |                |
                        |                  `-----------------+-- Failed / the clock runs out +----------------'
                        |   time                                     |                               |
                     BACKOFF <-------- another attempt is allowed ---'--- none is, or Ended ---> SETTLED

Three rules decide what a failure leads to, in this order:
  1. Once content was committed (handed to the replay buffer) no attempt follows: a retry would repeat words.
  2. A failed attempt has a class (policy.retry). `safe` may be followed by another, `ambiguous` only within the paid
     budget, `final` never. Going where an attempt failed before needs room in the retry budget; the first attempt
     at another candidate does not, or one dead channel would be everybody's outage.
  3. Each candidate is tried once before any is tried twice, the best first (`Odds.order`); one that asked for
     patience (Retry-After) is not tried before that. Nobody queues twice: when all are full, that is the end.

The reader's coming and going is a second, independent dimension: a client that leaves ends the exchange (cancel),
starts its linger span, or changes nothing (finish). While the driver holds the upstream back because a reader is
slow, the idle clock stands still.

Every event that is possible in a phase stands in `ROWS`. What is not in the table is a bug of the caller and raises
`Impossible`, except in SETTLED, which ignores whatever was already on its way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from outwait.core.fault import Clock, Fault, RetryClass, fault
from outwait.core.plan import Candidate, OnDisconnect, Plan, Timeouts
from outwait.exchange import inputs as on
from outwait.exchange import overtaking
from outwait.exchange.effects import Acquire, Close, Effect, Open, Outcome, Retrying, Settle
from outwait.exchange.phase import Impossible, Phase
from outwait.exchange.timeline import Timeline
from outwait.exchange.turns import Turns
from outwait.policy import retry

_GROWING = frozenset((Clock.CONNECT, Clock.WRITE, Clock.FIRST_BYTE, Clock.FIRST_TOKEN, Clock.IDLE))
_NOTHING: tuple[Effect, ...] = ()
_COMPLETED: tuple[Effect, ...] = (Settle(Outcome.COMPLETED),)
# Those of the usual way: to look up the member of an enum takes 74 ns where it stands, and 10 here.
_CONNECTING, _SENT, _FLOWING, _SETTLED = Phase.CONNECTING, Phase.SENT, Phase.FLOWING, Phase.SETTLED
_DONE = Outcome.COMPLETED


class Machine:
    """Decides for one exchange. `handle(event, now)` returns what to do, `deadline()` when to send `Tick` at the latest
    (loop seconds, may be infinite once settled). `progress(now)` notes that the upstream gave something; it is the one
    input that comes a thousand times a second, so it is a method of its own.
    """

    __slots__ = (
        "_cap", "_fresh", "_held", "_linger_due", "_sign", "_since", "_span", "_thought", "_told", "_total_due",
        "attached", "committed", "content_at", "gap", "head_at", "number", "outcome", "phase", "plan",
        "timeline", "turns",
    )  # fmt: skip

    def __init__(self, plan: Plan, now: float) -> None:
        self.plan = plan
        self.timeline = Timeline(now)
        self.phase = Phase.NEW
        self.number = 0  # attempts begun
        self.head_at: float | None = None  # when the last response head came, and the last first content
        self.content_at: float | None = None
        self.committed = False
        self.attached = True
        self.outcome: Outcome | None = None
        self.gap = 0.0  # longest wait for the upstream in this phase of silence, seconds: before content, or after it
        self._thought = 0.0  # the same, of what was before
        self._fresh = False
        self.turns = Turns(plan.candidates)
        self._held = False
        self._cap = self._total_due = now + plan.timeouts.total.seconds  # the latest deadline, whatever the phase
        self._since = now
        self._sign = now  # the upstream's last sign of life that a client could have seen
        self._span = math.inf
        self._linger_due = math.inf
        self._told: Fault | None = None  # the last failure of a channel that could be asked

    # -- what the driver asks ------------------------------------------------------------------------------------

    def handle(self, event: on.Input, now: float) -> tuple[Effect, ...]:
        """Take one input; returns the effects to carry out, in order."""
        action = self.phase.row.get(type(event))
        if action is None:
            if self.phase is Phase.SETTLED:
                return _NOTHING
            raise Impossible(f"{type(event).__name__} cannot happen in phase {self.phase.value}")
        return action(self, event, now)

    def deadline(self) -> float:
        """When the next clock runs out (loop seconds)."""
        due = math.inf if self._held else self._since + self._span
        return self._cap if due > self._cap else due  # noqa: FURB136 - min() costs a call at each input

    def progress(self, now: float) -> None:
        """The upstream gave something that is not a ping."""
        if self.phase is _FLOWING:
            if not self._held and now - self._sign > self.gap:  # as `_heard` does, without two calls at each chunk
                self.gap = now - self._sign
            self._sign = self._since = now

    def enter(self, phase: Phase, now: float) -> None:
        """`phase` begins, and its clock."""
        self.phase = phase
        self._since = now
        self._held = False
        spans = self.turns.current.timeouts or self.plan.timeouts
        span = phase.span(spans)
        if spans.growth and self.number > 1 and phase.clock in _GROWING:
            span *= 1.0 + spans.growth * (self.number - 1)
        self._span = span

    @property
    def candidate(self) -> Candidate:
        """The candidate of the current or last attempt."""
        return self.turns.current

    @property
    def silence(self) -> float:
        """The longest wait for the upstream so far, in seconds."""
        return self._thought if self._thought > self.gap else self.gap  # noqa: FURB136 - max() costs a call

    @silence.setter
    def silence(self, seconds: float) -> None:
        """As it was told of an exchange that ran elsewhere."""
        self._thought = seconds

    def standing(self, now: float) -> tuple[float, float, float, float]:
        """Seconds since the upstream's last sign of life, of this phase's span, left of it (inf: held), left of all."""
        left = math.inf if self._held else self._since + self._span - now
        return now - self._sign, self._span, left, self._cap - now

    def timeouts(self) -> Timeouts:
        """The spans that hold for the current candidate."""
        return self.candidate.timeouts or self.plan.timeouts

    # -- the ordinary walk ---------------------------------------------------------------------------------------

    def _begin(self, event: on.Begin, now: float) -> tuple[Effect, ...]:
        self.timeline.add(now, "accepted", self.plan.scenario)
        if not self.turns:
            return self._settle(Outcome.FAILED, fault("no_healthy_channel"), now)
        if event.granted:
            self.turns.taken = 1
            return self._granted(event.granted, now)
        return self._acquire(now)

    def _acquire(self, now: float) -> tuple[Effect, ...]:
        self.turns.taken += 1
        self.enter(Phase.QUEUED, now)
        turns = self.turns
        return (Acquire(turns.current, turns.places, turns.used),)

    def _granted(self, event: on.Granted, now: float) -> tuple[Effect, ...]:
        self.number += 1
        if event.candidate is not None:
            self.turns.sit(event.place, event.candidate)
        candidate = self.turns.current
        reason = event.reason
        self.timeline.add(now, "attempt", f"{candidate.channel}: {reason}" if reason else candidate.channel)
        self.enter(_CONNECTING, now)
        fresh, self._fresh = self._fresh, False
        return (Open(candidate, self.number, fresh),)

    def _refused(self, event: on.Refused, now: float) -> tuple[Effect, ...]:
        self.timeline.add(now, "refused", event.fault.code)
        return self._settle(Outcome.FAILED, self._told or event.fault, now)

    def _connected(self, event: on.Connected, now: float) -> tuple[Effect, ...]:
        self.timeline.add(now, "connected", "reused" if event.reused else "")
        self.enter(Phase.SENDING, now)
        return _NOTHING

    def _wrote(self, _: on.Input, now: float) -> tuple[Effect, ...]:
        self._since = now
        return _NOTHING

    def _sent(self, _: on.Input, now: float) -> tuple[Effect, ...]:
        self.timeline.add(now, "sent")
        self.enter(_SENT, now)
        return _NOTHING

    def _dispatched(self, _: on.Input, now: float) -> tuple[Effect, ...]:
        self.timeline.add(now, "sent", "on a pooled connection")
        self.enter(_SENT, now)
        return _NOTHING

    def _replied(self, event: on.Replied, now: float) -> tuple[Effect, ...]:
        self.timeline.add(now, "replied", str(event.status))
        self.head_at = now
        if event.content:
            self.content_at = now
        return self._settle(_DONE, None, now)

    def _headed(self, event: on.Headed, now: float) -> tuple[Effect, ...]:
        self.timeline.add(now, "head", str(event.status))
        self.head_at = now
        self.enter(Phase.HEAD, now)
        return _NOTHING

    def _content(self, _: on.Input, now: float) -> tuple[Effect, ...]:
        self._heard(now)
        self.timeline.add(now, "content")
        self.content_at = now
        self._thought, self.gap = self.silence, 0.0
        self.enter(_FLOWING, now)
        return _NOTHING if self.turns.beside is None else overtaking.outrun(self)

    def _committed(self, _: on.Input, now: float) -> tuple[Effect, ...]:
        if not self.committed:
            self.committed = True
            self.timeline.add(now, "committed")
        return _NOTHING

    def _ended(self, _: on.Input, now: float) -> tuple[Effect, ...]:
        return self._settle(_DONE, None, now)

    def _ignore(self, _: on.Input, __: float) -> tuple[Effect, ...]:
        return _NOTHING

    # -- back-pressure -------------------------------------------------------------------------------------------

    def _paused(self, _: on.Input, now: float) -> tuple[Effect, ...]:
        self._heard(now)
        self._held = True
        return _NOTHING

    def _resumed(self, _: on.Input, now: float) -> tuple[Effect, ...]:
        self._heard(now)
        self._held = False
        self._since = now
        return _NOTHING

    # -- failures ------------------------------------------------------------------------------------------------

    def _failed(self, event: on.Failed, now: float) -> tuple[Effect, ...]:
        return self._follow(event.fault, event.odds, now)

    def _tick(self, event: on.Tick, now: float) -> tuple[Effect, ...]:
        if now >= self._total_due:
            return self._ran_out(Clock.TOTAL, self.plan.timeouts.total.seconds, event.odds, now)
        if now >= self._linger_due:
            return self._end(fault("client_gave_up"), now)
        if self._held or now < self._since + self._span:
            return _NOTHING
        if self.phase is Phase.BACKOFF:
            return self._acquire(now)
        clock = self.phase.clock
        return _NOTHING if clock is None else self._ran_out(clock, self._span, event.odds, now)

    def _ran_out(self, clock: Clock, span: float, odds: on.Odds, now: float) -> tuple[Effect, ...]:
        reason = self.timeouts().of(clock).reason if clock is not Clock.TOTAL else self.plan.timeouts.total.reason
        code = f"{clock.value}_timeout"
        expired = fault(code, clock=clock, span=span, reason=reason, stage=self.phase.stage)
        self.timeline.add(now, "timeout", f"{clock.value} {span:g}s: {reason}")
        running = self._running(expired)
        if clock is Clock.TOTAL:
            return running + self._settle(Outcome.FAILED, expired, now)
        return running + self._follow(expired, odds, now)

    def _follow(self, failed: Fault, odds: on.Odds, now: float) -> tuple[Effect, ...]:
        """Decide what follows a failed attempt: another one, now or later, or the end."""
        retry_class = retry.classify(failed, committed=self.committed)
        self.timeline.add(now, "failed", f"{failed.code} ({retry_class.value})")
        tried, mute = self.candidate, retry.unspeakable(failed)
        if mute:
            self.number -= 1  # nothing was sent: no attempt, and no news while there is another failure to tell
            self.turns.mute += 1
        else:
            self._told = failed
        beside = self.turns.beside
        if beside is not None and retry_class is not RetryClass.FINAL:
            self.turns.fail(failed, now, odds.order)
            return overtaking.step_up(self, beside, retry_class, now)
        repaired = self.turns.repair(failed) if retry_class is RetryClass.SAFE else None
        if repaired is not None:
            self.timeline.add(now, "retry", repaired)
            self._fresh = failed.hint == "stale"
            self.number -= 1
            self.turns.taken -= 1
            return (Retrying(tried, retry_class, failed, repair=True), *self._acquire(now))
        self.turns.fail(failed, now, odds.order)
        failover = not self.turns.again
        verdict = retry.permitted(
            retry_class,
            attempts=self.turns.taken - self.turns.mute,
            limit=self.plan.retry.attempts,
            active=failover or odds.active,
            paid=odds.paid,
        )
        wait = None
        if verdict.allowed:
            due = self._total_due
            wait = self.turns.pass_on(failed, self.plan.retry, luck=odds.luck, now=now, deadline=due)
        if wait is None:
            why = odds.note or "no candidate is left that can be tried in time"
            self.timeline.add(now, "no retry", why if verdict.allowed else verdict.reason)
            return self._settle(Outcome.FAILED, self._told or failed, now)
        self.timeline.add(now, "retry", f"{self.candidate.channel} in {wait:.3f}s: {verdict.reason}")
        effect = Retrying(tried, retry_class, failed, repair=mute, failover=failover)
        if wait <= 0:
            return (effect, *self._acquire(now))
        self.enter(Phase.BACKOFF, now)
        self._span = wait
        return (effect,)

    # -- readers -------------------------------------------------------------------------------------------------

    def _reader_left(self, _: on.Input, now: float) -> tuple[Effect, ...]:
        self.attached = False
        self.timeline.add(now, "client left", self.plan.on_disconnect.value)
        if self.plan.on_disconnect is OnDisconnect.CANCEL:
            return self._end(fault("client_gave_up"), now)
        if self.plan.on_disconnect is OnDisconnect.LINGER:
            self._linger_due = now + self.plan.linger
            self._cap = min(self._total_due, self._linger_due)
        return _NOTHING

    def _reader_came(self, _: on.Input, now: float) -> tuple[Effect, ...]:
        if not self.attached:
            self.timeline.add(now, "client returned")
        self.attached = True
        self._linger_due = math.inf
        self._cap = self._total_due
        return _NOTHING

    def _cancel(self, event: on.Cancel, now: float) -> tuple[Effect, ...]:
        return self._end(event.why or fault("cancelled"), now)

    # -- the end -------------------------------------------------------------------------------------------------

    def _end(self, why: Fault, now: float) -> tuple[Effect, ...]:
        return self._running(why) + self._settle(Outcome.CANCELLED, why, now)

    def _running(self, why: Fault) -> tuple[Effect, ...]:
        """The effect that ends what is running upstream, if anything is."""
        return _NOTHING if self.phase.clock is None else (Close(why),)

    def _settle(self, outcome: Outcome, why: Fault | None, now: float) -> tuple[Effect, ...]:
        self._heard(now)
        self.outcome = outcome
        self.timeline.add(now, str(outcome), why.code if why else "")
        self.enter(_SETTLED, now)
        self._cap = math.inf
        return _COMPLETED if why is None else (Settle(outcome, why),)

    def _heard(self, now: float) -> None:
        if not self._held:  # while a slow reader holds the upstream back, the silence is not the upstream's
            self.gap = max(self.gap, now - self._sign)
        self._sign = now


# Each action takes the one input that its row names.
Action = Callable[[Machine, Any, float], tuple[Effect, ...]]

_ALWAYS: dict[type, Action] = {
    on.Tick: Machine._tick,
    on.ReaderLeft: Machine._reader_left,
    on.ReaderCame: Machine._reader_came,
    on.Cancel: Machine._cancel,
}
_ATTEMPT: dict[type, Action] = {**_ALWAYS, on.Failed: Machine._failed}
# A response may come before the request is flushed (an early refusal), so flushing may be reported after the head.
_ANSWERED: dict[type, Action] = {
    **_ATTEMPT,
    on.Wrote: Machine._ignore,
    on.Sent: Machine._ignore,
    on.Paused: Machine._paused,
    on.Resumed: Machine._resumed,
    on.Ended: Machine._ended,
}

ROWS: dict[Phase, dict[type, Action]] = {
    Phase.NEW: {**_ALWAYS, on.Begin: Machine._begin},
    Phase.QUEUED: {**_ALWAYS, on.Granted: Machine._granted, on.Refused: Machine._refused},
    Phase.CONNECTING: {**_ATTEMPT, on.Connected: Machine._connected, on.Dispatched: Machine._dispatched},
    Phase.SENDING: {
        **_ATTEMPT,
        on.Wrote: Machine._wrote,
        on.Sent: Machine._sent,
        on.Headed: Machine._headed,
    },
    Phase.SENT: {**_ATTEMPT, **overtaking.ROW, on.Headed: Machine._headed, on.Replied: Machine._replied},
    # Committed before the first words: the provider has accepted a job, which will be paid for.
    Phase.HEAD: {**_ANSWERED, **overtaking.ROW, on.Content: Machine._content, on.Committed: Machine._committed},
    Phase.FLOWING: {**_ANSWERED, on.Content: Machine._ignore, on.Committed: Machine._committed},
    Phase.BACKOFF: dict(_ALWAYS),
    Phase.SETTLED: {},
}
for _phase, _row in ROWS.items():
    _phase.row = _row
