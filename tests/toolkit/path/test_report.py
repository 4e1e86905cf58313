from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.toolkit.path.fakes import Path
from tests.toolkit.path.findings import BOUNDS, ran

from outwait.core.tongue import Tongue
from outwait.toolkit.path.course import Found
from outwait.toolkit.path.forward import Forward
from outwait.toolkit.path.judge import Outcome, Verdict
from outwait.toolkit.path.question import Form, Part, Question
from outwait.toolkit.path.report import as_json, cut_told, limit_told, nobody_told, sentences, short
from outwait.toolkit.path.search import Search
from outwait.toolkit.path.told import NoGateway

EN, ZH = Tongue.EN, Tongue.ZH
limits = st.one_of(st.just(math.inf), st.floats(0.5, 800))


def said(path: Path, tongue: Tongue = EN) -> list[str]:
    return list(sentences(ran(path), tongue))


def test_a_path_that_is_beaten() -> None:
    assert said(Path(60, 60, upload=60)) == [
        "The path cuts after 1m of silence. Heartbeats survive it: 2m30s of silence came through.",
        "stream: heartbeats after 10s, every 15s: survive 2m30s of silence",
        "JSON: heartbeats after 20s, every 15s: survive 2m30s of silence",
        "At nginx, the limit is set by: proxy_read_timeout (default: 1m)",
        "Uploads are passed on as they come: the gateway saw the request stand still for 58.8s.",
        "An upload that stands still for 1m is cut; no heartbeat helps there. Clients must send without such gaps.",
    ]


@pytest.mark.parametrize(
    "path, begins",
    [
        (Path(), "No cut up to 10m: silence passes this path."),
        (Path(1.5, 1.5), "The path cuts after 1.5s of silence. Heartbeats come no closer than one a second"),
        (Path(60, 60, 100), "The path cuts an answer 100s after its request, whatever comes"),
        (Path(held=True), "The path holds heartbeats back (stream, JSON): they arrive up to 4.6s late."),
        (Path(total=30, lost=True), "The path cuts after "),
    ],
)
def test_the_news(path: Path, begins: str) -> None:
    first = said(path)[0]
    assert first.startswith(begins), first


def test_a_thin_margin_is_said_and_only_where_there_is_one() -> None:
    thin = "The limit is short: heartbeats come once a second"
    assert any(each.startswith(thin) for each in said(Path(2.5, 2.5)))
    assert not any(each.startswith(thin) for path in (Path(), Path(60, 60)) for each in said(path))


def test_what_outwait_itself_ends_is_said() -> None:
    (told,) = (each for each in said(Path()) if "outwait itself" in each)
    assert told.startswith("outwait itself ends an upload after 2m (server.limits.body_time), or one slower than 1024")
    run = ran(Path())
    upload = run.findings.found[-1]
    run.findings.found[-1] = replace(upload, guarded=50.0)
    assert any(each.startswith("outwait itself cut the upload after 50s") for each in sentences(run, EN))


def test_a_path_that_takes_requests_whole_first() -> None:
    run = ran(Path())
    upload = run.findings.found[-1]
    assert upload.longest is not None
    run.findings.found[-1] = replace(upload, longest=replace(upload.longest, waited=0.01))
    assert any("saw none of the 115s" in each for each in sentences(run, EN))


def test_proxies_and_caps_are_told() -> None:
    forward = Forward("proxy", 3128, "me:secret", "HTTPS_PROXY")
    told = list(sentences(ran(Path(), forward=forward), EN))
    assert told[-1] == "HTTPS_PROXY is set and was not used; with --proxy the path goes through it."
    told = list(sentences(ran(Path(), forward=forward, used=True), EN))
    assert told[-1] == "The path goes through the proxy http://proxy:3128 (HTTPS_PROXY)."
    capped = list(sentences(ran(Path(), bounds=replace(BOUNDS, max_silence=100.0)), EN))
    assert capped[0].startswith("No cut up to 100s")
    assert capped[-1].startswith("The gateway allows silences up to 100s (server.probe.max_silence)")


def test_trouble_is_told() -> None:
    run = ran(Path())
    trouble = Outcome(Question(Form.JSON, Part.IDLE, 5), Verdict.TROUBLE, 0.1, code="foreign", why="status 403")
    found = Found(Form.JSON, Part.IDLE, Search(600), trouble=trouble)
    assert limit_told(found, 600, EN) == "not known: status 403"
    run.findings.found[0] = found
    assert as_json(run, EN)["limits"][0]["trouble"] == {"code": "foreign", "why": "status 403"}


