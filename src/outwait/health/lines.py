"""Those who wait for a place, in one line for each set of endpoints that would do.

A line is in order (`policy.queueing`); an endpoint that is in several lines serves them in turn. An alarm rings for a
line when the first of its endpoints that rests may be used again.
"""

from __future__ import annotations

from collections.abc import Callable

from outwait.core.endpoints import Hold, Wish
from outwait.health.endpoint import Endpoint
from outwait.health.route import Route
from outwait.policy.queueing import Line, Queueing
from outwait.wire.wheel import NEVER, Alarm, Wheel

Granted = Callable[[Hold], None]

KEPT = 256  # lines where nobody waits; they know how quickly they moved


class Waiter:
    """One who waits. `granted`: told when there is a place."""

    __slots__ = ("granted", "row", "wish")

    def __init__(self, wish: Wish, granted: Granted, row: Row) -> None:
        self.wish = wish
        self.granted = granted
        self.row = row


class Row:
    """One line. `route`: where those in it may go."""

    __slots__ = ("alarm", "line", "route")

    def __init__(self, route: Route, numbers: Queueing, ring: Callable[[Row, float], None]) -> None:
        self.route = route
        self.line: Line[Waiter] = Line(numbers)
        self.alarm = Alarm(lambda now: ring(self, now))

    def opens(self, now: float) -> float:
        """When the first endpoint that rests may be used again; NEVER where none does."""
        waits = [endpoint.standing.keys.wait(now) for endpoint in self.route.endpoints]
        return min((now + wait for wait in waits if wait), default=NEVER)


class Lines:
    """All lines of a worker. `length`: how many wait in them. `ring`: told of a line whose moment has come."""

    __slots__ = ("_numbers", "_ring", "_rows", "_waiters", "_wheel", "length")

    def __init__(self, wheel: Wheel, numbers: Queueing, ring: Callable[[Row, float], None]) -> None:
        self.length = 0
        self._wheel = wheel
        self._numbers = numbers
        self._ring = ring
        self._rows: dict[tuple[str, ...], Row] = {}
        self._waiters: dict[tuple[int, Granted], Waiter] = {}

    def row(self, route: Route) -> Row:
        """The line for the endpoints of `route`."""
        row = self._rows.get(route.names)
        if row is None:
            if len(self._rows) >= KEPT:
                self._sweep()
            row = self._rows[route.names] = Row(route, self._numbers, self._ring)
        elif not row.line.length:
            row.route = route
        return row

    def enter(self, row: Row, wish: Wish, granted: Granted, now: float) -> None:
        """Wait, last of its key. Raises ValueError for who waits already."""
        name = (id(wish), granted)
        if name in self._waiters:
            raise ValueError("who waits already cannot wait twice")
        waiter = self._waiters[name] = Waiter(wish, granted, row)
        row.line.enter(wish.key, waiter, now)
        self.length += 1
        if row.line.length == 1:
            for endpoint in row.route.endpoints:
                endpoint.rows[row] = None
        self.wake(row, now)

    def withdraw(self, wish: Wish, granted: Granted, now: float) -> None:
        """Wait no longer. Raises ValueError for who does not wait."""
        waiter = self._waiters.pop((id(wish), granted), None)
        if waiter is None:
            raise ValueError("who does not wait cannot withdraw")
        waiter.row.line.leave(wish.key, waiter, now)
        self._gone(waiter.row)

    def take(self, row: Row, now: float) -> Waiter | None:
        """Who is next in `row` leaves it; None: nobody waits there."""
        waiter = row.line.take(now)
        if waiter is not None:
            del self._waiters[id(waiter.wish), waiter.granted]
            self._gone(row)
        return waiter

    def wake(self, row: Row, now: float) -> None:
        """Let the alarm of `row` ring when the next rest ends, as long as somebody waits there."""
        due = row.opens(now) if row.line.length else NEVER
        if due == NEVER:
            self._wheel.clear(row.alarm)
        else:
            self._wheel.set(row.alarm, due)

    def waiting(self) -> list[Row]:
        """The lines in which somebody waits."""
        return [row for row in self._rows.values() if row.line.length]

    def move(self, row: Row, route: Route) -> None:
        """The endpoints of `row` are now those of `route`, which have the same names."""
        for endpoint in row.route.endpoints:
            endpoint.rows.pop(row, None)
        row.route = route
        for endpoint in route.endpoints:
            endpoint.rows[row] = None

    def renumber(self, numbers: Queueing) -> None:
        """Go by other numbers: lines in which nobody waits begin anew."""
        self._numbers = numbers
        self._sweep()

    def _gone(self, row: Row) -> None:
        self.length -= 1
        if not row.line.length:
            for endpoint in row.route.endpoints:
                endpoint.rows.pop(row, None)
            self._wheel.clear(row.alarm)

    def _sweep(self) -> None:
        for names in [names for names, row in self._rows.items() if not row.line.length]:
            self._wheel.forget(self._rows.pop(names).alarm)


def turn(endpoint: Endpoint) -> Row | None:
    """Whose turn it is at `endpoint`; that line comes last from now on."""
    row = next(iter(endpoint.rows), None)
    if row is not None:
        del endpoint.rows[row]
        endpoint.rows[row] = None
    return row
