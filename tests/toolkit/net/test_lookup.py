from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from tests.toolkit.net.peers import HOST, looped

from outwait.toolkit.net import lookup
from outwait.toolkit.net.findings import Heard

Answer = Callable[[dns.message.Message], bytes | None]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "PATIENCE", (0.15, 0.3))


@asynccontextmanager
async def nameserver(answer: Answer, port: int = 0) -> AsyncIterator[str]:
    """`127.0.0.1:port` of one that answers so."""

    class Protocol(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            reply = answer(dns.message.from_wire(data))
            if reply is not None:
                self.transport.sendto(reply, addr)  # type: ignore[attr-defined] # a datagram's

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Protocol, local_addr=(HOST, port))
    try:
        yield f"{HOST}:{transport.get_extra_info('sockname')[1]}"
    finally:
        transport.close()


def has(*rows: tuple[str, str, str], code: dns.rcode.Rcode = dns.rcode.NOERROR) -> Answer:
    """Answers with the rows (name, type, value) that the question is about, CNAMEs always."""

    def answer(query: dns.message.Message) -> bytes:
        reply = dns.message.make_response(query)
        reply.set_rcode(code)
        for name, kind, value in rows:
            if kind in ("CNAME", dns.rdatatype.to_text(query.question[0].rdtype)):
                reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, value))
        return reply.to_wire()

    return answer


@looped
async def test_addresses_of_both_kinds_and_aliases() -> None:
    rows = (("a.test", "CNAME", "b.test."), ("b.test", "A", "192.0.2.1"), ("b.test", "AAAA", "2001:db8::1"))
    async with nameserver(has(*rows)) as server:
        found = await lookup.ask(server, ["a.test"], 2.0)
    assert (found.heard, found.addresses, found.aliases) == (Heard.ANSWER, ("192.0.2.1", "2001:db8::1"), ("b.test",))
    assert found.configured


@pytest.mark.parametrize(
    "code, heard",
    [
        (dns.rcode.NXDOMAIN, Heard.NXDOMAIN), (dns.rcode.SERVFAIL, Heard.SERVFAIL), (dns.rcode.REFUSED, Heard.REFUSED),
        (dns.rcode.NOERROR, Heard.NO_DATA), (dns.rcode.NOTIMP, Heard.GARBLED),
    ],
)  # fmt: skip
def test_answers_without_an_address(code: dns.rcode.Rcode, heard: Heard) -> None:
    @looped
    async def run() -> None:
        async with nameserver(has(code=code)) as server:
            assert (await lookup.ask(server, ["a.test"], 2.0)).heard is heard

    run()


@looped
async def test_the_search_list_is_walked() -> None:
    def answer(query: dns.message.Message) -> bytes | None:
        wanted = str(query.question[0].name) == "vllm.corp.test."
        return has(("vllm.corp.test", "A", "10.0.0.1"))(query) if wanted else has(code=dns.rcode.NXDOMAIN)(query)

    async with nameserver(answer) as server:
        found = await lookup.ask(server, ["vllm.lab.test", "vllm.corp.test"], 2.0)
        lost = await lookup.ask(server, ["vllm.lab.test", "vllm"], 2.0)
    assert found.addresses == ("10.0.0.1",)
    assert lost.heard is Heard.NXDOMAIN


@looped
async def test_a_name_that_is_there_counts_over_one_that_is_not() -> None:
    def answer(query: dns.message.Message) -> bytes | None:
        there = str(query.question[0].name) == "b.test."
        return has(code=dns.rcode.NOERROR if there else dns.rcode.NXDOMAIN)(query)

    async with nameserver(answer) as server:
        assert (await lookup.ask(server, ["a.test", "b.test"], 2.0)).heard is Heard.NO_DATA


@looped
async def test_silence_and_nobody() -> None:
    async with nameserver(lambda _: None) as server:
        assert (await lookup.ask(server, ["a.test"], 2.0)).heard is Heard.SILENT
        assert (await lookup.ask(server, ["a.test"], 0.01)).heard is Heard.SILENT
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((HOST, 0))
        port = sock.getsockname()[1]
    assert (await lookup.ask(f"{HOST}:{port}", ["a.test"], 2.0)).heard is Heard.CLOSED
    assert (await lookup.ask(f"{HOST}:{port}", [], 2.0)).heard is Heard.SILENT


