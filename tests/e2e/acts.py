"""The fixtures of whole-process tests, for every folder of them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

import pytest
from tests.e2e.backstage import Backstage, Provider
from tests.e2e.stage import Gateway, Stage

Serve = Callable[..., Gateway]
BEATS = {"after": "1s", "json_after": "1s", "every": "1s"}
_STAGES = pytest.StashKey[list[Stage]]()


@pytest.fixture(scope="session")
def backstage() -> Iterator[Backstage]:
    """The loop that upstreams live on."""
    made = Backstage()
    yield made
    made.close()


@pytest.fixture(scope="session")
def provider(backstage: Backstage) -> Provider:
    """One simulated provider for all; questions tell the tests' calls apart."""
    return backstage.simulate()


@pytest.fixture(scope="session")
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, backstage: Backstage
) -> Iterator[Stage]:
    """Starts programs; all of them are stopped in the end, and each gateway must end in good order."""
    made = Stage(tmp_path_factory.mktemp("stage"))
    request.session.stash.setdefault(_STAGES, []).append(made)
    yield made
    assert {name: status for name, status in made.stop().items() if status} == {}


@pytest.fixture(scope="session")
def serve(stage: Stage) -> Serve:
    """`serve(config)` starts a gateway whose heartbeats are quick unless `config` says otherwise."""

    def start(config: Mapping[str, Any], name: str = "outwait") -> Gateway:
        return stage.serve({"heartbeat": BEATS, **config}, name)

    return start


@pytest.fixture(autouse=True)
def _from_here(request: pytest.FixtureRequest) -> None:
    """A failed test shows what programs said since it began."""
    for stage in request.session.stash.get(_STAGES, []):
        for program in stage.programs:
            program.shown = program.log.stat().st_size


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the programs' words into the report of a failed test."""
    report = yield
    if report.failed:
        for stage in item.session.stash.get(_STAGES, []):
            for program in stage.programs:
                if words := program.tail():
                    report.sections.append((f"log of {program.name}", words))
    return report
