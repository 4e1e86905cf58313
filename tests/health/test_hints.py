"""What a worker tells of what it found out, and what it makes of what it hears."""

from __future__ import annotations

import msgspec
import pytest
from tests.health.worker import BROKEN, REFUSED, Time, Worker, catalog, letter, throttled, words

from outwait.core.fault import fault
from outwait.core.probed import Probe, Probed
from outwait.health.endpoint import Change
from outwait.health.hints import KEPT, LATER, RECENT, Box, Hints, Said
from outwait.health.learning import Learning
from outwait.health.learning_rules import LearningRules
from outwait.health.letter import Word, read, write
from outwait.health.tracker import HEARSAY


def whats(told: list[Word]) -> list[str]:
    return [word.what for word in told]


# ------------------------------------------------------------------------------------------------------------- telling
def test_an_ejection_and_its_end_are_told() -> None:
    worker, woken = Worker(), []
    worker.hints.woken = lambda: woken.append(worker.time.now)
    worker.eject()
    (word,) = worker.news()
    assert (word.what, word.channel, word.endpoint, len(word.mark)) == ("ejected", "one", "one/m", 16)
    assert woken
    assert worker.news() == []
    worker.time.now += 40
    worker.call()
    assert whats(worker.news()) == ["healthy"]


def test_only_the_latest_word_about_a_thing_is_told() -> None:
    worker = Worker()
    worker.eject()
    worker.eject("two/m")
    worker.time.now += 40
    worker.call()
    assert [(word.endpoint, word.what) for word in worker.news()] == [("two/m", "ejected"), ("one/m", "healthy")]


def test_a_suspicion_is_told() -> None:
    worker = Worker()
    worker.know()
    worker.hints.changed("one/m", Change.SUSPECT, "3 requests without an answer")
    assert whats(worker.news()) == ["suspect"]


def test_a_cut_is_told_while_it_is_news_and_growth_never() -> None:
    worker = Worker()
    endpoint = worker.know()
    endpoint.limiter.limit = 20
    hold, *_ = [worker.begin() for _ in range(20)]
    hold.leave(throttled())
    assert worker.told[-1] == ("one/m", Change.LIMIT, "20 -> 14")
    said = worker.hints.news()
    assert whats(words(said, worker.time.now)) == ["cut"]
    assert words(said, worker.time.now + RECENT) == []
    worker.hints.changed("one/m", Change.LIMIT, "14 -> 15")
    assert worker.news() == []


def test_a_dead_key_is_told_and_one_that_works_again() -> None:
    worker = Worker()
    hold = worker.begin()
    hold.leave(REFUSED)
    (word,) = worker.news()
    assert (word.what, word.channel, word.endpoint, word.key) == ("dead", "one", "", hold.candidate.key)
    assert worker.tracker.revive("one", word.key)
    assert whats(worker.news()) == ["revived"]


def test_a_rest_is_told_with_what_is_left_of_it() -> None:
    worker = Worker()
    hold = worker.begin()
    hold.leave(throttled(30.0))
    worker.hints.news()
    worker.hints.look()
    (said,) = worker.hints.news()
    (word,) = words([said], worker.time.now + 12)
    assert (word.what, word.endpoint, word.key, word.seconds) == ("rest", "one/m", hold.candidate.key, 18.0)
    assert words([said], worker.time.now + 30) == []
    worker.time.now += 5
    worker.hints.look()
    assert worker.news() == []  # the same
    worker.time.now += 26
    worker.hints.look()
    assert worker.hints._rests == {}


def test_a_longer_rest_is_told_anew() -> None:
    worker = Worker()
    worker.call("two/m", throttled(5.0))
    worker.hints.look()
    worker.news()
    worker.tracker.endpoints["two/m"].quotas[0].hold(60.0, worker.time.now, "asked again")
    worker.hints.look()
    assert [word.seconds for word in worker.news()] == [60.0]


def test_a_moment_of_rest_is_not_worth_a_word() -> None:
    worker = Worker()
    worker.call("two/m", throttled(0.2))
    worker.news()
    worker.hints.look()
    assert worker.news() == []


@pytest.mark.parametrize("failed", [None, fault("upstream_connect", detail="refused")])
def test_a_free_probe_is_told_with_its_age(failed: None) -> None:
    worker, other = Worker(), Worker(Time(7.0))
    worker.hints.probed("one", Probed(Probe.CONNECT, failed, 0.02, worker.time.now - 1, "a connection"))
    (said,) = worker.hints.news()
    heard: list[tuple[str, Probed]] = []
    other.hints.took = lambda *found: heard.append(found)
    other.hear(*words([said], worker.time.now + 2))
    assert heard == [("one", Probed(Probe.CONNECT, failed, 0.02, 7.0 - 3, "a connection"))]
    worker.hints.probed("one", Probed(Probe.CALL, None, 0.02, worker.time.now, "a call"))
    assert worker.news() == []


