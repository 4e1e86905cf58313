from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from outwait.wire import dialing
from outwait.wire.breaks import DialFailed, dial_fault
from outwait.wire.connection import Connection
from outwait.wire.dialing import Dialer
from outwait.wire.endpoint import Endpoint, SideDoor


class Home:
    def put(self, connection: Connection) -> None: ...

    def lost(self, connection: Connection) -> None: ...

    def see_out(self, connection: Connection) -> None: ...


def play(scenario: Callable[[asyncio.AbstractEventLoop], Awaitable[None]]) -> None:
    async def run() -> None:
        async with asyncio.timeout(10):
            await scenario(asyncio.get_running_loop())

    uvloop.run(run())


async def dialed(dialer: Dialer, endpoint: Endpoint) -> Connection:
    loop = asyncio.get_running_loop()
    places = await dialer.resolve(endpoint)
    return await dialer.connect(endpoint, places, lambda: Connection(loop, endpoint, Home()))


@contextlib.contextmanager
def listening(host: str = "127.0.0.1") -> Iterator[int]:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as sock:
        sock.bind((host, 0))
        sock.listen()
        yield sock.getsockname()[1]


def closed_port() -> int:
    with listening() as port:
        return port


def names(loop: asyncio.AbstractEventLoop, *addresses: str) -> Dialer:
    """A dialer on a loop whose resolver knows one answer."""
    return Dialer(Resolving(loop, addresses))  # type: ignore[arg-type] # uvloop's loop cannot be patched


class Resolving:
    def __init__(self, loop: asyncio.AbstractEventLoop, addresses: tuple[str, ...]) -> None:
        self.loop, self.addresses, self.asked = loop, addresses, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loop, name)

    async def getaddrinfo(self, host: str, port: int, **_: Any) -> list[Any]:
        self.asked += 1
        await asyncio.sleep(0)
        families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in self.addresses]
        return [(f, 1, 6, "", (a, port)) for f, a in zip(families, self.addresses, strict=True)]


def test_a_plain_connection_keeps_itself_alive() -> None:
    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        with listening() as port:
            connection = await dialed(Dialer(loop), Endpoint("127.0.0.1", port, tls=False))
            assert connection.usable
            assert connection._transport is not None
            sock = connection._transport.get_extra_info("socket")
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
            connection.drop()

    play(scenario)


def test_refused() -> None:
    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        with pytest.raises(DialFailed) as failed:
            await dialed(Dialer(loop), Endpoint("127.0.0.1", closed_port(), tls=False))
        assert dial_fault(failed.value).cause == "connect_refused"

    play(scenario)


def test_a_name_that_does_not_exist() -> None:
    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        with pytest.raises(DialFailed) as failed:
            await dialed(Dialer(loop), Endpoint("no-such-host.invalid", 80, tls=False))
        assert dial_fault(failed.value).code == "upstream_dns"

    play(scenario)


def test_a_name_that_points_at_metadata_is_refused_and_a_mixed_one_reduced() -> None:
    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        endpoint = Endpoint("rebound.example", 80, tls=False)
        with pytest.raises(DialFailed) as failed:
            await names(loop, "169.254.169.254", "::ffff:169.254.169.254").resolve(endpoint)
        assert dial_fault(failed.value).cause == "permission_denied"
        places = await names(loop, "169.254.169.254", "127.0.0.1").resolve(endpoint)
        assert [address[0] for _, address in places] == ["127.0.0.1"]

    play(scenario)


def test_families_take_turns() -> None:
    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        dialer = names(loop, "fd00::1", "fd00::2", "fd00::3", "10.0.0.1")
        places = await dialer.resolve(Endpoint("x", 80, tls=False))
        assert [address[0] for _, address in places] == ["fd00::1", "10.0.0.1", "fd00::2", "fd00::3"]

    play(scenario)


def test_dials_at_the_same_time_share_a_look_up_and_a_failure_is_not_remembered() -> None:
    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        endpoint = Endpoint("x", 80, tls=False)
        good = Resolving(loop, ("127.0.0.1",))
        dialer = Dialer(good)  # type: ignore[arg-type] # a stand-in
        await asyncio.gather(*(dialer.resolve(endpoint) for _ in range(10)))
        await dialer.resolve(endpoint)
        assert good.asked == 1
        bad = Resolving(loop, ())
        dialer = Dialer(bad)  # type: ignore[arg-type] # a stand-in
        for _ in range(2):
            with pytest.raises(DialFailed):
                await dialer.resolve(endpoint)
        assert bad.asked == 2

    play(scenario)


def test_a_silent_address_costs_a_moment_and_not_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialing, "_STAGGER", 0.02)
    tried: list[str] = []

    class Silent(Resolving):
        async def sock_connect(self, sock: socket.socket, address: tuple[str, int]) -> None:
            tried.append(address[0])
            if address[0] == "127.0.0.2":
                await asyncio.sleep(3600)
            await self.loop.sock_connect(sock, address)

    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        with listening() as port:
            dialer = Dialer(Silent(loop, ("127.0.0.2", "127.0.0.1")))  # type: ignore[arg-type] # a stand-in
            connection = await dialed(dialer, Endpoint("x", port, tls=False))
            assert tried == ["127.0.0.2", "127.0.0.1"]
            connection.drop()

    play(scenario)


