"""Networks of the test's own: namespaces joined by virtual cables, their firewalls, and sockets inside them.

Nothing of the machine's own network is touched. Needs root, ip(8), nft(8) and unshare(1); else the test skips.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import TypeVar

import pytest
from tests.e2e.stage import environment, found

_T = TypeVar("_T")
_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_NUMBERS = count()


def command(*words: str) -> str:
    """Run a program of the system; fails with what it said."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20)
    if done.returncode:
        pytest.fail(f"{' '.join(words)}: {done.stderr or done.stdout}", pytrace=False)
    return done.stdout


class Namespace:
    """One machine of such a network."""

    def __init__(self, name: str) -> None:
        self.name = name
        command("ip", "netns", "add", name)
        self.ip("link", "set", "lo", "up")

    def ip(self, *words: str) -> str:
        """`ip` inside."""
        return command("ip", "-n", self.name, *words)

    def inside(self, *words: str) -> str:
        """Any program inside."""
        return command("ip", "netns", "exec", self.name, *words)

    def firewall(self, *rules: str) -> None:
        """Its firewall for what arrives: `rules` of nftables, instead of those it had."""
        chain = "\n".join(rules)
        text = f"flush ruleset\ntable inet t {{ chain in {{ type filter hook input priority 0; {chain}\n }}\n}}\n"
        argv = ["ip", "netns", "exec", self.name, "nft", "-f", "-"]
        done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False, timeout=20)
        if done.returncode:
            pytest.fail(f"{text}: {done.stderr}", pytrace=False)

    def do(self, work: Callable[[], _T]) -> _T:
        """What `work` returns when its thread is inside: sockets that it makes stay there."""
        results: list[_T] = []
        errors: list[OSError] = []

        def run() -> None:
            try:
                with Path(f"/run/netns/{self.name}").open("rb") as handle:
                    if _LIBC.setns(handle.fileno(), _CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), "setns")
                results.append(work())
            except OSError as error:
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if errors:
            raise errors[0]
        return results[0]

    def listener(self, address: str, port: int) -> socket.socket:
        """A TCP socket that listens inside."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return self.do(lambda: socket.create_server((address, port), family=family))

    def datagrams(self, address: str, port: int) -> socket.socket:
        """A UDP socket bound inside."""

        def make() -> socket.socket:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind((address, port))
            return sock

        return self.do(make)

    def outwait(
        self, *words: str, resolv: Path, env: dict[str, str] | None = None, powers: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """`outwait WORDS` inside, with `resolv` as its /etc/resolv.conf, in a mount namespace of its own.

        Without any of root's `powers`, since the command promises to need none.
        """
        own = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'
        less = [] if powers else ["setpriv", "--bounding-set", "-all"]
        inside = ["ip", "netns", "exec", self.name, "unshare", "--mount", "sh", "-c", own, "sh", str(resolv), *less]
        argv = [*inside, sys.executable, "-m", "outwait", *words]
        plain = environment(NO_COLOR="1", COLUMNS="80", **(env or {}))
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60, env=plain)

    def remove(self) -> None:
        """Take it down, with its cables."""
        command("ip", "netns", "del", self.name)


class Network:
    """Namespaces in a row, each joined to the next: the first is the client, the last the server.

    Cable n has 10.77.n.1 on the client's side and 10.77.n.2 on the server's, and fd77:n::1 and fd77:n::2.
    """

    def __init__(self, length: int) -> None:
        for program in ("ip", "nft", "unshare", "setpriv", "mount"):
            found(program)
        if os.geteuid() != 0:
            pytest.skip("network namespaces need root")
        probe = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)
        if probe.returncode:
            pytest.skip("this machine does not allow network namespaces")
        self.machines: list[Namespace] = []
        try:
            for number in range(length):
                self.machines.append(Namespace(f"ow{os.getpid()}-{next(_NUMBERS)}"))
                if number:
                    self._join(number - 1)
            self._routes()
            self._firewall_works()
        except BaseException:
            self.remove()
            raise

    @property
    def client(self) -> Namespace:
        return self.machines[0]

    @property
    def server(self) -> Namespace:
        return self.machines[-1]

    @property
    def address(self) -> str:
        """The server's."""
        return f"10.77.{len(self.machines) - 2}.2"

    def _firewall_works(self) -> None:
        argv = ["ip", "netns", "exec", self.client.name, "nft", "list", "ruleset"]
        if subprocess.run(argv, capture_output=True, check=False).returncode:
            pytest.skip("this machine's kernel has no nftables")

    def _join(self, cable: int) -> None:
        left, right = self.machines[cable], self.machines[cable + 1]
        names = (f"o{os.getpid()}l{cable}", f"o{os.getpid()}r{cable}")
        left.ip("link", "add", names[0], "type", "veth", "peer", "name", names[1], "netns", right.name)
        for machine, name, end in ((left, names[0], 1), (right, names[1], 2)):
            machine.ip("addr", "add", f"10.77.{cable}.{end}/24", "dev", name)
            machine.ip("addr", "add", f"fd77:{cable}::{end}/64", "dev", name, "nodad")
            machine.ip("link", "set", name, "up")

    def _routes(self) -> None:
        for number, machine in enumerate(self.machines):
            machine.inside("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.icmp_ratelimit=0")
            if number:
                for before in range(number - 1):
                    machine.ip("route", "add", f"10.77.{before}.0/24", "via", f"10.77.{number - 1}.1")
            if number < len(self.machines) - 1:
                machine.ip("route", "add", "default", "via", f"10.77.{number}.2")

    def cut(self, machine: int, mtu: int) -> None:
        """The cable from `machine` towards the server carries packets of `mtu` bytes only."""
        name = f"o{os.getpid()}l{machine}"
        self.machines[machine].ip("link", "set", name, "mtu", str(mtu))

    def remove(self) -> None:
        """Take everything down."""
        for machine in self.machines:
            machine.remove()
