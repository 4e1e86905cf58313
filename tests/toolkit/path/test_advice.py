from __future__ import annotations

from dataclasses import replace

import pytest
from tests.toolkit.path.fakes import Path
from tests.toolkit.path.findings import advised, explored

from outwait.config.load import loads
from outwait.core.plan import Heartbeat
from outwait.policy import heartbeat
from outwait.toolkit.path.advice import Advice, Verdict, advise, by_whom
from outwait.toolkit.path.course import Findings
from outwait.toolkit.path.judge import Outcome
from outwait.toolkit.path.judge import Verdict as Became
from outwait.toolkit.path.question import Form, Part, Question


@pytest.mark.parametrize(
    "path, verdict, good",
    [
        (Path(), Verdict.CLEAR, True),
        (Path(upload=30), Verdict.CLEAR, True),
        (Path(60, 60), Verdict.BEATEN, True),
        (Path(60, 60, lost=True), Verdict.BEATEN, True),
        (Path(60, 60, 100), Verdict.TOTAL, False),
        (Path(total=15), Verdict.TOTAL, False),
        (Path(1.5, 1.5), Verdict.HOPELESS, False),
        (Path(20, 20, held=True), Verdict.HELD, False),
        (Path(held=True), Verdict.HELD, False),
        (Path(total=30, lost=True), Verdict.CUT, False),
    ],
)
def test_the_news(path: Path, verdict: Verdict, good: bool) -> None:
    advice = advised(path)
    assert (advice.verdict, advice.verdict.good) == (verdict, good)
    assert (advice.setting is not None) is (verdict is Verdict.BEATEN or path.idle < path.total < 600)


def test_one_setting_for_both_forms() -> None:
    assert advised(Path(60, 60)).setting == Heartbeat(after=10, json_after=20, every=15)
    advice = advised(Path(5, 5))
    assert advice.setting == Heartbeat(after=1.5, json_after=1.5, every=1.5)
    assert advice.yaml == "heartbeat: {after: 1.5s, json_after: 1.5s, every: 1.5s}"
    assert advice.header == "x-outwait-heartbeat: after=1.5s,json_after=1.5s,every=1.5s"


class Forked(Path):
    """Another path for JSON than for streams."""

    def __init__(self, stream: Path, whole: Path) -> None:
        super().__init__()
        self.ways = {Form.STREAM: stream, Form.JSON: whole}

    async def ask(self, question: Question) -> Outcome:
        return await self.ways.get(question.form, self.ways[Form.STREAM]).ask(question)


@pytest.mark.parametrize("turned", [False, True])
def test_the_stricter_form_decides_what_both_share(turned: bool) -> None:
    strict, mild = Path(6, 6), Path(30, 30)
    advice = advised(Forked(mild, strict) if turned else Forked(strict, mild))
    spans = (10, 2) if turned else (2, 10)
    assert advice.setting == Heartbeat(after=spans[0], json_after=spans[1], every=2)
    early, late = Path(20, 20, 40), Path(20, 20, 45)
    advice = advised(Forked(late, early) if turned else Forked(early, late))
    assert advice.total == pytest.approx(40)


def test_one_form_that_no_heartbeat_saves_leaves_no_setting() -> None:
    assert advised(Forked(Path(6, 6), Path(20, 20, held=True))).setting is None


def test_a_form_that_was_not_looked_at_gets_the_setting_of_the_other() -> None:
    assert advised(Path(6, 6), [Form.STREAM]).setting == Heartbeat(after=2, json_after=2, every=2)
    assert advised(Path(30, 30), [Form.JSON]).setting == Heartbeat(after=10, json_after=10, every=10)


def test_the_gateway_takes_what_is_printed() -> None:
    advice = advised(Path(5, 5))
    settings = loads(advice.yaml, serving=False)
    assert (settings.heartbeat.after, settings.heartbeat.every) == (1.5, 1.5)
    name, value = advice.header.split(": ")
    assert name == heartbeat.HEADER
    assert heartbeat.parse(value) == {"enabled": True, "after": 1.5, "json_after": 1.5, "every": 1.5}
    assert (Advice(Verdict.CLEAR).yaml, Advice(Verdict.CLEAR).header) == ("", "")


@pytest.mark.parametrize(
    "present, needed",
    [
        (Heartbeat(), False),
        (Heartbeat(every=5), False),
        (Heartbeat(every=16), True),
        (Heartbeat(enabled=False), True),
        (Heartbeat(json_after=30), True),
    ],
)
def test_whether_the_gateway_beats_often_enough_as_it_is(present: Heartbeat, needed: bool) -> None:
    assert advised(Path(60, 60), present=present).needed is needed


def test_a_limit_on_the_whole_answer() -> None:
    advice = advised(Path(60, 60, 100))
    assert advice.total == pytest.approx(100)
    assert {each.kind for each in advice.middleboxes} == {"idle"}  # nginx has no other
    assert advice.setting == Heartbeat(after=10, json_after=20, every=15)  # up to then it helps


def test_a_limit_on_the_whole_answer_that_cuts_silence_too_leaves_nothing_to_set() -> None:
    advice = advised(Path(total=30))
    assert advice.total == pytest.approx(30)
    assert (advice.setting, advice.middleboxes) == (None, ())


def test_who_cuts_the_whole_answer_may_show_in_its_head_only() -> None:
    class Shy(Path):
        """Its cuts of silence bear no mark."""

        async def ask(self, question: Question) -> Outcome:
            outcome = await super().ask(question)
            return outcome if question.beat is not None else replace(outcome, signer="", seen=())

    def envoy(outcome: Outcome | None) -> Outcome | None:
        return None if outcome is None else replace(outcome, seen=("Envoy",))

    findings = explored(Shy(20, 20, 40))
    findings.beaten = {form: replace(each, outcome=envoy(each.outcome)) for form, each in findings.beaten.items()}
    assert {(each.product, each.kind) for each in advise(findings, Heartbeat()).middleboxes} == {
        ("Envoy", "idle"),
        ("Envoy", "total"),
    }


def test_what_sets_the_limit_at_the_one_who_cuts() -> None:
    assert [(each.product, each.setting) for each in advised(Path(60, 60)).middleboxes] == [
        ("nginx", "proxy_read_timeout")
    ]
    assert advised(Path()).middleboxes == ()


def test_held_back_says_which_form() -> None:
    assert advised(Path(held=True), [Form.JSON]).held == (Form.JSON,)


def test_trouble_hides_all_other_news() -> None:
    findings = explored(Path(60, 60))
    trouble = Outcome(Question(Form.JSON, Part.IDLE, 5), Became.TROUBLE, 0.1, code="foreign", why="status 403")
    findings.found[0] = replace(findings.found[0], trouble=trouble)
    assert advise(findings, Heartbeat()).verdict is Verdict.TROUBLE


def test_who_cut() -> None:
    findings = explored(Path(60, 60))
    first_byte, idle, *_, upload = findings.found
    assert by_whom(first_byte, findings) == ("nginx", True)
    assert by_whom(idle, findings) == ("nginx", True)  # it cut at the moment that it signed
    assert by_whom(upload, findings) == ("", False)
    findings = explored(Path(idle=30))
    assert by_whom(findings.found[1], findings) == ("nginx", False)  # its mark is in the head
    findings = explored(Path(first_byte=60, idle=30))
    assert by_whom(findings.found[1], findings) == ("nginx", False)
    assert by_whom(findings.found[1], Findings()) == ("nginx", False)
