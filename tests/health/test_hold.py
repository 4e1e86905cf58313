"""What a hold tells, to whom, and that it is over only once."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from outwait.core.endpoints import Hold
from outwait.core.fault import Fault, fault
from outwait.core.plan import Candidate
from outwait.health.channel import ChannelHealth
from outwait.health.endpoint import Change, Endpoint, News
from outwait.health.hold import TELLING, Held
from outwait.policy.breaker import BreakerRule
from outwait.policy.health_rules import HealthRules
from outwait.policy.last_resort import Death
from outwait.policy.limiter import Concurrency
from outwait.policy.standing import StandingRule

RULES = HealthRules(
    concurrency=Concurrency(start=2, step=1, floor=1), standing=StandingRule(breaker=BreakerRule(in_row=1))
)
RESET = fault("upstream_reset")


@dataclass
class Owner:
    """Keeps what it is told."""

    time: float = 0.0
    heard: list[object] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def today(self) -> float:
        return 1e9 + self.time

    def chance(self) -> float:
        return 0.0

    def changed(self, endpoint: Endpoint, news: list[News]) -> None:
        self.heard += [one.what for one in news]

    def freed(self, endpoint: Endpoint, now: float) -> None:
        self.heard.append("freed")

    def opened(self, endpoint: Endpoint, now: float) -> None:
        self.heard.append("opened")

    def works(self, endpoint: Endpoint, key: int, death: Death) -> None:
        self.heard.append(("works", key, death))


class Told:
    """What learns."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def headed(self, now: float, status: int) -> None:
        self.heard.append(("headed", now, status))

    def content(self, now: float) -> None:
        self.heard.append(("content", now))

    def end(self, now: float, gap: float, *, complete: bool) -> None:
        self.heard.append(("end", now, gap, complete))


def _held(owner: Owner, endpoint: Endpoint | None = None, key: int = 0) -> tuple[Held, Endpoint]:
    endpoint = endpoint or Endpoint(ChannelHealth("a", 2, RULES.keys), "m", RULES, 0.0)
    held = Held(owner, endpoint, Candidate("a", "openai", "m", key=key), 3, "the only one")
    endpoint.standing.admit(held, owner.time)
    return held, endpoint


def test_it_is_a_hold() -> None:
    hold: Hold = _held(Owner())[0]
    assert (hold.place, hold.reason, hold.candidate.name) == (3, "the only one", "a/m")


def test_a_call_that_ends_well() -> None:
    owner, told = Owner(), Told()
    hold, endpoint = _held(owner)
    hold.waiting = told
    hold.headed(200, {"content-type": "application/json"})
    owner.time = 1.0
    hold.content()
    owner.time = 2.0
    hold.leave(None, 0.5)
    # that content came is said again, since a reply in one piece says it only then; twice changes nothing
    assert told.heard == [("headed", 0.0, 200), ("content", 1.0), ("content", 2.0), ("end", 2.0, 0.5, True)]
    assert (endpoint.succeeded, endpoint.standing.outstanding, endpoint.failures) == (2.0, 0, 0)
    assert owner.heard == [Change.LIMIT, "freed"]


def test_a_reply_in_one_piece_has_its_first_content_with_its_end() -> None:
    owner, told = Owner(), Told()
    hold, _ = _held(owner)
    hold.waiting = told
    hold.headed(200, {"content-type": "application/json"})
    owner.time = 1.0
    hold.leave(None)
    assert told.heard == [("headed", 0.0, 200), ("content", 1.0), ("end", 1.0, 0.0, True)]


def test_success_at_a_limit_that_nobody_leans_on_is_no_news() -> None:
    owner = Owner()
    hold, endpoint = _held(owner, Endpoint(ChannelHealth("a", 1, RULES.keys), "m", HealthRules(), 0.0))
    hold.leave(None)
    assert (owner.heard, endpoint.succeeded) == (["freed"], 0.0)


def test_nobody_needs_to_learn() -> None:
    owner = Owner()
    hold, endpoint = _held(owner)
    hold.headed(200, {})
    hold.content()
    hold.leave(None)
    assert owner.heard[-1] == "freed"
    assert endpoint.quotas == {}


@pytest.mark.parametrize("failed", [None, RESET, fault("client_gave_up")])
def test_only_the_first_leaving_counts(failed: Fault | None) -> None:
    owner, told = Owner(), Told()
    hold, endpoint = _held(owner)
    hold.waiting = told
    hold.leave(failed)
    before = (list(owner.heard), list(told.heard), endpoint.standing.outstanding, endpoint.failures)
    hold.leave(RESET)
    hold.leave(None)
    assert (owner.heard, told.heard, endpoint.standing.outstanding, endpoint.failures) == before
    assert before[2] == 0


def test_a_failure() -> None:
    owner, told = Owner(), Told()
    hold, endpoint = _held(owner)
    hold.waiting = told
    hold.leave(RESET, 1.5)
    assert told.heard == [("end", 0.0, 1.5, False)]
    assert owner.heard == [Change.EJECTED, "freed"]
    assert endpoint.succeeded is None


def test_content_of_a_trial_opens_the_endpoint() -> None:
    owner = Owner()
    hold, endpoint = _held(owner)
    late, _ = _held(owner, endpoint)
    hold.leave(RESET)
    late.content()
    assert owner.heard == [Change.EJECTED, "freed"]
    owner.time = 31.0
    trial, _ = _held(owner, endpoint)
    trial.content()
    assert owner.heard[2:] == [Change.HEALTHY, "opened"]
    trial.leave(None)
    assert not endpoint.standing.shut


def test_a_trial_without_content_that_ends_well_opens_it_too() -> None:
    owner = Owner()
    hold, endpoint = _held(owner)
    hold.leave(RESET)
    owner.time = 31.0
    trial, _ = _held(owner, endpoint)
    trial.leave(None)
    assert Change.HEALTHY in owner.heard


def test_rate_headers_are_of_the_key_that_was_used() -> None:
    owner = Owner()
    hold, endpoint = _held(owner, key=1)
    hold.headed(200, {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "9s"})
    assert endpoint.quotas[1].wait(0.0) == 9.0
    assert endpoint.standing.keys.pick(0.0, 0.9) == 0


def test_garbage_is_no_news() -> None:
    hold, endpoint = _held(Owner())
    hold.headed(200, {"retry-after": "soon", "x-ratelimit-remaining-tokens": "-"})
    assert endpoint.quotas == {}


def test_the_names_that_tell() -> None:
    assert "x-ratelimit-remaining-tokens" in TELLING
    assert "anthropic-ratelimit-input-tokens-remaining" in TELLING
    assert "retry-after-ms" in TELLING
    assert "x-ratelimit-limit-tokens" not in TELLING
