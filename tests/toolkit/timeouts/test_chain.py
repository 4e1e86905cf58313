from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.plan import Span, Timeouts
from outwait.toolkit.timeouts.chain import LONGER, MARGIN, link


def spans(total: float = 3600, queue: float = 10, first: float = 900, idle: float = 300, growth: float = 0) -> Timeouts:
    each = {"queue": queue, "connect": 10, "write": 30, "first_byte": first, "first_token": first, "idle": idle}
    return Timeouts(**{name: Span(value, "") for name, value in {**each, "total": total}.items()}, growth=growth)


def test_each_hop_has_a_margin_more_than_the_next_one() -> None:
    chain = link(spans(), 3, ("haproxy", "nginx"))
    assert [hop.name for hop in chain.hops()] == ["client", "haproxy", "nginx", "gateway", "upstream"]
    assert [hop.total for hop in chain.hops()] == [3690, 3660, 3630, 3600, 3590]
    assert [hop.idle for hop in chain.hops()] == [3690, 3660, 3630, 3600, 900]


def test_without_a_word_of_what_is_there_one_edge_is_thought_of() -> None:
    chain = link(spans(), 3)
    assert [hop.name for hop in chain.edges] == ["edge"]
    assert chain.edge.idle == 3600 + MARGIN


@given(
    st.integers(min_value=1, max_value=600_000),
    st.lists(st.sampled_from(["nginx", "caddy", "envoy", "traefik"]), unique=True),
    st.floats(min_value=0.01, max_value=100),
)
def test_spans_grow_outwards_strictly(total: int, behind: list[str], margin: float) -> None:
    chain = link(spans(total, queue=total / 5), 3, behind, margin)
    totals = [hop.total for hop in chain.hops()]
    idles = [hop.idle for hop in chain.hops()]
    assert totals == sorted(totals, reverse=True)
    assert len(set(totals)) == len(totals)
    assert idles == sorted(idles, reverse=True)
    assert len(set(idles)) == len(idles)


def test_an_attempt_has_what_the_queue_leaves_it() -> None:
    assert link(spans(total=180, queue=10, first=180), 1).upstream.idle == 170


def test_the_last_attempt_of_a_growing_preset_is_the_longest() -> None:
    assert link(spans(growth=1), 2).upstream.idle == 1800
    assert link(spans(growth=1), 9).upstream.idle == 3590


def test_what_cannot_be_set_is_held_and_says_so() -> None:
    chain = link(spans(), 3, ("cloudflare", "nginx"))
    held, free = chain.edges
    assert (held.idle, held.held_idle, held.wanted) == (100, True, 3660)
    assert held.total == 3660
    assert not held.held_total
    assert not free.held_idle
    ended = link(spans(), 3, ("api-gateway",)).edge
    assert (ended.total, ended.idle, ended.held_total) == (29, 29, True)


def test_one_edge_is_looked_at() -> None:
    chain = link(spans(), 3, ("haproxy", "nginx"))
    assert chain.edge.name == "nginx"
    assert chain.inner is chain.gateway
    outer = chain.at("haproxy")
    assert (outer.edge.name, outer.inner.name) == ("haproxy", "nginx")
    assert list(outer.hops()) == list(chain.hops())


def test_what_is_not_in_the_chain_stands_where_the_innermost_edge_does() -> None:
    chain = link(spans(), 3, ("cloudflare", "nginx")).at("alb")
    assert [hop.name for hop in chain.edges] == ["cloudflare", "alb"]
    assert chain.edge.idle == 3630


@pytest.mark.parametrize("name, kept", [("nginx", 900 + LONGER), ("cloudflare", 60 + LONGER)])
def test_idle_connections_are_kept_longer_than_the_hop_before_reuses_them(name: str, kept: float) -> None:
    assert link(spans(), 3, ("cloudflare", "nginx")).at(name).kept == kept


def test_an_alb_reuses_connections_for_its_idle_timeout() -> None:
    assert link(spans(), 3, ("alb",)).edge.reuse == 3630
    assert link(spans(total=7200), 3, ("alb",)).edge.reuse == 4000