def test_who_comes_later_is_told_what_stands() -> None:
    worker = Worker()
    worker.eject()
    worker.begin("two/m").leave(REFUSED)
    worker.know("one/n")
    busy = [worker.begin("one/n") for _ in range(5)]
    worker.call("one/n", throttled())
    assert len(busy) == 5
    worker.call("one/o", throttled(20.0))
    worker.hints.look()
    assert sorted(whats(words(worker.hints.standing(), worker.time.now))) == ["cut", "dead", "ejected", "rest"]
    worker.time.now += 40
    worker.call()
    worker.tracker.revive("two", 0)
    assert worker.hints.standing() == []


def test_what_is_told_is_bounded() -> None:
    worker = Worker()
    for at in range(KEPT + 10):
        worker.know(f"one/{at}")
        worker.hints.changed(f"one/{at}", Change.EJECTED, "")
    news = worker.news()
    assert (len(news), news[0].endpoint, len(worker.hints.standing())) == (KEPT, "one/10", KEPT)


def test_what_is_not_of_the_configuration_is_nobodys_news() -> None:
    worker = Worker()
    worker.know()
    worker.hints.changed("one", Change.KEY_DEAD, "which one is not said")
    worker.tracker.channels["one"].listed = False
    worker.hints.changed("one/m", Change.EJECTED, "")
    worker.hints.changed("gone/m", Change.EJECTED, "")
    worker.hints.probed("gone", Probed(Probe.CONNECT, None, 0.0, 0.0, ""))
    assert worker.news() == []
    worker.hear(Word("ejected", "one", "", "one/m"))
    assert not worker.know().standing.shut


# ------------------------------------------------------------------------------------------------------------- hearing
def test_a_word_makes_careful_sooner_and_is_not_told_on() -> None:
    worker = Worker()
    worker.know()
    worker.hear(worker.word("ejected"))
    assert worker.shut()
    assert not worker.ejected()
    assert worker.told == [("one/m", Change.SUSPECT, HEARSAY)]
    worker.hear(worker.word("healthy"))
    assert not worker.shut()
    worker.call(failed=BROKEN)
    worker.hear(worker.word("ejected"))
    assert worker.ejected()
    assert worker.news() == []
    assert worker.hints.standing() == []


def test_what_is_found_out_after_a_word_is_told() -> None:
    worker = Worker()
    worker.know()
    worker.hear(worker.word("ejected"))
    worker.call()
    assert whats(worker.news()) == ["healthy"]


def test_a_cut_is_followed_once() -> None:
    worker = Worker()
    endpoint = worker.know()
    endpoint.limiter.limit = 20
    for _ in range(20):
        worker.begin()
    worker.hear(worker.word("cut"), worker.word("cut"))
    worker.hear(worker.word("cut"))
    assert (endpoint.limiter.limit, endpoint.standing.limit) == (14, 14)
    assert worker.told == [("one/m", Change.LIMIT, f"20 -> 14, {HEARSAY}")]
    assert worker.news() == []
    worker.time.now += 11
    worker.hear(worker.word("cut"))
    assert endpoint.limiter.limit == 9


def test_a_rest_is_kept_and_not_told_on() -> None:
    worker = Worker()
    keys = worker.know().standing.keys
    worker.hear(worker.word("rest", key=1, seconds=30.0), worker.word("rest", key=9, seconds=30.0))
    assert (keys.ready(worker.time.now), keys.pick(worker.time.now, 0.99)) == (True, 0)
    worker.hear(worker.word("rest", key=0, seconds=5.0))
    assert keys.wait(worker.time.now) == 5.0
    worker.hear(worker.word("rest", key=0, seconds=1.0))
    assert keys.wait(worker.time.now) == 5.0  # a pause only grows
    worker.hints.look()
    assert worker.news() == []


def test_a_key_dies_and_works_again_everywhere() -> None:
    worker = Worker()
    credentials = worker.tracker.channels["one"].credentials
    worker.hear(worker.word("dead", "one", key=1), worker.word("dead", "one", key=7))
    assert (credentials.dead, credentials.alive(1)) == (1, False)
    worker.hear(worker.word("revived", "one", key=1), worker.word("revived", "one", key=7))
    assert credentials.dead == 0
    assert [what for _, what, _ in worker.told] == [Change.KEY_DEAD, Change.KEY_REVIVED]
    assert worker.news() == []


def test_what_a_heard_probe_leads_to_is_not_told_on() -> None:
    worker = Worker()
    worker.know()

    def took(name: str, found: Probed) -> None:
        worker.hints.changed("one/m", Change.SUSPECT, "3 probes in a row failed")
        worker.hints.probed(name, found)

    worker.hints.took = took
    worker.hear(worker.word("probe", "one", seconds=0.1))
    assert worker.news() == []


def test_a_probe_that_nobody_takes_or_that_failed_in_unknown_ways() -> None:
    worker, heard = Worker(), list[object]()
    worker.hear(worker.word("probe", "one"))
    worker.hints.took = lambda *found: heard.append(found)
    worker.hear(worker.word("probe", "one", failed="upstream_melted"))
    assert heard == []


