"""Routers that want smaller packets, and black holes, are in tests/e2e/test_net_way.py."""

from __future__ import annotations

import sys

import pytest

from outwait.toolkit.net.mtu import measure

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="IP_MTU is Linux's")


def test_loopback_carries_what_it_says() -> None:
    found = measure("127.0.0.1", 2.0)
    assert found is not None
    assert found.path == found.interface >= 1280
    assert (found.told_by, found.hole) == (None, False)


def test_no_way_is_no_figure() -> None:
    assert measure("255.255.255.255", 0.1) is None  # a broadcast address takes no datagram of ours
    assert measure("fe80::1%nosuch", 0.1) is None


def test_no_time_is_no_hole() -> None:
    found = measure("127.0.0.1", -1.0)
    assert found is None or not found.hole
