from __future__ import annotations

import ssl
from typing import cast

import anyio
import httpx2
import pytest
from tests.client.plays import (
    BODY,
    CHAT,
    DOCUMENT,
    EVENTS,
    ID,
    WHOLE,
    Make,
    answer,
    broken,
    reply,
    told,
)
from tests.client.scripted import Play, Server, Time

from outwait.client.course import Reattach
from outwait.client.transport import ABANDON, ReattachingTransport

# -- streams -----------------------------------------------------------------------------------------------------------


def test_an_answer_that_does_not_break_is_passed_on(make: Make) -> None:
    client, server = make(answer(WHOLE))
    assert told(client) == WHOLE
    assert server.targets == ["POST /v1/chat/completions"]
    assert server.played[0].closed


@pytest.mark.parametrize("kind", [httpx2.ReadError, httpx2.RemoteProtocolError, httpx2.ReadTimeout])
def test_a_broken_stream_goes_on_behind_what_was_passed_on(make: Make, kind: type[httpx2.TransportError]) -> None:
    first = EVENTS[0] + b": ping\n\n" + EVENTS[1] + EVENTS[2][:10]
    client, server = make(
        answer(first, broken(kind)), answer(b": ping\n\n", EVENTS[2], broken(kind)), answer(*EVENTS[3:])
    )
    assert told(client) == EVENTS[0] + b": ping\n\n" + EVENTS[1] + b": ping\n\n" + b"".join(EVENTS[2:])
    assert server.targets == [
        "POST /v1/chat/completions",
        f"GET /v1/exchanges/{ID}/stream?starting_after=2",
        f"GET /v1/exchanges/{ID}/stream?starting_after=3",
    ]
    assert all(each.closed for each in server.played)


def test_who_asks_is_said_again_and_what_is_asked_is_not(make: Make) -> None:
    client, server = make(answer(broken()), answer(WHOLE))
    headers = {"authorization": "Bearer k", "x-stainless-retry-count": "0", "user-agent": "me"}
    assert told(client, "http://gateway/below/v1/chat/completions?key=g", headers=headers) == WHOLE
    again = server.asked[1]
    assert again.url == f"http://gateway/below/v1/exchanges/{ID}/stream"
    assert (again.headers["authorization"], again.headers["user-agent"]) == ("Bearer k", "me")
    assert again.headers["x-goog-api-key"] == "g"
    assert {"content-type", "content-length", "idempotency-key", "x-stainless-retry-count"}.isdisjoint(again.headers)


def test_a_stream_that_ends_too_soon_is_no_answer(make: Make) -> None:
    """Some hops make a proper end of a broken line."""
    client, server = make(answer(*EVENTS[:2]), answer(*EVENTS[2:4]), answer(*EVENTS[4:]))
    assert told(client) == WHOLE
    assert len(server.asked) == 3


def test_an_end_that_is_confirmed_is_one(make: Make) -> None:
    """A server whose streams lack the usual end: coming back brings nothing more."""
    client, server = make(answer(*EVENTS[:4]), answer())
    assert told(client) == b"".join(EVENTS[:4])
    assert len(server.asked) == 2


def test_a_dialect_without_an_end_is_believed_where_its_framing_is_sure(make: Make) -> None:
    url = "http://gateway/v1/images/variations"
    client, server = make(answer(EVENTS[0]))
    assert told(client, url) == EVENTS[0]
    client, server = make(answer(EVENTS[0], framed=False), answer(EVENTS[1], framed=False), answer(framed=False))
    assert told(client, url) == EVENTS[0] + EVENTS[1]
    assert len(server.asked) == 3


def test_a_failure_met_on_coming_back_is_told_in_the_stream(make: Make) -> None:
    error = b'{"error":{"code":"first_byte_timeout"}}'
    client, _ = make(answer(b": ping\n\n", broken()), answer(error, status=504, kind="application/json"))
    assert told(client) == b": ping\n\ndata: " + error + b"\n\ndata: [DONE]\n\n"


