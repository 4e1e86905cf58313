"""Real SDKs behind real proxies that cut silence after three seconds: what a program sees, with outwait and without.

The slice of the matrix that every run plays; `python -m tests.conformance` plays all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pytest
from tests.conformance import scene
from tests.conformance.cases import DIRECT, FAULTS, MODES, PROXIES, SCRIPTS, Case, able, cases, few
from tests.conformance.limits import LIMITS, limit
from tests.conformance.verdict import Verdict
from tests.conformance.voices import DIALECTS, VOICES
from tests.e2e.acts import Serve
from tests.e2e.backstage import Provider
from tests.e2e.stage import Gateway, Stage

PATIENCE = 100.0  # seconds an SDK's process may take; nearly all of it is for slow machines
pytestmark = pytest.mark.timeout(PATIENCE + 60)

SLICE = {case.name: case for case in few()}


def rows_of(*whats: str) -> pytest.MarkDecorator:
    named = [name for name, case in SLICE.items() if case.what in whats]
    return pytest.mark.parametrize("name", named, ids=[name.replace(" ", "-") for name in named])


@pytest.fixture(scope="module")
def gateway(serve: Serve, provider: Provider) -> Iterator[Gateway]:
    with scene.quick_disk() as data:
        gateway = serve(scene.config(provider.port, data), "conformance")
        yield gateway
        assert gateway.stop() == 0


@pytest.fixture(scope="module")
def roots(stage: Stage, gateway: Gateway, provider: Provider) -> Mapping[tuple[str, str], str]:
    return scene.roots(stage, gateway.port, provider.port)


@pytest.fixture(scope="module")
def verdicts(roots: Mapping[tuple[str, str], str], provider: Provider) -> Mapping[Case, Verdict]:
    """What every program was told, asked once for all tests."""
    return scene.play([case for case in SLICE.values() if able(case, roots) is None], roots, provider, PATIENCE)


@pytest.fixture
def verdict(name: str, verdicts: Mapping[Case, Verdict], roots: Mapping[tuple[str, str], str]) -> Verdict:
    case = SLICE[name]
    if why := able(case, roots):
        pytest.skip(why)
    found = verdicts[case]
    if found.problems and (known := limit(case)):
        pytest.skip(f"{case.voice.name}: {known.why}")
    return found


@rows_of("silent")
def test_the_whole_answer_comes(verdict: Verdict) -> None:
    assert verdict.passed, verdict.problems


@rows_of("tools")
def test_tools_go_there_and_back(verdict: Verdict) -> None:
    assert verdict.passed, verdict.problems


@rows_of("leave")
def test_who_was_cut_off_and_asks_again_is_given_the_answer(verdict: Verdict) -> None:
    assert verdict.passed, verdict.problems


@rows_of("late")
def test_a_late_failure_is_told_as_one(verdict: Verdict) -> None:
    assert verdict.passed, verdict.problems


@rows_of(*FAULTS)
def test_a_cut_answer_never_looks_whole(verdict: Verdict) -> None:
    assert verdict.passed, verdict.problems


@rows_of(DIRECT)
def test_without_outwait_the_proxy_cuts_it(verdict: Verdict) -> None:
    assert verdict.passed, verdict.problems


def test_the_slice_is_part_of_the_matrix_and_shows_each_of_its_sides() -> None:
    whole, part = set(cases()), set(few())
    assert part <= whole
    assert len(part) == len(SLICE)
    for side in ("voice", "out", "proxy", "mode", "what"):
        assert _sides(part, side) == _sides(whole, side), side
    kept = {(case.voice, case.out, case.mode) for case in part if case.what == "silent"}
    assert len(kept) == len(VOICES) * len(DIALECTS) * len(MODES)
    turned = {(case.voice.speaks, case.out, case.mode) for case in part if case.what == "tools"}
    assert len(turned) == len(DIALECTS) ** 2 * len(MODES)


def _sides(found: Iterable[Case], side: str) -> set[object]:
    return {getattr(case, side) for case in found}


def test_the_matrix_is_complete() -> None:
    able_to = sum(len(SCRIPTS) - (not voice.tools) - (not voice.resends) for voice in VOICES)
    direct = len(VOICES) * (len(PROXIES) - 1)
    assert len({case.name for case in cases()}) == (able_to * len(DIALECTS) * len(PROXIES) + direct) * len(MODES)


def test_each_limit_is_of_somebody() -> None:
    whole = list(cases())
    assert [each.why for each in LIMITS if not any(each.covers(case) for case in whole)] == []
