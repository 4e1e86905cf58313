"""The programs' own checks are in tests/e2e/test_timeouts_servers.py, the numbers in test_consistency.py."""

from __future__ import annotations

import pytest

from outwait.toolkit.timeouts.advice import Facts, Place, advise
from outwait.toolkit.timeouts.emit_servers_proxies import PROXIES, apache, caddy, haproxy, nginx
from outwait.toolkit.timeouts.snippet import Snippet

O3 = advise(Facts(model="o3"))
ELSEWHERE = advise(Facts(model="o3", place=Place("10.1.2.3:99", 8443)))


@pytest.mark.parametrize("target", PROXIES)
def test_addresses_are_those_that_were_told(target: str) -> None:
    text = PROXIES[target](ELSEWHERE).text
    assert "10.1.2.3:99" in text
    assert "8443" in text


@pytest.mark.parametrize("target", PROXIES)
def test_a_check_is_named(target: str) -> None:
    assert PROXIES[target](O3).check.split()[0] in (target, "apachectl")


@pytest.mark.parametrize(
    "snippet, setting",
    [
        (nginx(O3), "proxy_buffering off;"),
        (caddy(O3), "flush_interval -1"),
        (apache(O3), "flushpackets=on"),
        (haproxy(O3), "option http-no-delay"),
    ],
    ids=lambda each: each.target if isinstance(each, Snippet) else "",
)
def test_heartbeats_pass_at_once(snippet: Snippet, setting: str) -> None:
    assert setting in snippet.text


def test_nobody_but_the_gateway_asks_again() -> None:
    assert "proxy_next_upstream off;" in nginx(O3).text
    assert "retry-on conn-failure " in haproxy(O3).text


def test_in_a_row_each_names_who_is_behind_it() -> None:
    row = advise(Facts(model="o3", behind=("haproxy", "nginx")))
    assert "longer than nginx, which gives up after 3630s" in haproxy(row).text
    assert "longer than the gateway, which gives up after 3600s" in nginx(row).text


def test_in_a_row_each_calls_the_next_one() -> None:
    row = advise(Facts(model="o3", behind=("haproxy", "nginx")))
    assert "server 127.0.0.1:8787 max_fails=0;" in nginx(row).text
    assert "listen 8080;" in nginx(row).text
    assert "server gateway 127.0.0.1:8080 " in haproxy(row).text
    assert "bind :8081" in haproxy(row).text


def test_caddy_is_said_to_end_cut_answers_like_whole_ones() -> None:
    assert any("finish_reason" in note.en for note in caddy(O3).notes)
