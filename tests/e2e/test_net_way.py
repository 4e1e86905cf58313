"""What `outwait net` finds out about the way itself, without root's powers: routers, path MTU, loss, filters."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e import roles
from tests.e2e.namespaces import Network

PORT, SHUT, FILTERED = 8080, 8083, 8084


class Way:
    """A client, two routers, a server."""

    def __init__(self, network: Network, folder: Path) -> None:
        self.network = network
        self.resolv = folder / "resolv.conf"
        self.resolv.write_text("")
        roles.server(network.server.listener(network.address, PORT), roles.answers())
        self.router = network.machines[2]
        network.server.firewall(f"tcp dport {FILTERED} drop")

    def net(self, port: int, *more: str, powers: bool = False) -> dict[str, Any]:
        words = ["net", f"http://{self.network.address}:{port}/", "--json", *more]
        done = self.network.client.outwait(*words, resolv=self.resolv, powers=powers)
        assert done.returncode in (0, 1), done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    network = Network(4)
    try:
        yield Way(network, tmp_path_factory.mktemp("way"))
    finally:
        network.remove()


@pytest.fixture(autouse=True)
def _no_filter_yet(way: Way) -> Iterator[None]:
    yield
    way.router.inside("nft", "flush ruleset")


def _forwarding(way: Way, rule: str) -> None:
    chain = f"chain f {{ type filter hook forward priority 0; {rule}; }};"
    way.router.inside("nft", f"table inet f {{ {chain} }}")


def test_every_router_is_seen(way: Way) -> None:
    told = way.net(PORT)
    assert told["ok"] is True
    trace = told["stages"]["trace"]
    assert [hop["address"] for hop in trace["hops"]] == ["10.77.0.2", "10.77.1.2", "10.77.2.2"]
    assert [hop["last"] for hop in trace["hops"]] == [False, False, True]
    assert all(hop["how"] == "tcp+udp" for hop in trace["hops"])
    assert trace["reached"] is True


def test_where_packets_vanish(way: Way) -> None:
    _forwarding(way, f"ip daddr {way.network.address} drop")
    told = way.net(PORT)
    assert told["verdict"]["rule"] == "tcp_dropped"
    assert [hop["address"] for hop in told["stages"]["trace"]["hops"] if hop["address"]] == ["10.77.0.2", "10.77.1.2"]
    assert "10.77.1.2 (2)" in told["verdict"]["summary"]  # the last that answered


def test_a_filter_in_front_of_a_host_that_is_there(way: Way) -> None:
    told = way.net(FILTERED)
    assert (told["verdict"]["rule"], told["verdict"]["cause"]) == ("tcp_filtered", "connect_timeout")
    assert told["stages"]["trace"]["reached"] is True


def test_who_forbids_it(way: Way) -> None:
    _forwarding(way, f"tcp dport {PORT} reject with icmpx admin-prohibited")
    told = way.net(PORT)
    assert (told["verdict"]["rule"], told["verdict"]["where"]) == ("tcp_prohibited", "middlebox")
    assert told["stages"]["tcp"]["attempts"][0]["icmp_from"] == "10.77.1.2"


def test_lost_packets_are_counted(way: Way) -> None:
    _forwarding(way, "tcp flags syn / syn,ack numgen inc mod 3 == 0 drop")
    told = way.net(PORT, "--count", "6", "--no-trace")
    loss = told["stages"]["loss"]
    assert loss["count"] == 6
    assert loss["retransmits"] >= 2
    assert 0.2 <= loss["loss"] <= 0.5
    assert told["verdict"]["rule"] == "lossy"


def test_the_path_is_narrow(way: Way) -> None:
    way.network.cut(1, 1300)
    try:
        told = way.net(PORT, "--no-trace")
        assert told["ok"] is True
        assert told["stages"]["mtu"]["path"] == 1300
        assert told["stages"]["mtu"]["told_by"] == "10.77.0.2"  # the router before the narrow cable
    finally:
        way.network.cut(1, 1500)


def test_a_black_hole_for_large_packets(way: Way) -> None:
    _forwarding(way, "meta length > 1200 drop")
    told = way.net(PORT, "--no-trace")
    assert told["stages"]["mtu"]["hole"] is True
    assert told["stages"]["mtu"]["state"] == "failed"
    assert told["ok"] is True  # small packets pass, and this answer is small


def test_mtr_does_it_where_it_is_wanted(way: Way) -> None:
    if shutil.which("mtr") is None:
        pytest.skip("mtr is not installed (tools/test-needs fetches it)")
    trace = way.net(PORT, "--mtr", "--count", "3", powers=True)["stages"]["trace"]  # mtr itself needs raw sockets
    assert (trace["by"], trace["reached"]) == ("mtr", True)
    assert [hop["address"] for hop in trace["hops"]] == ["10.77.0.2", "10.77.1.2", "10.77.2.2"]
    assert all(hop["loss"] == 0 for hop in trace["hops"])
    without = way.net(PORT, "--mtr")["stages"]["trace"]
    assert (without["by"], without["reached"]) == ("outwait", True)
    assert "mtr" in without["error"]