def test_what_an_inner_transport_lets_through_is_a_broken_line_too(make: Make) -> None:
    raw: list[Exception] = [ssl.SSLEOFError(8, "EOF occurred"), anyio.EndOfStream()]
    client, _ = make(answer(EVENTS[0], raw[0]), raw[1], answer(*EVENTS[1:]))
    assert told(client) == WHOLE
    client, _ = make(answer(EVENTS[0], raw[0]), Play(status=404))
    with pytest.raises(httpx2.ReadError, match="EOF") as caught:
        told(client)
    assert caught.value.__cause__ is raw[0]


def test_what_breaks_behind_the_last_event_does_not_matter(make: Make) -> None:
    client, server = make(answer(WHOLE, broken()))
    assert told(client) == WHOLE
    assert len(server.asked) == 1


def test_a_failure_that_is_cut_is_asked_for_again(make: Make) -> None:
    error = b'{"error":{"code":"first_byte_timeout"}}'
    failed = {"status": 504, "kind": "application/json"}
    client, _ = make(answer(EVENTS[0], broken()), answer(error[:9], broken(), **failed), answer(error, **failed))
    assert told(client) == EVENTS[0] + b"data: " + error + b"\n\ndata: [DONE]\n\n"


def test_a_failed_sound_has_no_place_to_be_told(make: Make) -> None:
    client, _ = make(answer(b"abc", broken(), kind="audio/mpeg"), reply(b"{}", status=502))
    with pytest.raises(httpx2.ReadError) as caught:
        told(client, "http://gateway/v1/audio/speech")
    assert ID in caught.value.__notes__[0]


def test_sound_is_taken_up_behind_its_bytes(make: Make) -> None:
    client, server = make(answer(b"abc", broken(), kind="audio/mpeg"), answer(b"abcdef", kind="audio/mpeg"))
    assert told(client, "http://gateway/v1/audio/speech") == b"abcdef"
    assert server.targets[1] == f"GET /v1/exchanges/{ID}/stream"


def test_a_compressed_stream_is_left_alone(make: Make) -> None:
    client, server = make(answer(b"\x1f\x8b", broken(), headers={"content-encoding": "gzip"}))
    with pytest.raises(httpx2.ReadError):
        told(client)
    assert len(server.asked) == 1


# -- JSON --------------------------------------------------------------------------------------------------------------


def test_a_broken_json_reply_is_had_whole(make: Make) -> None:
    client, server = make(reply(b"\n", DOCUMENT[:5], broken()), reply(b"\n", broken()), reply(DOCUMENT))
    response = client.post(CHAT, json=BODY)
    assert response.json() == {"choices": [1]}
    assert server.targets[1:] == [f"GET /v1/exchanges/{ID}/stream"] * 2


def test_a_late_error_has_its_true_status(make: Make) -> None:
    """It is told in a 200 that is cut; who comes back is told the truth."""
    truth = reply(b'{"error":1}', status=504, headers={"x-should-retry": "false"})
    client, _ = make(reply(b'\n{"error":1}', broken(httpx2.RemoteProtocolError)), truth)
    response = client.post(CHAT, json=BODY)
    assert (response.status_code, response.headers["x-should-retry"]) == (504, "false")


@pytest.mark.parametrize("error", [b'\n{"error":{"code":1}}', b'{"type": "error", "error": {"type":1}}'])
def test_a_late_error_whose_end_was_mended_is_none_of_a_success(make: Make, error: bytes) -> None:
    """Some hops make a proper end of a broken one."""
    client, _ = make(reply(error), reply(error.strip(), status=504))
    assert client.post(CHAT, json=BODY).status_code == 504
    client, _ = make(reply(error), reply(error.strip()))
    assert client.post(CHAT, json=BODY).content == error.strip()  # whoever says so twice means it
    client, _ = make(reply(b'{"error":null,"id":1}'))
    assert client.post(CHAT, json=BODY).json()["id"] == 1


