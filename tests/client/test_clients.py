from __future__ import annotations

import httpx2
import pytest

from outwait.client.async_transport import AsyncReattachingTransport
from outwait.client.clients import reattaching_async_client, reattaching_client
from outwait.client.course import Reattach
from outwait.client.transport import ReattachingTransport


def test_a_client_has_the_patience_of_the_sdks() -> None:
    with reattaching_client() as client:
        assert client.timeout == httpx2.Timeout(600, connect=5)
        assert client.follow_redirects
        assert isinstance(client._transport, ReattachingTransport)


async def _closed(client: httpx2.AsyncClient) -> None:
    await client.aclose()


def test_options_go_where_they_belong() -> None:
    rules = Reattach(attempts=3)
    with reattaching_client(rules, timeout=9, headers={"a": "b"}, http2=False, verify=False) as client:
        assert client.timeout == httpx2.Timeout(9)
        assert client.headers["a"] == "b"
        transport = client._transport
        assert isinstance(transport, ReattachingTransport)
        assert transport._ports.rules is rules


def test_a_transport_of_ones_own_goes_elsewhere() -> None:
    with pytest.raises(TypeError, match="ReattachingTransport"):
        reattaching_client(transport=httpx2.HTTPTransport())


def test_rules_among_the_options_are_sent_where_they_belong() -> None:
    with pytest.raises(TypeError, match=r"attempts, gateway: that goes into Reattach\(attempts="):
        reattaching_client(gateway=True, attempts=3)


def test_the_same_for_loops() -> None:
    import asyncio

    client = reattaching_async_client(Reattach(attempts=3), timeout=9)
    assert client.timeout == httpx2.Timeout(9)
    assert isinstance(client._transport, AsyncReattachingTransport)
    asyncio.run(_closed(client))
