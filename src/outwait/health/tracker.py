"""How all endpoints of this worker are, and who gets the next attempt: the answer to `core.endpoints`.

Nothing is decided here. Rules choose (`policy.choice`), hold back (`keyring`, `limiter`, `quota`), suspect (`survival`)
and order those who wait (`queueing`); the tracker asks them in the right order and keeps what they know.

Where all keys are dead, a call's first attempt is made with one of those all the same (`health.last_resort`).

Whenever a place may have become free, those who wait are served before anybody new: an attempt ended, a limit grew, an
endpoint is well again, a rest ended, a key was revived, the catalog changed. What only time opens (an ejection's end, a
suspect's next trial) is seen by `tick`, once a second.
"""

from __future__ import annotations

from collections.abc import Callable

from outwait.core.catalog import Catalog
from outwait.core.endpoints import Hold, Outlook, Wish
from outwait.core.fault import Fault
from outwait.core.plan import Candidate, Plan
from outwait.health import last_resort
from outwait.health.channel import ChannelHealth
from outwait.health.endpoint import Change, Endpoint, News
from outwait.health.hold import Held
from outwait.health.lines import Granted, Lines, Row, turn
from outwait.health.roster import Roster
from outwait.health.route import Learner, Route, Subject
from outwait.policy import choice, queueing
from outwait.policy.health_rules import DEFAULT, HealthRules
from outwait.policy.last_resort import Death
from outwait.policy.retry import Verdict
from outwait.policy.standing import Hint
from outwait.wire.wheel import Wheel

ROUTES = 2048  # plans whose routes are kept; a planner keeps half as many
HEARSAY = "a neighbour says so"  # the detail of news that was not found out here

Event = Callable[[str, Change, str], None]


