from __future__ import annotations

import io
from dataclasses import replace
from unicodedata import east_asian_width

import pytest
from rich.console import Console
from tests.toolkit.net import cases
from tests.toolkit.net.test_judge import WHAT

from outwait.cli.net_view import draw
from outwait.core.tongue import Tongue
from outwait.toolkit.net.findings import Findings, Hop, Talk
from outwait.toolkit.net.judge import judge
from outwait.toolkit.net.target import parse


def shown(found: Findings, tongue: Tongue = Tongue.EN) -> str:
    screen = io.StringIO()
    draw(found, judge(found), tongue, Console(file=screen, width=80, highlight=False, markup=False))
    return screen.getvalue()


def test_the_verdict_stands_last_and_says_what_to_do() -> None:
    told = shown(WHAT["tls_expired"][0])
    after = told.partition("Verdict: the server (tls_failure, confidence high)")[2]
    assert "has expired" in after
    assert "What to do" in after
    assert "    openssl s_client -connect 192.0.2.7:443 -servername api.example.com -showcerts </dev/null\n" in after


def test_a_certificate_is_shown_with_its_names() -> None:
    leaf = replace(cases.LEAF, names=("a.example", "b.example", "c.example", "d.example"))
    told = shown(replace(cases.WELL, talk=Talk(cases.ADDRESS, replace(cases.TLS, chain=(leaf,)), cases.REPLY)))
    assert "a.example, b.example, c.example, ..." in told


def test_routers_with_what_is_known_of_them() -> None:
    hops = (
        Hop(1, "10.0.0.1", 0.001, "tcp", loss=0.25),
        Hop(2, None, None),
        Hop(3, "10.0.0.3", 0.1, note="prohibited"),
        Hop(4, "192.0.2.7", 0.02, last=True),
    )
    told = shown(replace(cases.WELL, trace=replace(cases.TRACE, hops=hops)))
    for words in ("loses 25%", "*", "forbids it", "the target"):
        assert words in told


def test_other_causes_and_notes_are_told() -> None:
    assert "Also possible: connect_reset (server)." in shown(WHAT["http_reset"][0])
    assert "Worth knowing" in shown(WHAT["lossy"][0])
    assert "值得注意" in shown(WHAT["lossy"][0], Tongue.ZH)


def test_what_others_said_is_never_markup() -> None:
    tls = replace(cases.TLS, chain=(replace(cases.LEAF, subject="[red]x[/nope]"),))
    assert "[red]x[/nope]" in shown(replace(cases.WELL, talk=Talk(cases.ADDRESS, tls, cases.REPLY)))


@pytest.mark.parametrize("tongue", list(Tongue))
@pytest.mark.parametrize("rule", WHAT)
def test_all_of_it_fits_80_columns(rule: str, tongue: Tongue) -> None:
    for found in WHAT[rule]:
        for line in shown(replace(found, target=parse("https://api.example.com/v1")), tongue).splitlines():
            width = sum(2 if east_asian_width(char) in "WF" else 1 for char in line)
            assert width <= 80 or line.startswith("    ")  # commands are not wrapped