def test_words_of_another_configuration_are_of_no_use() -> None:
    worker, other = Worker(), Worker(listed=catalog(key="another"))
    worker.know()
    other.eject()
    other.eject("two/m")
    worker.know("two/m")
    worker.hear(*other.news())
    assert not worker.tracker.endpoints["one/m"].standing.shut
    assert worker.tracker.endpoints["two/m"].standing.shut  # that channel is the same


def test_a_mark_is_that_of_the_channel_as_it_is_now() -> None:
    worker = Worker()
    word = worker.word("ejected")
    worker.tracker.use(catalog(key="another"))
    worker.know()
    worker.hear(word)
    assert not worker.know().standing.shut
    assert worker.word("ejected").mark != word.mark


@pytest.mark.parametrize(
    "change",
    [{"what": "sings"}, {"what": "sings", "endpoint": ""}, {"channel": "gone"}, {"endpoint": "two/m"}, {"mark": ""}],
)
def test_words_that_mean_nothing_here_change_nothing(change: dict[str, str]) -> None:
    worker = Worker()
    worker.know()
    worker.know("two/m")
    worker.hear(msgspec.structs.replace(worker.word("ejected"), **change))
    assert worker.told == []


def test_a_word_waits_for_its_endpoint() -> None:
    worker = Worker()
    worker.hear(worker.word("ejected"), worker.word("rest", key=0, seconds=30.0), worker.word("sings"))
    worker.hear(worker.word("ejected", "two/m"), worker.word("healthy", "two/m"))
    worker.time.now += 10
    worker.hints.look()
    endpoint = worker.know()
    worker.know("two/m")
    assert not worker.shut()
    worker.hints.look()
    assert worker.shut()
    assert endpoint.standing.keys._until[0] == worker.time.now + 20
    assert not worker.tracker.endpoints["two/m"].standing.shut
    assert worker.news() == []


def test_it_does_not_wait_for_ever() -> None:
    worker = Worker()
    worker.hear(worker.word("ejected"), worker.word("rest", key=0, seconds=30.0))
    worker.time.now += 31
    worker.hints.look()
    assert len(worker.hints._later) == 1
    worker.time.now += LATER
    worker.hints.look()
    worker.know()
    worker.hints.look()
    assert worker.told == []
    assert not worker.hints._later


def test_waits_are_passed_on_and_bad_ones_spoil_the_whole_letter() -> None:
    worker = Worker()
    worker.know()
    worker.notes.seen = [{"endpoint": "one/m"}]
    assert worker.hints.waits() == [{"endpoint": "one/m"}]
    assert worker.hints.waits() == []
    with pytest.raises(ValueError, match="a row is a mapping"):
        worker.hints.hear(letter(worker.word("ejected"), waits=["bad"]))
    assert worker.told == []
    worker.hints.hear(letter(worker.word("ejected"), waits=[{"endpoint": "one/m"}]))
    assert worker.notes.heard == [{"endpoint": "one/m"}]
    assert len(worker.told) == 1


def test_what_is_really_learned_passes_through_a_letter() -> None:
    worker, other = Worker(), Worker()
    endpoint, rules = worker.know(), LearningRules(share=True)
    told, heard = Learning(rules), Learning(rules)
    for at in range(7):
        waiting = told.subject(endpoint.name, "chat", at).look(endpoint.watch, at)
        assert waiting is not None
        waiting.headed(at + 0.5)
        waiting.content(at + 1.5)
        waiting.end(at + 2.5, 0.25)
    for data in write([], Hints(worker.tracker, told).waits()):
        Hints(other.tracker, heard).hear(read(data))
    rows = heard.told(10.0)
    assert rows
    assert {row["samples"] for row in rows} == {7}
    assert heard.drain() == []  # what was heard is not told on


# ------------------------------------------------------------------------------------------------------------- the box
def said(name: str, what: str = "ejected", at: float = 0.0) -> Said:
    return Said(("state", name, 0), Word(what, "one", "", name), at)


def test_a_box_has_the_latest_word_about_each_thing() -> None:
    box = Box()
    assert not box
    box.put([said("a"), said("b"), said("a", "healthy")])
    assert [(one.word.endpoint, one.word.what) for one in box.take()] == [("b", "ejected"), ("a", "healthy")]
    assert not box


def test_what_could_not_be_told_comes_first_but_for_newer_word() -> None:
    box = Box()
    box.put([said("a"), said("b")])
    taken = box.take()
    box.put([said("c"), said("a", "healthy")])
    box.back(taken)
    assert [one.word.endpoint + one.word.what for one in box.take()] == ["bejected", "cejected", "ahealthy"]


def test_a_box_is_bounded() -> None:
    box = Box()
    box.put(said(str(at)) for at in range(KEPT + 5))
    assert [one.word.endpoint for one in box.take()][:1] == ["5"]