class HealthTracker:
    """Implements `core.endpoints.Endpoints`. `clock`: loop seconds; `wall`: seconds since the epoch; `luck`: in [0, 1).

    `channels`, `endpoints`: by name, those that were asked for. `events` are told (endpoint or channel, what, detail).
    """

    def __init__(
        self,
        clock: Callable[[], float],
        wall: Callable[[], float],
        luck: Callable[[], float],
        wheel: Wheel,
        learning: Learner,
        rules: HealthRules = DEFAULT,
    ) -> None:
        self.now = clock
        self.today = wall
        self.chance = luck
        self._roster = Roster(rules, learning.forget)
        self.channels = self._roster.channels
        self.endpoints = self._roster.endpoints
        self.events: list[Event] = []
        self._learning = learning
        self._lines = Lines(wheel, rules.queueing, self._ring)
        self._routes: dict[int, Route] = {}
        self._ranked: Route | None = None
        self._free: dict[Endpoint, None] = {}
        self._serving = False

    # ------------------------------------------------------------------------------------------------------- the port
    def lone(self, plan: Plan) -> Hold | None:
        """A place at the only endpoint of `plan`, where that is well: nearly all requests of nearly all gateways."""
        route = self._routes.get(id(plan))
        if route is None or route.plan is not plan:
            route = self._route(plan, ())
        endpoint = route.lone
        if endpoint is None or self._lines.length:
            return None
        now = self.now()
        standing = endpoint.standing
        keys = standing.keys
        if standing.shut or now < keys.latest or keys.credentials.dead or standing.outstanding >= standing.limit:
            return None
        return self._seat(route, 0, choice.ONLY, (), now)

    def acquire(self, wish: Wish, granted: Granted) -> Hold | Fault | None:
        """A place now; or None: one will be `granted`; or why there is none, and will be none in time."""
        now = self.now()
        route = self._route(wish.plan, wish.places)
        if self._lines.length:
            self._serve(route.endpoints, now)
        found = self._choose(route, wish.sticky, now, retry=bool(wish.used))
        at = _first(route, found, now)
        if at is None:
            return self._wait(route, found, wish, granted)
        reason = found.reason if at == found.order[0] else f"{found.reason}; its first choice has no room"
        at, slow = self._in_time(route, found, at, wish.deadline - now, now)
        return self._seat(route, at, slow or reason, wish.used, now)

    def usual(self, plan: Plan, candidate: Candidate) -> float | None:
        """Seconds to the first content of 95 % of such answers."""
        return self._learning.usual(candidate.name, plan.scenario, self.now(), whole=candidate.whole)

    def withdraw(self, wish: Wish, granted: Granted) -> None:
        """Wait no longer. Raises ValueError for who does not wait."""
        self._lines.withdraw(wish, granted, self.now())

    def outlook(self, wish: Wish) -> Outlook:
        """Where an attempt could go now; `wish.places` does not matter."""
        now = self.now()
        plan = wish.plan
        route = self._route(plan, ())
        found = self._choose(route, wish.sticky, now, retry=True)
        left = wish.deadline - now
        order, notes = [], []
        for at in found.order:
            name = route.names[at]
            if found.forced and route.lone is None and route.standings[at].shut:
                notes.append(f"{name}: it is out, and so are most")  # one attempt a call is enough for an outage
                continue
            verdict = self._worth(route, at, left, now)
            if verdict is None or verdict.allowed:
                order.append(at)
            else:
                notes.append(f"{name}: {verdict.reason}")
        notes += [
            f"{name}: {endpoint.state(now)}"
            for at, (name, endpoint) in enumerate(zip(route.names, route.endpoints, strict=True))
            if at not in found.order
        ]
        return Outlook(tuple(order), "; ".join(notes))

    # ------------------------------------------------------------------------------------------------ what others tell
    def use(self, catalog: Catalog, rules: HealthRules | None = None) -> None:
        """Go by `catalog` from now on. What is the same in it keeps its state."""
        if rules is not None and rules != self._roster.rules:
            self._roster.renumber(rules, self.now())
            self._lines.renumber(rules.queueing)
        self._roster.use(catalog)
        self._roster.sweep()
        self._routes.clear()
        self._ranked = None
        for row in self._lines.waiting():
            self._lines.move(row, self._made(row.route.plan, row.route.places))
        self._serve(tuple(self.endpoints.values()), self.now())

    def tick(self, now: float) -> None:
        """Once a second: who hangs, and whom time alone has opened."""
        for endpoint in self.endpoints.values():
            self.tell(endpoint.check(now))
        for row in self._lines.waiting():
            self._serve(row.route.endpoints, now)
        if self._roster.sweep():
            self._routes.clear()

    def revive(self, channel: str, key: int) -> bool:
        """An admin, a probe or a neighbour says that a credential works; False: it was not dead."""
        known = self.channels.get(channel)
        if known is None or not 0 <= key < len(known.credentials) or known.credentials.alive(key):
            return False
        known.credentials.revive(key)
        self.tell([News(channel, Change.KEY_REVIVED, str(key))])
        self._stir(known, self.now())
        return True

    def hear(self, endpoint: str, hint: Hint) -> None:
        """A neighbour tells how an endpoint is. Those that are not asked here are no matter."""
        known = self.endpoints.get(endpoint)
        if known is None:
            return
        standing, now = known.standing, self.now()
        epoch, was_shut = standing.breaker.epoch, standing.shut
        standing.hear(hint, now, self.chance())
        news = [one._replace(detail=HEARSAY) for one in known.cleared(was_shut)]
        if standing.shut and (not was_shut or standing.breaker.epoch != epoch):
            what = Change.EJECTED if standing.breaker.open else Change.SUSPECT
            news.append(News(known.name, what, HEARSAY))
        self.tell(news)
        self._stir(known.channel, now)

    def hear_dead(self, channel: str, key: int, code: str = "") -> None:
        """A neighbour tells that a credential was refused, by a fault of this `code`."""
        known = self.channels.get(channel)
        if known is not None and 0 <= key < len(known.credentials) and known.credentials.alive(key):
            known.credentials.kill(key, self.now(), last_resort.hearsay(code))
            self.tell([News(channel, Change.KEY_DEAD, f"{key}, {HEARSAY}")])
            self._stir(known, self.now())

    # ------------------------------------------------------------------------------------------------- what holds tell
    def works(self, endpoint: Endpoint, key: int, death: Death) -> None:
        """The dead `key` was answered at `endpoint`: it is used again."""
        now = self.now()
        news = last_resort.answered(endpoint, key, death, now)
        self.changed(endpoint, news)
        if news:
            self._stir(endpoint.channel, now)

    def changed(self, endpoint: Endpoint, news: list[News]) -> None:
        """Something changed by an attempt at `endpoint`."""
        # What was asked as another channel of this name, before a reload, is no news of this one.
        if news and self.channels.get(endpoint.channel.name) is endpoint.channel:
            self.tell(news)

    def freed(self, endpoint: Endpoint, now: float) -> None:
        """An attempt left `endpoint`."""
        channel = endpoint.channel
        channel.running -= 1
        if channel.max_in_flight:
            channel.level()
        if self._lines.length:
            self._stir(channel, now)

    def opened(self, endpoint: Endpoint, now: float) -> None:
        """`endpoint` may take more than a moment ago."""
        if self._lines.length:
            self._stir(endpoint.channel, now)

    def tell(self, news: list[News]) -> None:
        """Something changed, and all who listen hear of it."""
        for one in news:
            for event in self.events:
                event(*one)

    # -------------------------------------------------------------------------------------------------- finding places
    def _route(self, plan: Plan, places: tuple[int, ...]) -> Route:
        route = self._routes.get(id(plan))
        if route is None or route.plan is not plan:
            route = self._made(plan, range(len(plan.candidates)))
            if len(self._routes) >= ROUTES:
                del self._routes[next(iter(self._routes))]
            self._routes[id(plan)] = route
        return route.part(places) if places else route

    def _made(self, plan: Plan, places: range | tuple[int, ...]) -> Route:
        now = self.now()
        return Route(plan, places, [self._roster.endpoint(plan.candidates[place], now) for place in places])

    def _choose(self, route: Route, sticky: int | None, now: float, *, retry: bool = False) -> choice.Choice:
        if self._ranked is not route:
            route.rank()
            self._ranked = route
        key = sticky if route.plan.sticky else None
        return choice.choose(route.standings, now, self.chance(), key=key, retry=retry, rule=self._roster.rules.choice)

    def _seat(self, route: Route, at: int, reason: str, used: tuple[tuple[int, int], ...], now: float) -> Held:
        """Begin an attempt at the place `at` of `route`."""
        endpoint, plan, place = route.endpoints[at], route.plan, route.places[at]
        candidate = plan.candidates[place]
        key = candidate.key
        if not endpoint.single:
            key = endpoint.pick(tuple([tried for where, tried in used if where == place]), now, self.chance())
        learning = self._learning
        subject = route.subjects[at]
        if subject is None or route.epoch != learning.epoch:
            subject = self._subject(route, at, now)
        waiting = subject.look(endpoint.watch, now)
        usual = clocks = candidate.timeouts or plan.timeouts
        if waiting is not None or learning.moves:
            clocks = learning.clocks(endpoint.name, plan.scenario, usual, now, whole=candidate.whole)
        if key != candidate.key or clocks is not usual:
            candidate = route.candidate(at, key, clocks)
        hold = Held(self, endpoint, candidate, place, reason, waiting)
        endpoint.standing.admit(hold, now)
        endpoint.attempts += 1
        channel = endpoint.channel
        channel.running += 1
        if channel.max_in_flight:
            channel.level()
        if endpoint.quotas:
            endpoint.spend(key, now)
        return hold

    def _knock(self, route: Route, at: int, now: float) -> Held:
        """Begin an attempt with a dead key at the place `at` of `route`."""
        hold = self._seat(route, at, choice.LAST_KEY, (), now)
        last_resort.knock(hold, route.endpoints[at], now)
        return hold

    def _hopeless(self, wish: Wish, now: float) -> bool:
        """Whether no key works at any endpoint of the plan, those included that will not do for this attempt."""
        return not wish.places or not self._choose(self._route(wish.plan, ()), None, now).order

    def _subject(self, route: Route, at: int, now: float) -> Subject:
        """Who learns from attempts at the place `at` of `route`, to be remembered there."""
        learning, plan = self._learning, route.plan
        whole = plan.candidates[route.places[at]].whole
        subject = learning.subject(route.names[at], plan.scenario, now, whole=whole)
        if route.epoch != learning.epoch:  # it may have made room for this one
            route.epoch = learning.epoch
            route.subjects = [None] * len(route.subjects)
        route.subjects[at] = subject
        return subject

    def _in_time(self, route: Route, found: choice.Choice, at: int, left: float, now: float) -> tuple[int, str]:
        """Who is asked instead of `at` where that would hardly answer within `left` seconds, and why; else `at`."""
        verdict = self._worth(route, at, left, now)
        if verdict is not None and not verdict.allowed:
            for other in found.order:
                quick = None if other == at else self._worth(route, other, left, now)
                if quick is not None and quick.allowed and route.standings[other].admits(now):
                    return other, f"{route.names[at]} may be too slow: {verdict.reason}"
        return at, ""

    def _worth(self, route: Route, at: int, left: float, now: float) -> Verdict | None:
        plan = route.plan
        whole = plan.candidates[route.places[at]].whole
        return self._learning.worth(route.names[at], plan.scenario, left, plan.retry.paid, now, whole=whole)

    # --------------------------------------------------------------------------------------------------------- waiting
    def _wait(self, route: Route, found: choice.Choice, wish: Wish, granted: Granted) -> Hold | Fault | None:
        now = self.now()
        if not found.order:
            last = not wish.used and self._hopeless(wish, now)  # a call that has failed is not sent on to a dead key
            at = choice.knock(route.standings, now) if last else None
            if at is not None:
                return self._knock(route, at, now)
            if not last or not last_resort.full(route, now):
                return last_resort.nobody(route, now)
        row = self._lines.row(route)
        asked = queueing.Wish(wish.key, route.slots, wish.deadline - now, found.wait)
        refused = row.line.judge(asked, now)
        if refused is None:
            self._lines.enter(row, wish, granted, now)
        return refused

    def _ring(self, row: Row, now: float) -> None:
        self._serve(row.route.endpoints, now)
        self._lines.wake(row, now)

    def _stir(self, channel: ChannelHealth, now: float) -> None:
        """Something happened at `channel`. Bad news may open another endpoint to those who wait for either: in a panic,
        and as a last resort.
        """
        rows = dict.fromkeys(row for endpoint in channel.endpoints.values() for row in endpoint.rows)
        for row in rows:
            self._serve(row.route.endpoints, now)

    def _serve(self, endpoints: tuple[Endpoint, ...], now: float) -> None:
        """Some of `endpoints` may take more: serve their lines. Who is served may ask and leave in the meantime."""
        for endpoint in endpoints:
            if endpoint.rows:
                self._free[endpoint] = None
        if self._serving:
            return
        self._serving = True
        try:
            while self._free:
                endpoint = next(iter(self._free))
                del self._free[endpoint]
                self._fill(endpoint, now)
        finally:
            self._serving = False

    def _fill(self, endpoint: Endpoint, now: float) -> None:
        """Serve the lines of `endpoint` in turn, until it is full or none of them can be."""
        vain = 0
        while vain < len(endpoint.rows) and (endpoint.room(now) or endpoint.spare(now)):
            row = turn(endpoint)
            if row is None or not self._serve_one(row, now):
                vain += 1
            else:
                vain = 0

    def _serve_one(self, row: Row, now: float) -> bool:
        route = row.route
        found = self._choose(route, None, now)
        last = not found.order
        at = choice.knock(route.standings, now) if last else _first(route, found, now)
        waiter = None if at is None else self._lines.take(row, now)
        if at is None or waiter is None:
            return False
        if last:
            waiter.granted(self._knock(self._route(waiter.wish.plan, waiter.wish.places), at, now))
            return True
        # Its plan may differ in all but the endpoints, and these stand in the same order.
        route = self._route(waiter.wish.plan, waiter.wish.places)
        found = self._choose(route, waiter.wish.sticky, now, retry=bool(waiter.wish.used))
        own = _first(route, found, now)
        at = at if own is None else own
        waiter.granted(self._seat(route, at, f"{found.reason}, after a wait", waiter.wish.used, now))
        return True


def _first(route: Route, found: choice.Choice, now: float) -> int | None:
    """The first of the order where an attempt may begin."""
    for at in found.order:
        if route.standings[at].admits(now) or (found.forced and route.endpoints[at].room(now)):
            return at
    return None