def test_a_refusal_moves_on_at_once_and_all_refusals_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialing, "_STAGGER", 3600.0)

    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        with listening("127.0.0.1") as port:
            dialer = names(loop, "127.0.0.3", "127.0.0.1")
            (await dialed(dialer, Endpoint("x", port, tls=False))).drop()
        with pytest.raises(DialFailed) as failed:
            await dialed(names(loop, "127.0.0.3", "127.0.0.1"), Endpoint("x", port, tls=False))
        assert len(failed.value.causes) == 2

    play(scenario)


# ---------------------------------------------------------------------------------------------------------------- TLS
class Certificates:
    """Certificates of an own authority, made with openssl once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._run("req", "-x509", *self._key("ca"), "-days", "2", "-subj", "/CN=test authority")
        self.ca = str(folder / "ca.pem")

    def server(self, name: str, *, days: str = "1", issuer: str | None = "ca") -> ssl.SSLContext:
        pem, request = self.folder / f"{name}.pem", self.folder / f"{name}.csr"
        names = f"subjectAltName=DNS:{name}" + ("" if name == "other.example" else ",DNS:localhost")
        if issuer is None:
            self._run("req", "-x509", *self._key(name), "-subj", f"/CN={name}", "-addext", names)
        elif not pem.exists():
            self._run("req", "-new", *self._key(name)[:-1], str(request), "-subj", f"/CN={name}")
            extra = self.folder / f"{name}.ext"
            extra.write_text(names)
            ca = ("-CA", self.ca, "-CAkey", str(self.folder / "ca.key"), "-CAcreateserial", "-extfile", str(extra))
            self._run("x509", "-req", "-in", str(request), *ca, "-days", days, "-out", str(pem))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, self.folder / f"{name}.key")
        return context

    def _key(self, name: str) -> list[str]:
        kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        return [*kind, "-keyout", str(self.folder / f"{name}.key"), "-out", str(self.folder / f"{name}.pem")]

    def _run(self, *command: str) -> None:
        subprocess.run(["openssl", *command], check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("tls"))


class Echo(asyncio.Protocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.transport.close()


def meet(context: ssl.SSLContext | None, ca_file: str | None, *, verify: bool = True) -> DialFailed | str | None:
    """Dial `localhost` where `context` serves; returns the failure, or the ALPN protocol agreed on."""
    outcome: list[DialFailed | str | None] = []

    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        if context is not None:
            context.set_alpn_protocols(["h2", "http/1.1"])
        server = await loop.create_server(Echo, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        dialer = Dialer(Resolving(loop, ("127.0.0.1",)))  # type: ignore[arg-type] # a stand-in
        try:
            connection = await dialed(dialer, Endpoint("localhost", port, True, ca_file, verify))
            assert connection._transport is not None
            outcome.append(connection._transport.get_extra_info("ssl_object").selected_alpn_protocol())
            connection.drop()
        except DialFailed as failed:
            outcome.append(failed)
        server.close()
        await server.wait_closed()

    play(scenario)
    return outcome[0]


def test_a_trusted_certificate_and_http_1_by_alpn(certificates: Certificates) -> None:
    assert meet(certificates.server("localhost"), certificates.ca) == "http/1.1"


@pytest.mark.parametrize(
    "name, options, trusted, words",
    [
        ("other.example", {}, True, "for another host name"),
        ("localhost", {}, False, "not trusted here"),
        ("self.example", {"issuer": None}, False, "self-signed"),
        ("expired.example", {"days": "-1"}, True, "has expired"),
    ],
)
def test_a_refused_certificate_says_why(
    certificates: Certificates, name: str, options: dict[str, Any], trusted: bool, words: str
) -> None:
    failed = meet(certificates.server(name, **options), certificates.ca if trusted else None)
    assert isinstance(failed, DialFailed)
    told = dial_fault(failed)
    assert told.code == "upstream_tls"
    assert words in told.message


def test_verify_off_takes_anything(certificates: Certificates) -> None:
    assert meet(certificates.server("other.example"), None, verify=False) == "http/1.1"


def test_plain_http_behind_https_is_told(certificates: Certificates) -> None:
    failed = meet(None, certificates.ca)
    assert isinstance(failed, DialFailed)
    assert "does not speak TLS" in dial_fault(failed).message


def test_a_ca_file_that_is_not_there_is_told() -> None:
    failed = meet(None, "no/such/file.pem")
    assert isinstance(failed, DialFailed)
    assert failed.causes[0][0] == "ca_file no/such/file.pem"


def test_a_side_door_without_a_descriptor_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: object) -> None:
        raise OSError(errno.EMFILE, "too many open files")

    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(socket, "socket", none_left)
            with pytest.raises(DialFailed) as told:
                await dialing.enter(loop, SideDoor("/x"), lambda: Connection(loop, SideDoor("/x"), Home()))
        assert dial_fault(told.value).code == "gateway_overloaded"

    play(scenario)
