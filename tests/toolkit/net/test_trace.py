"""Chains of routers are in tests/e2e/test_net_way.py."""

from __future__ import annotations

import asyncio
import errno
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.toolkit.net import peers
from tests.toolkit.net.peers import HOST, looped

from outwait.toolkit.net.errqueue import Complaint
from outwait.toolkit.net.findings import Hop
from outwait.toolkit.net.trace import shorten, trace, verdict

TARGET = "192.0.2.7"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="IP_RECVERR is Linux's")
def test_this_machine_is_one_hop_away() -> None:
    @looped
    async def run() -> None:
        async with peers.peer(peers.silent) as port:
            found = await asyncio.to_thread(trace, HOST, port, 3.0)
        assert found.reached
        assert [(hop.ttl, hop.address, hop.last, hop.how) for hop in found.hops] == [(1, HOST, True, "tcp+udp")]

    run()


def test_what_a_complaint_says() -> None:
    assert verdict(Complaint("10.0.0.1", 4, 11, 0, errno.EHOSTUNREACH), TARGET) == (False, "")
    assert verdict(Complaint(TARGET, 4, 3, 3, errno.ECONNREFUSED), TARGET) == (True, "")
    assert verdict(Complaint("fe80::1", 6, 1, 4, errno.ECONNREFUSED), "fe80::1%eth0") == (True, "")
    assert verdict(Complaint("10.0.0.1", 4, 3, 3, errno.ECONNREFUSED), TARGET) == (False, "")
    assert verdict(Complaint("10.0.0.1", 4, 3, 13, errno.EHOSTUNREACH), TARGET) == (False, "prohibited")
    assert verdict(Complaint("10.0.0.1", 4, 3, 1, errno.EHOSTUNREACH), TARGET) == (False, "unreachable")


def test_what_lies_behind_the_target_is_not_shown() -> None:
    hops = [Hop(1, "10.0.0.1", 0.1), Hop(2, TARGET, 0.1, last=True), Hop(3, TARGET, 0.1, last=True)]
    found = shorten(TARGET, hops)
    assert (found.reached, len(found.hops)) == (True, 2)


def test_a_router_that_lets_nothing_pass_ends_the_way() -> None:
    hops = [Hop(1, "10.0.0.1", 0.1), *(Hop(ttl, "10.0.0.2", 0.1, note="unreachable") for ttl in range(2, 6))]
    found = shorten(TARGET, hops)
    assert (found.reached, len(found.hops)) == (False, 2)


def test_silence_at_the_end_is_cut() -> None:
    hops = [Hop(1, None, None), Hop(2, "10.0.0.1", 0.1), *(Hop(ttl, None, None) for ttl in range(3, 13))]
    found = shorten(TARGET, hops)
    assert (found.reached, [hop.ttl for hop in found.hops]) == (False, [1, 2, 3])
    assert shorten(TARGET, hops[:1]).hops == ()


@given(st.lists(st.tuples(st.one_of(st.none(), st.just("10.0.0.1")), st.booleans()), max_size=30))
def test_a_way_ends_where_it_is_known_to(rows: list[tuple[str | None, bool]]) -> None:
    hops = [Hop(ttl, address, 0.1, last=last and address is not None) for ttl, (address, last) in enumerate(rows, 1)]
    found = shorten(TARGET, hops)
    assert found.reached == any(hop.last for hop in hops)
    assert list(found.hops) == hops[: len(found.hops)]
    assert all(hop.address is None or found.reached for hop in hops[len(found.hops) :])


def test_an_address_that_cannot_be_sent_to() -> None:
    found = trace("fe80::1%nosuch", 80, 1.0)
    assert (found.reached, found.hops) == (False, ())
    assert found.error