@pytest.mark.parametrize(
    "search, told",
    [
        (Search(600, low=600, rounds=1), "none up to 10m"),
        (Search(600, low=58.8, high=60.002, rounds=2), "1m"),
        (Search(600, low=2.6, high=3.0017, rounds=2), "3s"),
        (Search(600, low=348, high=360, seen=False, rounds=4), "5m48s to 6m"),
        (Search(600, low=4.6, high=5.0, steady=False, rounds=3), "5s, not always"),
    ],
)
def test_a_limit_for_people(search: Search, told: str) -> None:
    assert limit_told(Found(Form.JSON, Part.IDLE, search), 600, EN) == told


def test_how_and_who() -> None:
    run = ran(Path(60, 60))
    assert cut_told(run.findings.found[0], run.findings, EN) == ("error page 504", "nginx")
    assert cut_told(run.findings.found[0], run.findings, ZH) == ("错误页 504", "nginx")
    assert cut_told(run.findings.found[-1], run.findings, EN) == ("", "")
    run = ran(Path(idle=30, upload=20))
    assert cut_told(run.findings.found[1], run.findings, EN) == ("closed inside the body", "nginx?")
    run = ran(Path(30, 30, lost=True))
    assert cut_told(run.findings.found[0], run.findings, EN) == ("dropped without a word", "a firewall or NAT?")


@pytest.mark.parametrize(
    "seconds, told", [(3.0017, "3s"), (4.96, "5s"), (2.55, "2.5s"), (59.96, "1m"), (100.4, "100s")]
)
def test_measured_times(seconds: float, told: str) -> None:
    assert short(seconds) == told


@given(limits, limits, limits, st.booleans(), st.sampled_from(Tongue))
def test_every_path_can_be_told(first_byte: float, idle: float, total: float, lost: bool, tongue: Tongue) -> None:
    run = ran(Path(first_byte, idle, total, lost=lost))
    told = json.loads(json.dumps(as_json(run, tongue), allow_nan=False))
    assert told["said"] == list(sentences(run, tongue))
    assert all(each.isascii() is (tongue is EN) for each in told["said"])
    assert told["verdict"] == run.advice.verdict
    for found in run.findings.found:
        assert limit_told(found, run.reach, tongue)
        cut_told(found, run.findings, tongue)


def test_the_object() -> None:
    told = as_json(ran(Path(5, 5, upload=5), up_to=20.0), EN)
    assert told["url"] == "http://gw"
    assert (told["gateway"], told["up_to"], told["seconds"]) == ("1.2.3", 20.0, 61.3)
    assert told["limits"][0] == {
        "form": "stream", "part": "first_byte", "limit": 5, "survived": 4.6, "cut_at": 5, "steady": True, "how": "page",
        "status": 504, "by": "nginx", "signed": True, "waited": None, "guarded": None, "trouble": None,
    }  # fmt: skip
    assert told["setting"] == {"after": 1.5, "json_after": 1.5, "every": 1.5}
    assert told["heartbeats"][0]["result"] == "survived"
    assert told["arrivals"][0]["arrived"] == [1, 2, 3, 4, 5]
    assert told["middleboxes"][0] == {
        "product": "nginx", "setting": "proxy_read_timeout", "default": 60, "kind": "idle",
    }  # fmt: skip


@pytest.mark.parametrize(
    "nobody, told",
    [
        (NoGateway("unreached", "h:1: Connection refused"), "The gateway cannot be reached: h:1: Connection refused."),
        (
            NoGateway("key", "Bad key."),
            "The gateway refuses the key, or the lack of one: Bad key. Give one with --key or OUTWAIT_API_KEY.",
        ),
        (NoGateway("off", "Off."), "The gateway offers no probes: Off."),
        (NoGateway("refused", "Busy."), "The gateway refuses: Busy."),
    ],
)
def test_nobody_there(nobody: NoGateway, told: str) -> None:
    assert nobody_told(nobody, "http://h", EN) == told
    assert not nobody_told(nobody, "http://h", ZH).isascii()


def test_somebody_else_there() -> None:
    told = nobody_told(NoGateway("foreign", "status 404", "nginx"), "http://h", EN)
    assert told.startswith("No outwait gateway answers at http://h (status 404, signed nginx). ")
    assert "run `outwait serve` behind it" in told
