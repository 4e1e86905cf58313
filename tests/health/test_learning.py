"""All that a worker learns: whom it looks at, what it forgets, what it shares, and what outlives it."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field

import pytest
import yaml

from outwait.config.load import loads
from outwait.core.catalog import Channel
from outwait.core.plan import Span, Timeouts
from outwait.health.learning import Learning
from outwait.health.learning_rules import LearningRules, Mode
from outwait.health.waiting import Waiting
from outwait.policy.survival import Silence, Watch


def _timeouts(span: Span, total: Span) -> Timeouts:
    return Timeouts(span, span, span, span, span, span, total)


USUAL = _timeouts(Span(900, "scenario reasoning"), Span(3600, "scenario reasoning"))


@dataclass
class Endpoint:
    name: str = "openai/o3"
    watch: Watch = field(default_factory=Watch)


def _wait(made: Learning, endpoint: Endpoint, scenario: str, now: float, *, whole: bool = False) -> Waiting | None:
    return made.subject(endpoint.name, scenario, now, whole=whole).look(endpoint.watch, now)


def _taught(rules: LearningRules | None = None, seconds: float = 100) -> Learning:
    made = Learning(rules or LearningRules())
    _teach(made, Endpoint(), seconds)
    return made


def _teach(made: Learning, endpoint: Endpoint, seconds: float, times: int = 250) -> None:
    """So many answers, one after the other; each wait of them took `seconds`."""
    for at in range(times):
        waiting = _wait(made, endpoint, "reasoning", at)
        assert waiting is not None
        waiting.headed(at + seconds)
        waiting.content(at + 2 * seconds)
        waiting.end(at + 3 * seconds, seconds)
    made.clocks(endpoint.name, "reasoning", USUAL, 300)


def _idle(made: Learning, endpoint: str = "openai/o3", now: float = 400) -> float:
    return made.clocks(endpoint, "reasoning", USUAL, now).idle.seconds


def test_from_attempts_to_clocks() -> None:
    made = _taught(seconds=200)
    found = made.clocks("openai/o3", "reasoning", USUAL, 300)
    assert found.first_byte.seconds == found.first_token.seconds == pytest.approx(400, rel=0.045)
    assert found.idle.reason.startswith("learned from 250 waits")
    assert made.clocks("openai/o3", "reasoning", USUAL, 301, whole=True) is USUAL
    assert made.clocks("openai/o3", "chat", USUAL, 301) is USUAL
    assert made.clocks("azure/o3", "reasoning", USUAL, 301) is USUAL
    assert _wait(made, Endpoint(), "reasoning", 302, whole=True) is not None
    assert made.clocks("openai/o3", "reasoning", USUAL, 303, whole=True) is USUAL


@pytest.mark.parametrize("mode", list(Mode))
def test_only_on_moves_clocks(mode: Mode) -> None:
    made = _taught(LearningRules(mode=mode))
    assert made.moves is (mode is Mode.ON)
    assert (_idle(made) < 900) is made.moves


def test_off_learns_no_clocks() -> None:
    made = _taught(LearningRules(mode=Mode.OFF))
    assert made.clocks("openai/o3", "reasoning", USUAL, 300) is USUAL
    assert made.told(300) == []
    assert made.export(300) == []
    assert made.worth("openai/o3", "reasoning", 10, 0, 300) is not None


def test_a_suspect_endpoints_one_request_is_always_looked_at() -> None:
    made, endpoint = Learning(LearningRules()), Endpoint()
    looked = [_wait(made, endpoint, "chat", 0.5) is not None for _ in range(40)]
    assert looked.count(True) == 20 + 3  # the 24th, 32nd and 40th
    endpoint.watch.doubt(Silence(3, 10, 60), 0.5)
    assert not endpoint.watch.admits(0.6)
    assert endpoint.watch.admits(60.5)
    for _ in range(41):
        _wait(made, endpoint, "chat", 60.5)
    waiting = _wait(made, endpoint, "chat", 60.6)
    assert waiting is not None
    assert not endpoint.watch.admits(61)
    waiting.content(62)
    assert endpoint.watch.suspect is None


def test_silence_is_compared_with_all_endpoints() -> None:
    made, luck = Learning(LearningRules()), random.Random(3)
    for at in range(100):
        waiting = _wait(made, Endpoint(f"a{at % 4}/m"), "chat", at)
        assert waiting is not None
        waiting.content(at + luck.uniform(0.5, 2))
        waiting.end(at + 3)
    hung = Endpoint("new/m")
    for _ in range(4):
        _wait(made, hung, "chat", 200)
    assert not hung.watch.check(201)
    assert hung.watch.check(260)
    wholly = Endpoint("whole/m")
    for _ in range(4):
        _wait(made, wholly, "chat", 200, whole=True)
    assert not wholly.watch.check(260)  # of whole replies nothing is known


def test_worth() -> None:
    made = _taught()
    assert made.worth("openai/o3", "reasoning", 900, 0, 300) is None
    short = made.worth("openai/o3", "reasoning", 20, 0, 300)
    assert short is not None
    assert not short.allowed
    new = made.worth("azure/o3", "reasoning", 20, 0, 300)
    assert new is not None
    assert "of this scenario" in new.reason
    assert made.worth("azure/o3", "chat", 20, 0.02, 300) is None


def test_what_usually_passes() -> None:
    made = _taught()
    usual = made.usual("openai/o3", "reasoning", 300)
    assert usual is not None
    assert usual > 0
    assert made.usual("openai/o3", "reasoning", 300, whole=True) is None
    assert made.usual("azure/o3", "reasoning", 300) is None  # nobody has asked it yet


def test_memory_is_bounded_and_the_idle_go_first() -> None:
    made = Learning(LearningRules(subjects=16))
    kept = Endpoint("kept/m")
    _wait(made, kept, "chat", 0)
    _wait(made, Endpoint("frozen/m"), "chat", 0)
    made.freeze("frozen/m")
    for at in range(1, 200):
        _wait(made, kept, "chat", at)
        _wait(made, Endpoint(f"a/{at}"), "chat", at)
        assert len(made._subjects) <= 16
    names = {key[0] for key in made._subjects}
    assert {"kept/m", "frozen/m", "a/199", "a/198"} < names
    assert "a/100" not in names
    tiny = Learning(LearningRules(subjects=1))
    for at in range(3):
        _wait(tiny, Endpoint(f"a/{at}"), "chat", at)
    assert len(tiny._subjects) == 1
    assert tiny.epoch == 2  # what was kept of the first two is no more


def test_endpoints_that_are_gone_are_forgotten() -> None:
    made = _taught()
    _teach(made, Endpoint("azure/o3"), 100)
    made.freeze("azure/o3")
    made.forget("azur")
    assert _idle(made, "azure/o3") < 900
    before, subject = made.epoch, made.subject("azure/o3", "reasoning", 300)
    made.forget("azure")
    assert made.epoch != before
    assert made.subject("azure/o3", "reasoning", 300) is not subject
    assert {row["endpoint"] for row in made.told(300)} == {"openai/o3"}
    assert _idle(made, "azure/o3") == 900
    _wait(made, Endpoint("azure/o3"), "reasoning", 500)
    assert made.told(500, "azure/o3") == []  # nothing is frozen any more
    assert _idle(made) < 900


def test_freezing_one_or_all() -> None:
    made = _taught()
    _teach(made, Endpoint("azure/o3"), 100)

    def frozen() -> set[object]:
        return {row["endpoint"] for row in made.told(300) if row["frozen"]}

    made.freeze("openai/o3")
    assert frozen() == {"openai/o3"}
    made.freeze()
    assert frozen() == {"openai/o3", "azure/o3"}
    _wait(made, Endpoint("new/o3"), "reasoning", 300)
    assert "new/o3" in frozen()
    made.freeze("azure/o3", frozen=False)
    assert frozen() == {"openai/o3", "new/o3"}
    made.freeze(frozen=False)
    assert frozen() == set()


def test_resetting_one_or_all() -> None:
    made = _taught()
    _teach(made, Endpoint("azure/o3"), 100)
    made.freeze()
    made.reset(300, "azure/o3")
    assert (_idle(made), _idle(made, "azure/o3")) != (900, 900)
    assert _idle(made, "azure/o3") == 900
    assert {row["endpoint"] for row in made.told(300)} == {"openai/o3"}
    assert made.worth("new/o3", "reasoning", 20, 0, 300) is not None
    made.reset(301)
    assert made.told(301) == []
    assert made.worth("newer/o3", "reasoning", 20, 0, 400) is None
    _wait(made, Endpoint("new/o3"), "reasoning", 302)
    assert not any(row["frozen"] for row in made.told(302))


def test_new_rules() -> None:
    made = _taught()
    made.use(LearningRules(floor={"idle": 700}))
    assert _idle(made) == 700
    made.use(LearningRules(mode=Mode.OBSERVE))
    assert _idle(made) == 900
    assert [row["used"] for row in made.told(401)] == [False] * 3
    made.use(LearningRules(subjects=1))
    _wait(made, Endpoint("a/b"), "chat", 402)
    assert {key[0] for key in made._subjects} == {"a/b"}


def test_what_is_exported_loads() -> None:
    made = _taught()
    rules = made.export(300, [Channel("openai", "openai", "", model_map={"smart": "o3"})])
    settings = loads(yaml.safe_dump({"timeouts": {"rules": rules}}), serving=False)
    assert [rule.match.given()["model"] for rule in settings.timeouts.rules] == ["o3", "smart"]
    for rule in settings.timeouts.rules:
        assert rule.match.given()["scenario"] == "reasoning"
        assert rule.spans() == {"first_byte": 225, "first_token": 225, "idle": 225}
    assert made.export(300)[0]["match"] == {"model": "o3", "scenario": "reasoning"}


def test_a_restart_forgets_nothing() -> None:
    before, after = _taught(), Learning(LearningRules())
    before.freeze("openai/o3")
    after.restore(json.loads(json.dumps(before.dump(300))), 7, age=10)
    assert after.clocks("openai/o3", "reasoning", USUAL, 8) == before.clocks("openai/o3", "reasoning", USUAL, 301)
    assert after.told(8) == before.told(301)
    _wait(after, Endpoint(), "reasoning", 9)
    assert len(after._subjects) == 1


def test_a_bad_dump_changes_nothing() -> None:
    made = _taught()
    plain = made.dump(300)
    with pytest.raises(ValueError, match=r"^subjects\[1\]: a row"):
        made.restore({**plain, "subjects": [*plain["subjects"], 7]}, 300)  # type: ignore[misc] # a list, as it was written
    assert made.dump(300) == plain


def test_workers_share_what_they_learn() -> None:
    rules = LearningRules(share=True)
    here, there = _taught(rules), Learning(rules)
    news = json.loads(json.dumps(here.drain()))
    there.absorb(news, 300)
    assert there.clocks("openai/o3", "reasoning", USUAL, 300) == here.clocks("openai/o3", "reasoning", USUAL, 300)
    assert there.worth("new/o3", "reasoning", 20, 0, 300) == here.worth("new/o3", "reasoning", 20, 0, 300) is not None
    assert here.drain() == there.drain() == []
    assert _taught().drain() == []


@pytest.mark.parametrize("change, field", [(7, r"\[1\]: a row"), (None, "waits of another worker")])
def test_bad_news_change_nothing(change: object, field: str) -> None:
    here, there = _taught(LearningRules(share=True)), Learning(LearningRules())
    with pytest.raises(ValueError, match=f"^{field}"):
        there.absorb(change and [*here.drain(), change], 0)
    assert there.told(0) == []
