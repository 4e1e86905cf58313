"""The relay: one client's reply. The only writer of its connection.

                      first beat is due                 content
    WAITING ----------------------------> HELD ------------------------> FLOWING ----> CLOSED
       |                                                                    ^             ^
       `------------------------- content ----------------------------------'             |
       `------------------- the end: a whole reply, or the real status -------------------'

WAITING: nothing is out; a failure keeps its real HTTP status. HELD: headers and heartbeats are out; the status cannot
change any more, so a failure is told in band: a stream ends with its dialect's error event, a JSON reply with the error
and then a broken connection, which no client takes for success (FACTS 1.3). FLOWING: content is out. Heartbeats fill
every silence, whatever the exchange is doing meanwhile: waiting for a slot, for the model, backing off, failing over.
"""

from __future__ import annotations

from enum import Enum

from outwait.dialects.dialect import Voice
from outwait.dialects.profiles import Profile
from outwait.exchange.account import Delivery
from outwait.exchange.driver import Exchange
from outwait.exchange.replay import Gone
from outwait.policy import heartbeat
from outwait.relay import heads
from outwait.relay.skip import Skip
from outwait.wire.outlet import Outlet


class State(Enum):
    """What the client has seen."""

    WAITING = "waiting"
    HELD = "held"
    FLOWING = "flowing"
    CLOSED = "closed"


# Looked up once: the member of an enum takes 74 ns where it stands, and 10 here.
_WAITING, _HELD, _FLOWING, _CLOSED = State


