from __future__ import annotations

from dataclasses import replace

from tests.toolkit.net.cases import INFO


def test_delivered_is_what_the_peer_has_confirmed() -> None:
    assert INFO.delivered is True
    assert replace(INFO, unacked=1).delivered is False
    assert replace(INFO, unsent=10).delivered is False  # it has not even left
