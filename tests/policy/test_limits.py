from __future__ import annotations

import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.policy.limit import Kind, Place
from outwait.policy.limits import ANSWER, BEATEN, LIMITS, limits, near, products


def test_names_are_unique_and_each_row_has_a_source() -> None:
    names = [limit.name for limit in LIMITS]
    assert len(names) == len(set(names))
    assert [limit.name for limit in LIMITS if not limit.source or not limit.sign] == []


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_a_row_is_well_made(limit: object) -> None:
    assert isinstance(limit, type(LIMITS[0]))
    assert re.fullmatch(r"[a-z0-9-]+\.[\w.-]+", limit.name)
    assert limit.place in get_args(Place)
    assert limit.kind in get_args(Kind)
    assert limit.seconds is None or limit.seconds > 0
    assert re.match(r"https?://[\w.-]+/|docs/[\w.-]+\.md#|haproxy\.cfg of ", limit.source), limit.source
    assert not re.search(r"[|\n]", limit.product + limit.setting + limit.sign)  # they are cells of tables
    assert "," not in limit.product  # the pages list products with commas between


def test_a_limit_that_nobody_has_can_be_set() -> None:
    """A row without a default is there because somebody may set one, or to say that there is none."""
    silent = [limit.name for limit in LIMITS if limit.seconds is None and not limit.setting]
    assert silent == ["cloudflare.workers"]


def test_limits_of_a_product() -> None:
    assert [limit.setting for limit in limits("nginx")][:1] == ["proxy_read_timeout"]
    assert limits("no such product") == ()


def test_products_of_a_place() -> None:
    clouds = products("cloud")
    assert {"AWS ALB", "Cloudflare", "Heroku"} <= set(clouds)
    assert len(clouds) == len(set(clouds))
    assert "nginx" not in clouds


@pytest.mark.parametrize(
    "seconds, names",
    [
        (15.02, {"envoy.route"}),
        (29.3, {"aws.apigateway.rest", "heroku.first", "gcp.lb.backend"}),
        (60.4, {"nginx.proxy_read_timeout", "aws.alb.idle", "ruby.read_timeout"}),
        (100.6, {"cloudflare.read", "dotnet.httpclient.timeout"}),
        (125.0, {"cloudflare.read_new", "langchain-openai.stream_chunk_timeout"}),
        (230.5, {"azure.appservice"}),
        (300.1, {"undici.headersTimeout", "aiohttp.total", "envoy.stream_idle", "codex.stream_idle"}),
        (350.9, {"aws.nlb.idle", "aws.nat.idle"}),
        (600.2, {"openai-python.timeout", "anthropic-node.timeout"}),
    ],
)
def test_an_elapsed_time_finds_its_limits(seconds: float, names: set[str]) -> None:
    """The numbers people ask about (FACTS 4)."""
    assert names <= {limit.name for limit in near(seconds)}


def test_an_odd_time_finds_none() -> None:
    assert near(45) == ()


def test_limits_that_end_no_answer_are_asked_for() -> None:
    assert "nginx.keepalive_timeout" not in {limit.name for limit in near(75)}
    assert "nginx.keepalive_timeout" in {limit.name for limit in near(75, kinds={"keepalive"})}
    assert BEATEN < ANSWER


@given(st.floats(min_value=0, max_value=1e6), st.floats(min_value=0, max_value=0.5))
def test_what_is_near_is_near_and_in_order(seconds: float, slack: float) -> None:
    found = near(seconds, slack=slack)
    away = [abs((limit.seconds or 0) - seconds) for limit in found]
    assert away == sorted(away)
    assert all(far <= max(1.0, slack * (limit.seconds or 0)) for far, limit in zip(away, found, strict=True))
    assert {limit.kind for limit in found} <= ANSWER
