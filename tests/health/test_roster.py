"""Who is known, from one configuration to the next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outwait.core.catalog import Catalog, Channel
from outwait.core.plan import Candidate
from outwait.health.roster import MOST, Roster
from outwait.policy.health_rules import DEFAULT, HealthRules
from outwait.policy.keyring import KeyRule
from outwait.policy.standing import StandingRule
from outwait.policy.suspicion import SuspicionRule

CHANNEL = Channel("c", "openai", "https://x", ("k", "l"))
HERE = Candidate("c", "openai", "m", keys=2)


class House:
    def __init__(self) -> None:
        self.gone: list[str] = []
        self.roster = Roster(DEFAULT, self.gone.append)
        self.use(CHANNEL)
        self.endpoint = self.roster.endpoint(HERE, 0.0)

    def use(self, *channels: Channel) -> None:
        self.roster.use(Catalog(channels=channels))

    @property
    def same(self) -> bool:
        return self.roster.endpoint(HERE, 1.0) is self.endpoint


def test_an_endpoint_is_made_once() -> None:
    house = House()
    assert house.same
    assert house.roster.endpoints == {"c/m": house.endpoint}
    assert house.roster.channels["c"].endpoints == {"m": house.endpoint}


def test_what_is_the_same_keeps_its_state() -> None:
    house = House()
    house.use(replace(CHANNEL, max_in_flight=3, weight=2.0))
    assert house.same
    assert house.endpoint.standing.limit == 3
    assert house.gone == []


@pytest.mark.parametrize("change", [{"base_url": "https://y"}, {"dialect": "anthropic"}, {"region": "eu"}])
def test_what_leads_elsewhere_starts_anew_and_nothing_is_known_of_it(change: dict[str, str]) -> None:
    house = House()
    house.use(replace(CHANNEL, **change))  # type: ignore[arg-type] # all of these are text
    assert not house.same
    assert house.gone == ["c"]


def test_with_other_keys_it_starts_anew_but_is_as_fast_as_it_was() -> None:
    house = House()
    house.endpoint.standing.keys.credentials.kill(0, 0.0)
    house.use(replace(CHANNEL, api_keys=("new",)))
    assert not house.same
    assert len(house.roster.channels["c"].credentials) == 1
    assert house.gone == []


def test_who_is_configured_no_more_stays_while_something_runs() -> None:
    house = House()
    house.roster.channels["c"].running = 1
    house.use()
    assert not house.roster.channels["c"].listed
    assert not house.roster.sweep()
    assert house.same
    house.roster.channels["c"].running = 0
    assert house.roster.sweep()
    assert (house.roster.channels, house.roster.endpoints, house.gone) == ({}, {}, ["c"])
    assert not house.roster.sweep()


def test_an_old_plan_is_served_and_its_channel_forgotten() -> None:
    house = House()
    old = house.roster.endpoint(Candidate("old", "openai", "m", keys=2), 0.0)
    assert not old.channel.listed
    assert len(old.channel.credentials) == 2
    house.use(CHANNEL, replace(CHANNEL, name="old"))
    assert house.gone == ["old"]  # nobody knows where the plan led
    assert house.roster.channels["old"].listed


def test_other_numbers_hold_for_those_that_are_known() -> None:
    house = House()
    rules = HealthRules(keys=KeyRule(probe=7.0), standing=StandingRule(suspicion=SuspicionRule(every=9.0)))
    house.roster.renumber(rules, 1.0)
    assert house.roster.rules is rules
    house.endpoint.standing.keys.credentials.kill(0, 1.0)
    assert house.endpoint.standing.keys.credentials.next_probe(0) == 8.0
    house.endpoint.standing.suspect(1.0)
    assert house.endpoint.standing.suspicion.trial_at == 10.0


def test_of_too_many_endpoints_those_go_first_that_never_answered() -> None:
    roster = House().roster
    good = roster.endpoint(Candidate("c", "openai", "good"), 0.0)
    good.succeeded = 5.0
    busy = roster.endpoint(Candidate("c", "openai", "busy"), 0.0)
    held = busy.standing.enter(0.0)
    for number in range(MOST - 3):
        roster.endpoint(Candidate("c", "openai", f"made-up-{number}"), 0.0)
    assert not roster.sweep()
    roster.endpoint(Candidate("c", "openai", "one too many"), 0.0)
    assert roster.sweep()
    assert len(roster.endpoints) == MOST - MOST // 10
    assert roster.endpoints["c/good"] is good
    assert "c/busy" in roster.endpoints
    assert "c/made-up-0" not in roster.endpoints
    assert "c/one too many" in roster.endpoints
    assert set(roster.channels["c"].endpoints) == {name.removeprefix("c/") for name in roster.endpoints}
    busy.standing.leave(held, None, 1.0, 0.0)