def test_json_over_a_line_without_framing_is_looked_at(make: Make) -> None:
    client, _ = make(reply(DOCUMENT[:5], framed=False), reply(DOCUMENT, framed=False))
    assert client.post(CHAT, json=BODY).content == DOCUMENT


def test_an_array_flows(make: Make) -> None:
    client, _ = make(reply(b'[{"a"', b":1}", broken()), reply(b'[{"a":1},', b"2]"))
    with client.stream("POST", "http://gateway/v1beta/models/m:streamGenerateContent", json=BODY) as response:
        pieces = list(response.iter_raw())
    assert pieces == [b'[{"a"', b":1}", b",", b"2]"]


# -- timeouts, closing, and what is none of its business ---------------------------------------------------------------


def test_a_gateway_that_is_silent_for_a_minute_is_none(make: Make) -> None:
    client, server = make(answer(EVENTS[0], broken()), answer(*EVENTS[1:]), reply(DOCUMENT))
    told(client)
    client.post(CHAT, json=BODY, timeout=httpx2.Timeout(30, read=None))
    client.close()
    reads = [each.extensions["timeout"]["read"] for each in server.asked]
    assert reads == [60, 60, 60]
    client, server = make(answer(WHOLE), reattach=Reattach(silence=None, gateway=True))
    told(client, timeout=20)
    assert server.asked[0].extensions["timeout"]["read"] == 20


def test_who_leaves_ends_it(make: Make) -> None:
    client, server = make(answer(EVENTS[0], EVENTS[1], broken()))
    with client.stream("POST", CHAT, json=BODY) as response:
        assert next(response.iter_raw()) == EVENTS[0]
    assert server.played[0].closed


def test_an_answer_that_was_abandoned_in_a_pause_is_not_taken_up(make: Make, time: Time) -> None:
    client, server = make(answer(EVENTS[0], broken()))
    with client.stream("POST", CHAT, json=BODY) as response:
        time.woken = response.extensions[ABANDON]
        with pytest.raises(httpx2.ReadError, match="closed"):
            list(response.iter_raw())
    assert len(server.asked) == 1


def test_an_abandoned_answer_is_not_taken_up(make: Make) -> None:
    client, server = make(answer(EVENTS[0], broken()))
    with client.stream("POST", CHAT, json=BODY) as response:
        pieces = response.iter_raw()
        next(pieces)
        response.extensions[ABANDON]()
        with pytest.raises(httpx2.ReadError):
            next(pieces)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "method, path",
    [("GET", "/v1/responses/r?stream=true"), ("POST", "/v1/embeddings"), ("POST", "/v1/files"), ("GET", "/v1/models")],
)
def test_other_requests_are_passed_on(make: Make, method: str, path: str) -> None:
    client, server = make(answer(EVENTS[0], broken()), broken())
    with pytest.raises(httpx2.ReadError):
        client.request(method, f"http://gateway{path}")
    with pytest.raises(httpx2.ReadError):
        client.request(method, f"http://gateway{path}")
    assert len(server.asked) == 2
    assert "idempotency-key" not in server.asked[0].headers


def test_errors_are_answers(make: Make) -> None:
    client, _ = make(reply(b'{"error":1}', status=400), Play([b"no"], status=401, kind="text/plain"))
    assert client.post(CHAT, json=BODY).status_code == 400
    assert client.post(CHAT, json=BODY).content == b"no"


def test_closing_closes_the_connections(time: Time) -> None:
    server = Server(time)
    ReattachingTransport(server).close()
    assert server.closed


def test_an_inner_transport_of_the_wrong_kind_is_told(time: Time) -> None:
    class Odd(httpx2.BaseTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            return httpx2.Response(200, stream=cast("httpx2.SyncByteStream", object()))

    client = httpx2.Client(transport=ReattachingTransport(Odd()))
    with pytest.raises(TypeError, match="inner transport"):
        client.post(CHAT, json=BODY)
