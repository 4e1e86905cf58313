"""`outwait net` in networks of the test's own: it tells apart what is the matter, and how far one comes."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e import roles
from tests.e2e.namespaces import Network

PORTS = {
    "well": 8080, "slow": 8081, "reset": 8082, "dropped": 8083, "forbidden": 8084, "rst": 8085, "closed": 8086,
    "leaves": 8087, "silent": 8088, "rejected": 8089, "gateway": 8090, "late": 8091, "tls_reset": 8443,
}  # fmt: skip
NAMES = {
    "good.test": "10.77.0.2",
    "six.test": "10.77.0.2 fd77:0::2",
    "half.test": "10.77.0.2 10.77.0.9",
    "blocked.test": "0.0.0.0",
    "empty.test": "fd77::",
    "broken.test": "servfail",
    "private.test": "refused",
    "mute.test": "silent",
    "expired.test": "10.77.0.2",
}
QUICK = ("--no-trace", "--count", "2", "--timeout", "6s")


class Lab:
    """A client, a server, and what the server plays."""

    def __init__(self, network: Network, folder: Path) -> None:
        self.network, self.folder = network, folder
        self.address = network.address
        self.authority = roles.Authority(folder)
        self.resolv = folder / "resolv.conf"
        self.use(self.address)
        server = network.server
        roles.nameserver(server.datagrams(self.address, 53), NAMES)
        self._play("well", roles.answers())
        self._play("slow", roles.answers(after=30))
        self._play("late", roles.answers(after=2.5))
        for name in ("dropped", "forbidden", "rst", "rejected"):
            self._play(name, roles.answers())
        self._play("reset", roles.resets)
        self._play("leaves", roles.leaves)
        self._play("silent", roles.silent)
        self._play("gateway", roles.answers("504 Gateway Time-out", "<center>nginx/1.22.1</center>"))
        server.firewall(
            f"tcp dport {PORTS['dropped']} drop",
            f"tcp dport {PORTS['forbidden']} reject with icmpx admin-prohibited",
            f"tcp dport {PORTS['rejected']} reject with icmpx port-unreachable",
            f"tcp dport {{ {PORTS['rst']}, {PORTS['tls_reset']} }} tcp flags & psh == psh reject with tcp reset",
            "udp dport 5300 drop",
        )

    def _play(self, name: str, play: roles.Play) -> None:
        roles.server(self.network.server.listener(self.address, PORTS[name]), play)

    def tls(self, port: int, context: Any, play: roles.Play | None = None) -> None:
        roles.server(self.network.server.listener(self.address, port), play or roles.answers(), context)

    def use(self, *nameservers: str) -> None:
        """The client asks these from now on."""
        words = [f"nameserver {each}" for each in nameservers]
        self.resolv.write_text("\n".join([*words, "options timeout:1 attempts:1", ""]))

    def net(self, target: str, *more: str, env: dict[str, str] | None = None) -> dict[str, Any]:
        """The JSON of `outwait net`; its exit status must fit."""
        words = more if "--trace" in more else (*QUICK, *more)
        done = self.run(target, "--json", *words, env=env)
        told: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == (0 if told["ok"] else 1), done.stderr
        assert done.stderr == ""
        return told

    def run(self, target: str, *more: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return self.network.client.outwait("net", target, *more, resolv=self.resolv, env=env)

    def verdict(self, target: str, *more: str) -> tuple[str, str, str, str]:
        """Rule, cause, where, confidence."""
        said = self.net(target, *more)["verdict"]
        return said["rule"], said["cause"], said["where"], said["confidence"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    network = Network(2)
    try:
        yield Lab(network, tmp_path_factory.mktemp("net"))
    finally:
        network.remove()


@pytest.fixture(autouse=True)
def _its_own_nameserver(lab: Lab) -> None:
    lab.use(lab.address)


def url(name: str, host: str = "good.test") -> str:
    return f"http://{host}:{PORTS[name]}/"


def test_all_is_well(lab: Lab) -> None:
    told = lab.net(url("well"))
    assert told["verdict"]["cause"] is None
    assert told["stages"]["dns"]["addresses"] == [lab.address]
    assert told["stages"]["http"]["status"] == 200
    assert told["stages"]["loss"]["count"] == 2
    assert told["stages"]["mtu"]["path"] == 1500
    assert told["stages"]["clock"]["state"] == "ok"


WHAT = {
    "refused": (url("closed"), ("tcp_refused", "connect_refused", "server", "high")),
    "rejected by a firewall": (url("rejected"), ("tcp_filter_refused", "connect_refused", "middlebox", "high")),
    "dropped": (url("dropped"), ("tcp_dropped", "connect_timeout", "network", "high")),
    "forbidden": (url("forbidden"), ("tcp_prohibited", "network_unreachable", "middlebox", "high")),
    "reset by the server": (url("reset"), ("http_reset", "connect_reset", "middlebox", "medium")),
    "reset by a firewall": (url("rst"), ("http_reset", "connect_reset", "middlebox", "medium")),
    "closed without a word": (url("leaves"), ("http_closed", "connect_reset", "server", "medium")),
    "slow": (url("slow"), ("http_silent", "first_byte_timeout", "server", "high")),
    "late": (url("late"), ("slow_server", "first_byte_timeout", "server", "high")),
    "a gateway's 504": (url("gateway"), ("http_gateway_timeout", "gateway_timeout_upstream", "middlebox", "high")),
    "no such name": (url("well", "typo.test"), ("dns_nxdomain", "dns_failure", "client", "high")),
    "a nameserver in trouble": (url("well", "broken.test"), ("dns_servfail", "dns_failure", "network", "high")),
    "a nameserver that refuses": (url("well", "private.test"), ("dns_refused", "dns_failure", "network", "high")),
    "a mute nameserver": (url("well", "mute.test"), ("dns_silent", "dns_failure", "network", "high")),
    "a blocked name": (url("well", "blocked.test"), ("dns_blocked", "dns_failure", "network", "high")),
    "a dead address": (url("well", "half.test"), ("address_dropped", "connect_timeout", "network", "high")),
    "TLS on a plain port": (
        f"https://good.test:{PORTS['well']}/",
        ("tls_not_spoken", "tls_failure", "client", "high"),
    ),
    "a router knows no way": ("http://10.99.0.1:80/", ("tcp_unreachable", "network_unreachable", "network", "high")),
    "no way there": ("http://[2001:db8::1]:80/", ("tcp_no_route", "network_unreachable", "client", "high")),
}


@pytest.mark.parametrize("what", WHAT)
def test_what_is_the_matter(lab: Lab, what: str) -> None:
    target, expected = WHAT[what]
    assert lab.verdict(target) == expected


def test_dns_is_dead(lab: Lab) -> None:
    lab.use("10.77.0.77")  # there is no such machine
    assert lab.verdict(url("well")) == ("dns_silent", "dns_failure", "network", "high")
    lab.use("10.77.0.1")  # here, where no nameserver listens
    assert lab.verdict(url("well")) == ("dns_closed", "dns_failure", "network", "high")


def test_another_nameserver_knows_it(lab: Lab) -> None:
    lab.use("10.77.0.1")
    told = lab.net(url("well"), "--resolver", lab.address)
    assert told["verdict"]["rule"] == "dns_known_elsewhere"
    assert told["stages"]["http"]["status"] == 200  # and how far one comes with its answer
    named = {one["server"]: one["heard"] for one in told["stages"]["dns"]["nameservers"]}
    assert named == {"10.77.0.1": "closed", lab.address: "answer"}


def test_slow_is_told_from_lost(lab: Lab) -> None:
    told = lab.net(url("slow"))
    assert told["stages"]["http"]["request_confirmed"] is True
    assert told["stages"]["http"]["tcp_info"]["retransmits"] == 0


def test_both_families_are_tried(lab: Lab) -> None:
    told = lab.net(url("well", "six.test"))
    tried = {each["address"]: each["outcome"] for each in told["stages"]["tcp"]["attempts"]}
    assert tried == {"fd77::2": "refused", lab.address: "open"}  # nobody listens on IPv6
    assert told["verdict"]["rule"] == "address_refused"
    assert lab.net(url("well", "six.test"), "-4")["ok"] is True


def test_expired_certificate(lab: Lab) -> None:
    lab.tls(9443, lab.authority.context("expired.test", (-60, -30)))
    told = lab.net("https://expired.test:9443/", "--ca-file", str(lab.authority.file))
    assert told["verdict"]["rule"] == "tls_expired"
    assert (told["verdict"]["cause"], told["verdict"]["where"]) == ("tls_failure", "server")
    tls = told["stages"]["tls"]
    assert tls["problems"] == ["expired"]
    assert tls["chain"][0]["subject"] == "expired.test"  # the peer is shown all the same
    assert tls["version"] == "TLSv1.3"
    assert round(tls["expires_in_days"]) == -30
    assert told["stages"]["http"]["status"] == 200


def test_expired_and_signed_by_itself(lab: Lab) -> None:
    lab.tls(9444, lab.authority.context("expired.test", (-60, -30), self_signed=True))
    told = lab.net("https://expired.test:9444/")
    assert told["verdict"]["rule"] == "tls_expired"
    assert told["stages"]["tls"]["problems"] == ["expired", "self_signed"]


def test_good_certificate_and_others(lab: Lab) -> None:
    lab.tls(9445, lab.authority.context("good.test"))
    trusted = lab.net("https://good.test:9445/", "--ca-file", str(lab.authority.file))
    assert trusted["ok"] is True
    assert trusted["stages"]["tls"]["alpn"] == "h2"
    assert trusted["stages"]["tls"]["hostname_matches"] is True
    assert lab.verdict("https://good.test:9445/")[0] in ("tls_unknown_ca", "tls_incomplete")
    other = lab.net("https://expired.test:9445/", "--ca-file", str(lab.authority.file))
    assert (other["verdict"]["rule"], other["stages"]["tls"]["problems"]) == ("tls_wrong_host", ["wrong_host"])
    plain = lab.net("http://good.test:9445/")
    assert plain["verdict"]["rule"] == "http_wants_tls"


def test_not_yet_valid_and_a_wrong_clock(lab: Lab) -> None:
    lab.tls(9446, lab.authority.context("good.test", (10, 20)))
    lab.tls(9447, lab.authority.context("good.test", (10, 20)), roles.answers(date=15 * 86_400))
    trust = ("--ca-file", str(lab.authority.file))
    assert lab.verdict("https://good.test:9446/", *trust)[0] == "tls_not_yet_valid"
    assert lab.verdict("https://good.test:9447/", *trust) == ("clock_wrong", "tls_failure", "client", "high")


def test_tls_is_reset_on_the_way(lab: Lab) -> None:
    lab.tls(PORTS["tls_reset"], lab.authority.context("good.test"))
    told = lab.net(f"https://good.test:{PORTS['tls_reset']}/")
    assert (told["verdict"]["rule"], told["verdict"]["cause"]) == ("tls_reset", "connect_reset")
    assert told["stages"]["tcp"]["state"] == "ok"
    assert told["stages"]["http"]["state"] == "not_tried"


def test_a_silent_tls_server(lab: Lab) -> None:
    assert lab.verdict(f"https://good.test:{PORTS['silent']}/") == ("tls_silent", "connect_timeout", "server", "medium")


def test_packets_with_content_are_lost(lab: Lab) -> None:
    chain = "chain out { type filter hook output priority 0; tcp dport 8080 tcp flags & psh == psh drop; };"
    lab.network.client.inside("nft", f"table inet o {{ {chain} }}")
    try:
        assert lab.verdict(url("well")) == ("http_lost", "write_timeout", "network", "high")
    finally:
        lab.network.client.inside("nft", "flush ruleset")


def test_through_a_proxy(lab: Lab) -> None:
    server = lab.network.server
    lab.tls(9448, lab.authority.context("good.test"))
    trust = ("--ca-file", str(lab.authority.file))

    def connect(where: tuple[str, int]) -> Any:
        return server.do(lambda: socket.create_connection(where))

    roles.server(server.listener(lab.address, 3128), roles.proxies("200 OK", (lab.address, 9448), connect))
    roles.server(server.listener(lab.address, 3129), roles.proxies("407 Who are you", None, connect))
    target = "https://good.test:9448/"
    good = lab.net(target, *trust, env={"HTTPS_PROXY": f"http://user:secret@{lab.address}:3128"})
    assert good["ok"] is True
    assert good["stages"]["proxy"]["outcome"] == "open"
    assert "secret" not in json.dumps(good)
    login = lab.net(target, *trust, env={"https_proxy": f"{lab.address}:3129"})
    assert login["verdict"]["rule"] == "proxy_wants_login"
    assert login["stages"]["proxy"]["without_it"] == {"reached": True, "status": 200}
    gone = lab.net(target, *trust, "--proxy", "http://10.77.0.2:3130")
    assert (gone["verdict"]["rule"], gone["verdict"]["where"]) == ("proxy_unreached", "client")
    past = lab.net(target, *trust, env={"HTTPS_PROXY": "http://10.77.0.2:3130", "NO_PROXY": ".test"})
    assert past["ok"] is True
    assert past["stages"]["proxy"]["applies"] is False


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_people_can_read_it(lab: Lab, lang: str) -> None:
    done = lab.run(url("slow"), *QUICK, "--lang", lang)
    assert done.returncode == 1
    assert "first_byte_timeout" in done.stdout
    assert ("The server is slow" if lang == "en" else "服务器慢") in done.stdout