class Relay:
    """Carries one exchange's answer to one client. No task waits in it: exchange, outlet and alarm call it."""

    __slots__ = (
        "_accepted",
        "_beside",
        "_exchange",
        "_outlet",
        "_profile",
        "_reader",
        "_skip",
        "_told",
        "_voice",
        "_written",
        "delivery",
        "state",
    )

    def __init__(
        self,
        exchange: Exchange,
        outlet: Outlet,
        profile: Profile,
        *,
        adopted: bool = False,
        named: bool = False,
        after: int | None = None,
    ) -> None:
        """`adopted`: a retry that was given this exchange. `named`: a client that has its name. `after`: a client that
        came back for it, having seen as many events (or the event of that number) of a stream; -1 for none.
        """
        self.state = _WAITING
        replayed = named and exchange.settled
        self._accepted = self._written = exchange.ports.clock()
        self.delivery = Delivery(
            adopted=adopted,
            reattached=after is not None,
            attached=named and not replayed,
            replayed=replayed,
            came=self._accepted,
        )
        self._exchange = exchange
        self._outlet = outlet
        self._profile = profile
        self._voice: Voice | None = None  # made when it is first needed
        self._skip: Skip | None = None  # what this client has seen before
        self._told = adopted or replayed  # such a failure was told before, in band or by the first try
        self._beside = after is None and bool(exchange.replay.readers)
        self._take_up(after)
        self._reader = exchange.join(self._pump, self.delivery)

    def _take_up(self, after: int | None) -> None:
        """Find the voice that must see the whole answer, behind what the client has seen of it.

        Who comes back may do so before its old connection is known to be dead, so the exchange has what each client is
        told from the start.
        """
        exchange = self._exchange
        if after is not None:
            self._come_back(after)
        if exchange.dialect.tracked and exchange.call.stream:
            self._find_voice()
        if self._voice is not None and not self._beside:
            exchange.inserted = self._voice.inserted

    def _come_back(self, after: int) -> None:
        """Go on behind what the client has seen; heartbeats that had numbers are among it."""
        inserted = [number for number in self._exchange.inserted if number <= after]
        self._find_voice().resume(after, inserted)
        if after >= 0:
            self._skip = Skip(after - len(inserted), numbered=self._exchange.dialect.numbered)

    def start(self) -> None:
        """Serve what is there, and wait for the rest."""
        if self._over():
            return
        outlet = self._outlet
        outlet.on_gone = self._gone
        outlet.on_drain = self._pump
        if outlet.gone:
            self._gone()
            return
        self._pump()
        if not self._over() and not self._exchange.dialect.silent(self._exchange.call):
            outlet.alarm(self._due(), self._ring)

    def _over(self) -> bool:
        return self.state is _CLOSED

    # -- frames --------------------------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Write what is there, as far as the client takes it; then the end, if it has come."""
        if self.state is _CLOSED:
            return
        exchange, reader, outlet, voice = self._exchange, self._reader, self._outlet, self._voice
        replay = exchange.replay
        if replay.finished and self.state is _WAITING and self._whole_reply():
            return
        try:
            # The first comparison saves asking in vain, which follows each chunk.
            while reader.taken != replay.size and not outlet.blocked and (data := reader.read()):
                if self._skip is not None and not (data := self._unseen(self._skip, data)):
                    continue
                if self.state is not _FLOWING:
                    self._flow()
                outlet.write(data if voice is None or not voice.edits else voice.say(data))
                self._written = exchange.ports.clock()
        except Gone:
            self._break_off()
            return
        if exchange.paused:
            exchange.took()
        if replay.finished and not self._over() and not reader.behind:
            self._end()

    def _unseen(self, skip: Skip, data: bytes) -> bytes:
        """What of `data` this client has not seen before."""
        data = skip.pass_on(data)
        if skip.done:
            self._skip = None
        return data

    def _whole_reply(self) -> bool:
        """The end came before anything was out: one write, with the real status. False where it must be streamed."""
        exchange, replay = self._exchange, self._exchange.replay
        failed = replay.fault
        if failed is not None and not (replay.count and exchange.call.stream):  # half a JSON body is worth nothing
            body = exchange.dialect.error_body(failed, exchange.id)
            headers = heads.identity(exchange) + heads.failure(failed, told=self._told)
            self._outlet.send(failed.status, self._marked(headers), body)
            self._close(whole=True, status=failed.status)
            return True
        if failed is not None or replay.count != 1 or replay.head is None or exchange.call.stream:
            return False
        body = self._reader.read()
        self._outlet.send(replay.head.status, self._marked(heads.answer(exchange, replay.head)), body)
        self.delivery.data = True
        self._close(whole=True, status=replay.head.status)
        return True

    def _flow(self) -> None:
        if self.state is _WAITING:
            self._open()
            self._written = self._exchange.ports.clock()
            self._outlet.alarm(self._due(), self._ring)  # from now on the silence after the last piece counts
        self.state = _FLOWING
        self.delivery.data = True

    def _open(self) -> None:
        exchange = self._exchange
        head = exchange.replay.head or exchange.dialect.reply_head(exchange.call)
        self._outlet.open(head.status, self._marked(heads.answer(exchange, head)))
        self.delivery.status = head.status
        self.state = _HELD

    def _marked(self, block: bytes) -> bytes:
        return block + heads.REPLAYED if self.delivery.replayed else block

    # -- the end -------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        failed = self._exchange.replay.fault
        if self.state is _WAITING:
            self._open()
        if failed is None:
            self._outlet.finish()
            self._close(whole=True)
        elif self._exchange.call.stream:
            self._outlet.write(self._find_voice().fail(failed, self._exchange.id))
            self._outlet.finish()
            self._close(whole=True)
        elif self.state is _HELD:
            self._outlet.write(self._exchange.dialect.error_body(failed, self._exchange.id))
            if self._exchange.plan.heartbeat.late_error == "body":
                self._outlet.finish()
                self._close(whole=True)
            else:
                self._break_off()
        else:
            self._break_off()

    def _break_off(self) -> None:
        """End the reply so that no client takes it for a whole one; its retry gets the truth."""
        self._outlet.abort()
        self.delivery.cut = True
        self._close(whole=False)

    def _gone(self) -> None:
        self._close(whole=False)

    def _close(self, *, whole: bool, status: int | None = None) -> None:
        if self.state is _CLOSED:
            return
        self.state = _CLOSED
        if status is not None:
            self.delivery.status = status
        self.delivery.whole = whole
        self._outlet.on_gone = self._outlet.on_drain = None
        if self._voice is not None and self._beside and not whole:
            self._exchange.inserted = self._voice.inserted
        self._exchange.leave(self._reader, self.delivery)

    # -- heartbeats ----------------------------------------------------------------------------------------------

    def _due(self) -> float:
        return heartbeat.due(
            self._exchange.plan.heartbeat,
            stream=self._exchange.call.stream,
            accepted=self._accepted,
            wrote=self._written if self.state is not _WAITING else None,
        )

    def _ring(self, now: float) -> None:
        """The heartbeat alarm: beat if it is due and the client takes bytes, then wait again."""
        if self.state is _CLOSED:
            return
        if now >= self._due() and not self._outlet.blocked and not self._reader.behind:
            self._beat_once(now)
        if not self._over():
            due = self._due()
            self._outlet.alarm(due if due > now else now + 1.0)

    def _beat_once(self, now: float) -> None:
        exchange = self._exchange
        if self.state is _FLOWING and not exchange.call.stream:
            self._written = now  # a JSON body that flows has no place for a beat
            return
        voice = self._find_voice()
        if exchange.machine.outcome is not None:
            voice.decided()
        beat = voice.beat()
        exchange.announced = exchange.announced or voice.announced
        if self.state is _WAITING:
            exchange.ports.held(exchange)
            if beat or exchange.plan.heartbeat.mode == "headers":
                self._open()
        self._written = now
        if beat:
            self._outlet.write(beat)
            self.delivery.heartbeats += 1

    def _find_voice(self) -> Voice:
        """What outwait says in this reply."""
        if self._voice is None:
            exchange = self._exchange
            self._voice = exchange.dialect.voice(exchange.call, exchange.plan.heartbeat, self._profile)
        return self._voice
