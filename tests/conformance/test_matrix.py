"""Real SDKs behind real proxies that cut silence after three seconds: what a program sees, with outwait and without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.conformance.matrix import FAULTS, MODES, SDKS, SILENT, WORDS, Case, cases, missing, play
from tests.e2e.acts import Serve
from tests.e2e.backstage import Provider
from tests.e2e.proxies import SILENCE, start_haproxy, start_nginx
from tests.e2e.stage import Gateway, Stage

pytestmark = pytest.mark.timeout(180)

KEY = "client-key-of-the-matrix"
Rows = Mapping[str, dict[str, Any]]
BY_NAME = {case.name: case for case in cases()}


def rows_of(*whats: str) -> pytest.MarkDecorator:
    named = [name for name, case in BY_NAME.items() if case.what in whats]
    return pytest.mark.parametrize("name", named, ids=[name.replace(" ", "-") for name in named])


@pytest.fixture(scope="module")
def gateway(serve: Serve, provider: Provider) -> Gateway:
    channel = {
        "name": "provider",
        "base_url": provider.url,
        "model_map": {"late-error": "error-500-after-2s"},
        "upstream_stream": "never",
    }
    return serve(
        {
            "channels": [channel],
            "keys": [{"name": "matrix", "key": KEY}],
            "retry": {"attempts": 1},
            "on_disconnect": {"late-error": "finish"},
        },
        "matrix",
    )


@pytest.fixture(scope="module")
def rows(stage: Stage, gateway: Gateway, provider: Provider) -> Rows:
    """What every SDK was told, asked once for all tests."""
    targets = {"gateway": gateway.port, "provider": provider.port}
    urls: dict[tuple[str, str], str] = {}
    for start in (start_nginx, start_haproxy):
        try:
            proxies = start(stage, targets)
        except pytest.skip.Exception:
            continue  # the rows of a proxy that is not there skip one by one
        urls |= {pair: proxies.url(*pair) for pair in proxies.ports}
    return play(urls, KEY)


@pytest.fixture
def case(name: str) -> Case:
    return BY_NAME[name]


@pytest.fixture
def row(case: Case, rows: Rows) -> dict[str, Any]:
    found = rows.get(case.name)
    if found is None:
        pytest.skip(missing(case.sdk) or f"{case.proxy} is not installed (tools/test-needs fetches it)")
    return found


@rows_of("silent")
def test_the_whole_answer_comes(row: dict[str, Any], case: Case, provider: Provider) -> None:
    assert "error" not in row, row
    assert len(row["text"].split()) == WORDS
    assert row["finish"] == "stop"
    assert row["seconds"] >= SILENT
    assert len(provider.calls(case.name)) == 1


@rows_of("direct")
def test_without_outwait_the_proxy_cuts_it(row: dict[str, Any], case: Case) -> None:
    assert row.get("error"), row
    assert row["status"] == 504
    assert SILENCE <= row["seconds"] < SILENT


@rows_of(*FAULTS)
def test_a_cut_answer_never_looks_whole(row: dict[str, Any], case: Case) -> None:
    """Before the first piece is out it is an HTTP error, after that an error in the stream; never a normal end."""
    assert row["api"], row
    code = None if case.what == "error inside" else "upstream_truncated"
    if row["status"] is not None:
        assert row["status"] == (503 if code is None else 502)
    if case.sdk != "python-oldest":
        assert row["code"] == code


@rows_of("late")
def test_a_late_failure_is_the_true_error(row: dict[str, Any], case: Case, provider: Provider) -> None:
    """The answer failed after heartbeats had begun. Never an object without choices."""
    assert row.get("error"), row
    calls = provider.calls(case.name)
    if case.mode == "stream":  # told inside the stream; no SDK retries that
        assert row["error"] == "APIError", row
        if case.sdk != "python-oldest":  # its message is always the same
            assert "had an error while processing" in row["message"]
        assert len(calls) == 1
    elif case.sdk == "python-newest":  # cut, retried, and the retry was given what the first try missed
        assert (row["error"], row["status"]) == ("InternalServerError", 500), row
        assert "had an error while processing" in row["message"]
        assert len(calls) == 1
    else:  # these see a broken connection; the oldest SDK retries without saying that it does
        assert len(calls) <= 3


def test_the_matrix_is_complete() -> None:
    """Nothing was lost between the list of cases and the tests."""
    assert len(BY_NAME) == len(list(cases())) == len(SDKS) * len(MODES) * (3 * (2 + len(FAULTS)) + 2)
