"""The supervisor: starts the workers, restarts what dies, passes on what it is told.

It owns the listening sockets, one per worker and address (SO_REUSEPORT), and hands them down. A worker that dies is
started again, less and less often if it keeps dying; meanwhile all that serve accept from its sockets too
(app.deputy): who is in its queue is neither reset nor kept waiting. While nobody serves, all wait for the next worker;
only when none comes up, try after try, are they reset, and who connects then is refused at once. When the supervisor
itself is gone, however it went, its workers leave too.

    SIGTERM, SIGINT   drain: stop accepting, let running answers finish; again: tell who still waits, and stop now
    SIGHUP            read the configuration again; if it is good, every worker takes it up
    SIGUSR2           start a fresh gateway that takes this one's place: new code without a gap

A gateway can take the place of one that runs (`takeover`): it accepts from the same sockets, and only when all its
workers serve is the other one told to drain. Until then nothing has changed for it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from outwait.app import doors, preflight, sockets, systemd
from outwait.app.handover import Handover
from outwait.app.line import PARTING, RELIEVED
from outwait.app.place import Place
from outwait.app.renewal import Renewal
from outwait.app.takeover import PROTOCOL, Offer, Predecessor
from outwait.config.errors import ConfigError
from outwait.config.settings import ServerSection, Settings
from outwait.wire.tasks import spawn

_log = logging.getLogger("outwait")

GRACE = 5.0  # seconds a worker gets beyond its drain before it is killed
HURRY = 3.0  # the same after the second signal
KILL = signal.SIGKILL
IN_VAIN = 3  # lives in a row that ended before they served, at every place, until nobody is let wait for the next
STARTING = 30.0  # seconds all workers have for their first start, and one more for each


class Supervisor:
    """Runs `settings.server.workers` workers until told to stop.

    `reread`: the settings as they are configured now; may raise ConfigError. `announce`: called once, with the URL,
    when all workers serve. `predecessor`: the gateway whose place this one takes. `renewal`: starts one that takes
    this one's place.
    """

    def __init__(
        self,
        settings: Settings,
        reread: Callable[[], Settings],
        announce: Callable[[str], None] | None = None,
        predecessor: Predecessor | None = None,
        renewal: Renewal | None = None,
    ) -> None:
        self._settings = settings
        self._reread = reread
        self._announce = announce
        self._predecessor = predecessor
        self._renewal = renewal
        self._sockets: list[sockets.Group] = []
        self._shared = False  # whether all workers accept from the same ones
        self._folder: Path | None = None
        self._places: list[Place] = []
        self._handover = Handover(self)
        self._started = False
        self._stop: asyncio.Event | None = None
        self._relieved = False
        self._hurried = False

    def bind(self) -> None:
        """Take the sockets: of the predecessor, those systemd opened, or new ones. Raises OSError when they cannot be
        had.
        """
        server = self._settings.server
        given = systemd.activated()
        if self._predecessor is not None:
            sockets.close([given])
            groups, self._shared = self._predecessor.groups, self._predecessor.offer.shared
        elif given:
            groups, self._shared = [given], True
        else:
            groups = sockets.bind(server.host, server.port, server.workers)
        if self._shared:
            sockets.check_open(groups[0], keys=bool(self._settings.keys))
            self._sockets = sockets.copies(groups[0], server.workers)
        else:
            self._sockets = sockets.spread(groups, server.workers)

    @property
    def url(self) -> str:
        """Where the gateway listens; after `bind`."""
        host, port = sockets.address(self._sockets)
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self._settings.server.tls else 'http'}://{shown}:{port}"

    async def run(self) -> int:
        """Serve; returns the exit status: 0 after an orderly end, 1 when workers could not start or were cut short."""
        self._stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, self._asked_to_stop, sign)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        loop.add_signal_handler(signal.SIGUSR2, self._renew)
        inherited = self._predecessor.offer.folder if self._predecessor is not None else ""
        try:
            with doors.folder(Path(inherited) if inherited else None) as self._folder, doors.figures(self._folder):
                numbered = enumerate(self._sockets)
                self._places = [Place(number, group, self._folder, self._stand_in) for number, group in numbered]
                return await self._serve()
        finally:
            self._handover.close()
            for place in self._places:
                place.close()
            if self._predecessor is not None:
                self._predecessor.close()

    async def _serve(self) -> int:
        keepers = [spawn(self._keep(place), f"keeper of worker {place.number}") for place in self._places]
        self._started = await self._all_ready(keepers)
        if self._started:
            await self._serving()
        elif not self._stopping():
            self._give_up()
            await asyncio.gather(*keepers)
            return 1
        await asyncio.gather(*keepers)
        if self._predecessor is not None:
            await self._predecessor.ended()  # who stops this gateway means both: it is not over while that one drains
        return 1 if self._hurried else 0

    async def _serving(self) -> None:
        """All workers serve: take the predecessor's place, unless this gateway was told to stop meanwhile."""
        if self._stopping():
            return
        if self._predecessor is not None:
            pid = self._predecessor.offer.pid
            if await self._predecessor.relieve():
                _log.info("this gateway has taken the place of process %d, which drains", pid)
            else:
                _log.warning("process %d, whose place this gateway takes, is gone already", pid)
        if self._announce is not None:
            self._announce(self.url)
        if not self._stopping():
            self._handover.open(Path(self._settings.data_dir))
            systemd.notify("READY=1", f"MAINPID={os.getpid()}", f"STATUS=listens on {self.url}")

    def _give_up(self) -> None:
        _log.error("the gateway could not start; what its workers said stands above")
        if self._predecessor is None:
            self._end(GRACE, KILL)
            return
        _log.error("process %d serves on", self._predecessor.offer.pid)
        self._predecessor.close()
        # Some may have accepted connections already, and their clients know nothing of all this.
        self._end(self._settings.server.drain + PARTING + GRACE, RELIEVED, starting=KILL)

    # -- workers -------------------------------------------------------------------------------------------------

    async def _keep(self, place: Place) -> None:
        """Keep one worker's place filled."""
        while not self._stopping():
            told = await self._live(place)
            if self._stopping():
                return
            if not self._started:
                _log.error("worker %d %s before it served", place.number, told)
                return
            pause = place.pause()
            _log.error("worker %d %s; restarting in %.1f s", place.number, told, pause)
            if self._hopeless():
                self._deafen(place)
            await self._sleep(pause)

    def _stand_in(self) -> None:
        """Let those who serve accept where nobody does. Before all have served once there is no need: who waits is
        served soon, or by the predecessor.
        """
        if not self._started or self._stopping() or self._shared:
            return
        vacant = {place.number: place.sockets for place in self._places if not place.ready.is_set()}
        for place in self._places:
            place.stand_in(vacant)

    def _hopeless(self) -> bool:
        """Whether at every place worker after worker ends before it serves: who waits for one, waits in vain."""
        return not self._shared and all(place.unserved >= IN_VAIN for place in self._places)

    def _deafen(self, place: Place) -> None:
        try:
            place.deafen()
        except OSError as error:
            _log.error("who connects to worker %d waits for it in vain: %s", place.number, error)

    async def _live(self, place: Place) -> str:
        """One worker's life, and what ended it."""
        try:
            await place.start(self._settings)
        except OSError as error:
            place.vacate(failed=True)
            return f"could not be started: {error.strerror or error}"
        if self._stopping():
            place.signal(signal.SIGTERM)
        status = await place.ended()
        return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"

    async def _all_ready(self, keepers: list[asyncio.Task[None]]) -> bool:
        """Wait until every worker serves; False when one ended before that, or took too long."""
        ready = spawn(self._everybody_serves(), "ready")
        patience = STARTING + len(keepers)
        await asyncio.wait({ready, *keepers}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        if ready.done():
            return True
        ready.cancel()
        if not self._stopping() and not any(keeper.done() for keeper in keepers):
            _log.error("not all workers served within %.0f s", patience)
        return False

    async def _everybody_serves(self) -> None:
        for place in self._places:
            await place.ready.wait()

    # -- signals -------------------------------------------------------------------------------------------------

    def _stopping(self) -> bool:
        return self._stop is not None and self._stop.is_set()

    def _asked_to_stop(self, sign: signal.Signals) -> None:
        if not self._stopping():
            drain = self._settings.server.drain
            _log.info("%s: draining; running answers have %g s to finish, a second signal ends them", sign.name, drain)
            systemd.notify("STOPPING=1")
            self._end(drain + GRACE, signal.SIGTERM)
        elif self._relieved:
            _log.info("%s: draining already; a second signal ends running answers", sign.name)
            self._relieved = False
        elif not self._hurried:
            _log.warning("%s again: stopping now", sign.name)
            self.hurry()
        else:
            self._end(0.0, KILL)

    def _end(self, patience: float, sign: signal.Signals, starting: signal.Signals | None = None) -> None:
        """Tell the workers to end by `sign`, and kill those that have not after `patience` seconds. `starting`: the
        signal for those that do not serve yet, if it is another.
        """
        assert self._stop is not None  # noqa: S101 - narrows the type; set before signals can come
        self._stop.set()
        self._handover.close()
        for place in self._places:
            place.close()
            place.signal(sign if starting is None or place.ready.is_set() else starting)
        spawn(self._kill_late(patience), "patience with workers")

    async def _kill_late(self, patience: float) -> None:
        await asyncio.sleep(patience)
        for place in self._places:
            if place.process is not None:
                _log.error("worker %d did not end in time; killing it", place.number)
                place.signal(KILL)

    def _reload(self) -> None:
        if self._stopping():
            return
        try:
            settings = self._reread()
            preflight.check(settings)
        except ConfigError as error:
            _log.error("the new configuration is not taken up; the old one stays in force:\n%s", error)
            return
        server, fixed = settlement(self._settings.server, settings.server)
        if fixed:
            _log.warning("a restart is needed for the new server.%s", ", server.".join(fixed))
        self._settings = settings.model_copy(update={"server": server})
        for place in self._places:
            place.tell(self._settings)

    def _renew(self) -> None:
        refusal = self._refusal() or ("" if self._renewal else "it cannot start one")
        if refusal or self._renewal is None:
            _log.error("SIGUSR2: no fresh gateway takes this one's place: %s", refusal)
        else:
            self._renewal.begin(relieved=self._stopping)

    # -- the successor's calls -----------------------------------------------------------------------------------

    def offer(self) -> Offer:
        """What this gateway says of itself to whoever wants its place."""
        server = self._settings.server
        return Offer(
            protocol=PROTOCOL,
            version=version("outwait"),
            pid=os.getpid(),
            host=server.host,
            port=server.port,
            bound=sockets.address(self._sockets)[1] if not self._stopping() else 0,
            refusal=self._refusal(),
            shared=self._shared,
            folder=str(self._folder or ""),
            groups=tuple(map(len, self.lent())),
        )

    def lent(self) -> list[sockets.Group]:
        """The listening sockets, worker by worker; once where all have the same."""
        groups = [place.sockets for place in self._places]
        return groups[:1] if self._shared else groups

    def relieve(self, pid: int) -> None:
        """The process `pid` serves in this gateway's place."""
        if self._stopping():
            return
        _log.info("process %d serves in this gateway's place: draining", pid)
        self._relieved = True
        systemd.notify(f"MAINPID={pid}")
        self._end(self._settings.server.drain + PARTING + GRACE, RELIEVED)

    def hurry(self) -> None:
        """There is no time left to drain."""
        self._hurried = True
        if self._predecessor is not None:
            self._predecessor.hurry()
        self._end(HURRY, signal.SIGINT)  # not SIGTERM again, which the system may merge with the first one

    def _refusal(self) -> str:
        if self._stopping():
            return "it is draining"
        if os.getpid() == 1:
            return "it is the first process of a container, which would end with it; start another container instead"
        return ""

    async def _sleep(self, seconds: float) -> None:
        """Sleep, but wake when the end has come."""
        assert self._stop is not None  # noqa: S101 - narrows the type
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return


def settlement(old: ServerSection, new: ServerSection) -> tuple[ServerSection, list[str]]:
    """What of `new` a reload can take up (the drain time, whose pages may call), and the names of changed fields that
    need a restart.
    """
    kept = old.model_copy(update={"drain": new.drain, "cors": new.cors})
    return kept, [name for name in ServerSection.model_fields if getattr(kept, name) != getattr(new, name)]