@looped
async def test_one_lost_datagram_is_no_silence() -> None:
    seen: set[int] = set()

    def answer(query: dns.message.Message) -> bytes | None:
        if query.id not in seen:
            seen.add(query.id)
            return None
        return has(("a.test", "A", "192.0.2.1"))(query)

    async with nameserver(answer) as server:
        assert (await lookup.ask(server, ["a.test"], 2.0)).heard is Heard.ANSWER


@looped
async def test_another_question_s_answer_is_not_taken() -> None:
    def answer(query: dns.message.Message) -> bytes:
        reply = dns.message.make_response(dns.message.make_query("evil.test", "A"))
        return reply.to_wire()

    async with nameserver(answer) as server:
        assert (await lookup.ask(server, ["a.test"], 2.0)).heard is Heard.SILENT


@looped
async def test_garbage_is_told_as_such() -> None:
    async with nameserver(lambda _: b"\x00garbage") as server:
        assert (await lookup.ask(server, ["a.test"], 2.0)).heard is Heard.GARBLED


@looped
async def test_a_cut_answer_is_asked_for_by_tcp() -> None:
    def cut(query: dns.message.Message) -> bytes:
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.TC
        return reply.to_wire()

    async def whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(2), "big")
        wire = has(("a.test", "A", "192.0.2.9"))(dns.message.from_wire(await reader.readexactly(size)))
        assert wire is not None
        writer.write(len(wire).to_bytes(2, "big") + wire)
        writer.close()

    tcp = await asyncio.start_server(whole, HOST, 0)  # the first to choose: many more ports of TCP are taken
    async with nameserver(cut, tcp.sockets[0].getsockname()[1]) as server:
        assert (await lookup.ask(server, ["a.test"], 2.0)).addresses == ("192.0.2.9",)
        tcp.close()
        await tcp.wait_closed()
        assert (await lookup.ask(server, ["a.test"], 2.0)).heard in (Heard.CLOSED, Heard.SILENT)


@looped
async def test_the_systems_own_lookup() -> None:
    found = await lookup.system("localhost", 5.0)
    assert HOST in found.system or "::1" in found.system
    assert found.error == ""


@looped
async def test_a_lookup_that_fails_or_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    def no_name(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    free = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", no_name)
    assert (await lookup.system("a.test", 1.0)).error == "EAI_NONAME"
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: free.wait(5))
    found = await lookup.system("a.test", 0.02)
    free.set()
    assert (found.error, found.timed_out) == ("timeout", True)


@looped
async def test_configured_nameservers_and_others(monkeypatch: pytest.MonkeyPatch) -> None:
    async with nameserver(has(("a.test", "A", "192.0.2.1"))) as one, nameserver(has(code=dns.rcode.NXDOMAIN)) as other:
        monkeypatch.setattr(lookup, "_configured", lambda: ([other], ["corp.test"], 1))
        asked, searched = await lookup.direct("a.test", [one], 2.0)
    assert [(each.server, each.heard, each.configured) for each in asked] == [
        (other, Heard.NXDOMAIN, True), (one, Heard.ANSWER, False)
    ]  # fmt: skip
    assert searched == ("a.test", "a.test.corp.test")


@pytest.mark.parametrize(
    "text, expected",
    [
        ("10.0.0.1", ("10.0.0.1", 53)), ("10.0.0.1:5353", ("10.0.0.1", 5353)), ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", ("2001:db8::1", 5353)), ("10.0.0.1#54", ("10.0.0.1", 54)),
    ],
)  # fmt: skip
def test_nameservers_as_people_write_them(text: str, expected: tuple[str, int]) -> None:
    assert lookup.where(text) == expected


@pytest.mark.parametrize("text", ["", "dns.example", "10.0.0.1:x", "10.0.0.1:0", "10.0.0.1:70000", "[10.0.0.1"])
def test_what_is_no_nameserver(text: str) -> None:
    if text == "[10.0.0.1":
        assert lookup.where(text) == ("10.0.0.1", 53)  # what is meant is clear
        return
    with pytest.raises(ValueError):
        lookup.where(text)
