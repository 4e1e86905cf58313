"""Requests below an endpoint, about something that is there already: their targets, and how they are on the wire."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.catalog import Channel
from outwait.core.plan import Candidate
from outwait.core.progress import Errand
from outwait.core.request import Call
from outwait.upstream import aws
from outwait.upstream.address import Address, AddressBook

if TYPE_CHECKING:
    from .conftest import Peer, Play, Stage

OPENAI = Channel("c", "openai", "https://api.openai.com/v1", api_keys=("key-one", "key-two"))
AZURE = Channel("c", "azure", "https://a.openai.azure.com", api_keys=("key-one",))
RESPONSES = Candidate("c", "responses", "m", endpoint="responses")
READ = Errand("GET", "/resp_1?stream=true&starting_after=7")
CANCEL = Errand("POST", "/resp_1/cancel")
DELETE = Errand("DELETE", "/resp_1")


def below(channel: Channel, errand: Errand, candidate: Candidate = RESPONSES) -> Address:
    address = AddressBook([channel]).find(candidate)
    assert address is not None
    return address.below(errand)


def headers(address: Address) -> dict[str, str]:
    first, *rest = address.head.decode("latin-1").split("\r\n")[:-1]
    assert first == f"{address.method} {address.target} HTTP/1.1"
    return dict(line.split(": ", 1) for line in rest)


@pytest.mark.parametrize(
    "channel,errand,target",
    [
        (OPENAI, READ, "/v1/responses/resp_1?stream=true&starting_after=7"),
        (OPENAI, CANCEL, "/v1/responses/resp_1/cancel"),
        (OPENAI, DELETE, "/v1/responses/resp_1"),
        (replace(OPENAI, base_url="https://p/v1?tenant=a"), CANCEL, "/v1/responses/resp_1/cancel?tenant=a"),
        (AZURE, CANCEL, "/openai/v1/responses/resp_1/cancel"),
        (
            replace(AZURE, api_version="2025-04-01-preview"), READ,
            "/openai/responses/resp_1?api-version=2025-04-01-preview&stream=true&starting_after=7",
        ),
        (
            replace(AZURE, api_version="preview"), CANCEL,
            "/openai/v1/responses/resp_1/cancel?api-version=preview",
        ),
    ],
)  # fmt: skip
def test_they_go_below_the_endpoint_with_the_query_of_its_calls(channel: Channel, errand: Errand, target: str) -> None:
    assert below(channel, errand).target == target


def test_they_show_the_same_credentials_and_headers_as_a_call() -> None:
    channel = replace(OPENAI, headers={"OpenAI-Project": "p"})
    second = replace(RESPONSES, key=1)
    told = headers(below(channel, READ, second))
    assert told.pop("User-Agent").startswith("outwait/")
    assert told == {
        "Host": "api.openai.com", "Authorization": "Bearer key-two", "OpenAI-Project": "p",
        "Accept": "application/json, text/event-stream", "Accept-Encoding": "identity",
    }  # fmt: skip
    assert headers(below(channel, CANCEL, second)) == headers(below(channel, READ, second)) | {
        "Content-Type": "application/json"
    }
    assert headers(below(AZURE, READ))["Api-Key"] == "key-one"


@given(st.text(max_size=30))
def test_whatever_an_id_is_the_head_stays_one(ident: str) -> None:
    address = below(OPENAI, Errand("GET", f"/{ident}?stream=true"))
    first = address.head.split(b"\r\n")[0]
    assert first.isascii()
    assert first.count(b" ") == 2
    assert first.startswith(b"GET /v1/responses/")
    assert b"stream=true HTTP/1.1" in first


def test_what_is_encoded_already_stays_so() -> None:
    assert below(OPENAI, Errand("DELETE", "/a%2Fb")).target == "/v1/responses/a%2Fb"


# ------------------------------------------------------------------------------------------------------------ the wire
def play_errand(play: Play, errand: Errand, **more: Any) -> bytes:
    """The head that a provider reads."""
    heads: list[bytes] = []

    async def answers(peer: Peer) -> None:
        heads.append(await peer.reader.readuntil(b"\r\n\r\n"))
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        await peer.gone()

    async def scenario(stage: Stage) -> None:
        stage.candidate = RESPONSES
        notes = await stage.call(b"", errand=errand, **more)
        assert notes.told == ["resolved", "connected", "sent", "head", "body", "end"]
        assert (notes.status, notes.data) == (200, b"hello")

    play(scenario, answers, api_keys=("channel-key",))
    return heads[0]


@pytest.mark.parametrize("errand", [READ, DELETE])
def test_reading_and_deleting_send_no_body_and_no_length(play: Play, errand: Errand) -> None:
    head = play_errand(play, errand)
    assert head.startswith(f"{errand.method} /v1/responses{errand.suffix} HTTP/1.1\r\nHost: 127.0.0.1:".encode())
    assert b"Authorization: Bearer channel-key\r\n" in head
    assert b"content-length" not in head.lower()
    assert b"content-type" not in head.lower()


def test_cancelling_sends_an_empty_body(play: Play) -> None:
    head = play_errand(play, CANCEL)
    assert head.startswith(b"POST /v1/responses/resp_1/cancel HTTP/1.1\r\n")
    assert head.endswith(b"Content-Length: 0\r\n\r\n")


def test_the_clients_headers_pass_but_the_name_of_its_call(play: Play) -> None:
    told = {"traceparent": "00-1", "openai-beta": "b", "x-client-request-id": "mine", "cookie": "a=b"}
    call = Call("responses", "responses", "m", stream=True, body=b"{}", headers=told)
    head = play_errand(play, READ, call=call)
    assert b"\r\ntraceparent: 00-1\r\n" in head
    assert b"\r\nopenai-beta: b\r\n" in head
    assert b"mine" not in head
    assert b"ookie" not in head


def test_a_connection_carries_calls_and_errands_in_turn(play: Play) -> None:
    async def answers(peer: Peer) -> None:
        for _ in range(2):
            await peer.reader.readuntil(b"\r\n\r\n")
            await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            await peer.answer()
        await peer.gone()

    async def scenario(stage: Stage) -> None:
        stage.candidate = RESPONSES
        for errand in (READ, None, DELETE, None):
            notes = await stage.call(b"{}" if errand is None else b"", errand=errand)
            assert notes.data == (b"hello" if errand is None else b"ok")
        assert len(stage.peers) == 1

    play(scenario, answers)


def test_a_channel_that_is_gone_is_told_as_ever(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        stage.candidate = Candidate("elsewhere", "responses", "m", endpoint="responses")
        notes = await stage.call(b"", errand=READ)
        assert notes.fault is not None
        assert notes.fault.code == "no_healthy_channel"

    play(scenario)


def test_signatures_are_over_the_errand(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    signed: list[tuple[str, str, bytes]] = []

    class Signer:
        def ready(self, now: float) -> bool:
            return True

        def lines(self, method: str, url: str, body: bytes, now: float) -> bytes:
            signed.append((method, url.rpartition("/model/")[2], body))
            return b"Authorization: signed\r\n"

    monkeypatch.setattr(aws, "credential", lambda *_: Signer())

    async def answers(peer: Peer) -> None:
        head = await peer.reader.readuntil(b"\r\n\r\n")
        assert b"Authorization: signed\r\n" in head
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await peer.gone()

    async def scenario(stage: Stage) -> None:
        stage.candidate = Candidate("c", "anthropic", "claude-x", endpoint="messages", provider="bedrock")
        assert (await stage.call(b"", errand=Errand("GET", "/job"))).data == b"ok"

    play(scenario, answers, dialect="bedrock", region="eu-west-1", api_keys=("access:secret",))
    assert signed == [("GET", "claude-x/invoke/job", b"")]
