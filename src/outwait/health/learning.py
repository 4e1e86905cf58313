"""What a worker learns from the attempts it makes: how long endpoints let one wait, and how long their clocks run.

Three readers use it. The survival detector compares an endpoint's silence with the waits of its scenario at all
endpoints; the choice of an endpoint asks whether an attempt with so many seconds left is worth it; and the clocks
`first_byte`, `first_token` and `idle` of an attempt are those that were learned, where the operator left them open.

Memory is bounded: when too many pairs of endpoint and scenario are known, those go first that were not asked for the
longest time. Nothing here has a clock; `now` is the loop's. All it knows can be written as plain data, and read back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from outwait.core.catalog import Channel
from outwait.core.plan import Timeouts
from outwait.health import learning_export, learning_kept, learning_told
from outwait.health.learned import Key, News, Subject
from outwait.health.learning_rules import LearningRules, Mode
from outwait.health.learning_told import lessons
from outwait.policy.retry import Verdict
from outwait.policy.sketch import nested

ROOM = 8  # when there is no room, one in so many subjects is forgotten


class Learning:
    """All that is learned. `moves`: learned clocks take the place of others. `epoch`: another number whenever a subject
    was forgotten. `whole`: the upstream was asked for a reply in one piece, not for a stream.
    """

    __slots__ = ("_kept", "_rules", "_subjects", "epoch", "moves")

    def __init__(self, rules: LearningRules) -> None:
        self._rules = rules
        self.epoch = 0
        self.moves = rules.mode is Mode.ON
        self._kept = learning_kept.nothing()
        self._subjects = self._kept.subjects

    def subject(self, endpoint: str, scenario: str, now: float, *, whole: bool = False) -> Subject:
        """What is learned there; it may be kept as long as `epoch` is the same."""
        return self._subjects.get((endpoint, scenario, whole)) or self._made(endpoint, scenario, whole, now)

    @property
    def learns(self) -> bool:
        """Whether clocks are learned at all."""
        return self._rules.mode is not Mode.OFF

    def clocks(self, endpoint: str, scenario: str, timeouts: Timeouts, now: float, *, whole: bool = False) -> Timeouts:
        """The clocks of an attempt: `timeouts` itself where nothing is learned that may take its place."""
        subject = self._subjects.get((endpoint, scenario, whole))
        return timeouts if subject is None or not subject.learns else subject.clocks(timeouts, now)

    def worth(
        self, endpoint: str, scenario: str, left: float, paid: float, now: float, *, whole: bool = False
    ) -> Verdict | None:
        """Whether an attempt with `left` seconds is worth it; None where there is nothing to say. `paid`: share of its
        scenario's requests that may be paid twice (`core.plan.Retry.paid`).
        """
        return self.subject(endpoint, scenario, now, whole=whole).worth(left, paid, now)

    def usual(self, endpoint: str, scenario: str, now: float, *, whole: bool = False) -> float | None:
        """Seconds from an attempt's beginning to the first content of 95 % of such answers; None where nobody knows."""
        subject = self._subjects.get((endpoint, scenario, whole))
        return None if subject is None else subject.usual(now)

    def use(self, rules: LearningRules) -> None:
        """The configuration was read again; what was learned stays."""
        self._rules = rules
        self.moves = rules.mode is Mode.ON
        for subject in self._subjects.values():
            subject.use(rules)

    def forget(self, channel: str) -> None:
        """Forget the endpoints of `channel`: its upstream is another one now, or none."""
        self.epoch += 1
        start = f"{channel}/"
        for key in [key for key in self._subjects if key[0].startswith(start)]:
            del self._subjects[key]
        frozen = self._kept.frozen
        for name in [name for name in frozen if name is not None and name.startswith(start)]:
            del frozen[name]

    def freeze(self, endpoint: str | None = None, *, frozen: bool = True) -> None:
        """Let the clocks of `endpoint` (None: of all, also of those to come) stay as they are, or move again."""
        if endpoint is None:
            self._kept.frozen.clear()
        self._kept.frozen[endpoint] = frozen
        for subject in self._kept.of(endpoint):
            subject.freeze(frozen=frozen)

    def reset(self, now: float, endpoint: str | None = None) -> None:
        """Forget what was learned of `endpoint` (None: of all); nothing of it is frozen any more."""
        self.freeze(endpoint, frozen=False)
        for subject in self._kept.of(endpoint):
            subject.reset(now)
        if endpoint is None:
            for waits in self._kept.shared.values():
                waits.clear(now)

    def told(self, now: float, endpoint: str | None = None) -> list[dict[str, object]]:
        """What is learned of `endpoint` (None: of all), as rows of plain data (`learning_told.rows`)."""
        mode = self._rules.mode
        return [row for subject in self._kept.of(endpoint) for row in learning_told.rows(subject, mode, now)]

    def export(self, now: float, channels: Iterable[Channel] = ()) -> list[dict[str, object]]:
        """What is learned as `timeouts.rules`; `channels` tell which public names a model has."""
        subjects = self._subjects.values()
        return learning_export.rules(chain.from_iterable(lessons(subject, now) for subject in subjects), channels)

    def dump(self, now: float) -> dict[str, object]:
        """All that is known, as plain data for `restore`."""
        return self._kept.dump(now)

    def dumped(self, plain: dict[str, object], now: float) -> Iterator[None]:
        """The same, written into `plain` in small steps: in between, others may go on."""
        return self._kept.dumped(plain, now)

    def restore(self, plain: object, now: float, age: float = 0.0) -> None:
        """Know what `dump` wrote `age` seconds ago, and nothing else; to be called before the first attempt. Raises
        ValueError, naming the field, for anything else, and then nothing has changed.
        """
        self._kept = learning_kept.read(plain, self._rules, now, age)
        self.epoch += 1
        self._subjects = self._kept.subjects

    def drain(self) -> list[dict[str, object]]:
        """What was seen here since the last time, as plain data for `absorb`; nothing unless `share` is on."""
        return [news for subject in self._subjects.values() if (news := subject.drain()) is not None]

    def absorb(self, plain: object, now: float) -> None:
        """Count what another worker drained. Raises ValueError, naming the field, for anything else, and then nothing
        was counted.
        """
        if not isinstance(plain, list | tuple):
            raise ValueError("waits of another worker are a list")  # noqa: TRY004 - one error for all bad input
        for news in [nested(f"[{at}]", News.read, row) for at, row in enumerate(plain)]:
            key = news.key
            self.subject(key.endpoint, key.scenario, now, whole=key.whole).merge(news, now)

    def _made(self, endpoint: str, scenario: str, whole: bool, now: float) -> Subject:
        if len(self._subjects) >= self._rules.subjects:
            by_use = sorted(self._subjects.values(), key=lambda subject: (subject.frozen, subject.used))
            self.epoch += 1
            for subject in by_use[: max(1, len(by_use) // ROOM)]:
                del self._subjects[subject.key]
        return self._kept.subject(Key(endpoint, scenario, whole), self._rules, now)
