from __future__ import annotations

import math
import re

import pytest

from outwait.policy.limits import ANSWER, LIMITS, limits
from outwait.toolkit.timeouts.boxes import ALIASES, MAXIMA, REUSED, Box, box, names, settings, short, slug

ROWS = {row.name: row for row in LIMITS}
ELSEWHERE = {"haproxy.server"}  # its maximum is that of its numbers, not of the setting


@pytest.mark.parametrize("name", sorted(set(MAXIMA) - ELSEWHERE))
def test_a_maximum_is_what_the_setting_of_the_limit_says(name: str) -> None:
    row = ROWS[name]
    scale = 60 if "InMinutes" in row.setting else 0.001 if "Millis" in row.setting and "30000" in row.setting else 1
    told = {scale * float(number) for number in re.findall(r"\d+", row.setting)}
    assert MAXIMA[name] in told or MAXIMA[name] == row.seconds


def test_what_is_not_known_bounds_nothing() -> None:
    assert box("edge") == Box("edge", "", math.inf, math.inf, REUSED)


def test_what_cannot_be_set_is_all_there_is() -> None:
    (read,) = [row for row in limits("Cloudflare") if row.name == "cloudflare.read"]
    assert box("cloudflare").idle == read.seconds
    assert box("cloudflare").total == math.inf
    assert box("heroku").idle == 30
    assert box("railway").total == 900


def test_what_can_be_set_goes_as_far_as_its_maximum() -> None:
    assert box("alb").idle == 4000
    assert box("nginx").idle == math.inf
    assert box("api-gateway").total == 29
    assert box("cloudfront").idle == 120


def test_who_keeps_idle_connections_longer_than_it_can_be_told() -> None:
    assert box("cloudflare").reuse == 900
    assert box("gcp-lb").reuse == 600
    assert box("alb").reuse == math.inf  # as long as its idle timeout
    assert box("nginx").reuse == REUSED


def test_short_names_stand_for_products_that_are_there() -> None:
    products = {slug(row.product) for row in LIMITS}
    assert set(ALIASES.values()) <= products
    assert not set(ALIASES) & products
    assert short("aws-alb") == "alb"
    assert short("nginx") == "nginx"
    for alias, full in ALIASES.items():
        assert box(alias).idle == box(full).idle


def test_names_are_words_without_spaces() -> None:
    assert "alb" in names()
    assert "aws-alb" not in names()
    assert [name for name in names() if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", name)] == []
    assert "openai-python" not in names()


def test_every_setting_that_names_its_end_has_a_maximum() -> None:
    ended = {row.name for row in LIMITS if row.kind in ANSWER and re.search(r"\d-\d|up to \d|at most \d", row.setting)}
    assert ended - set(MAXIMA) == {"cloudflare.read_new"}  # of Enterprise zones only


def test_settings_are_those_that_end_an_answer() -> None:
    assert [row.setting for row in settings("nginx")] == ["proxy_read_timeout"]
    assert [row.name for row in settings("gcp-lb")] == ["gcp.lb.backend"]
    assert settings("heroku") == ()
