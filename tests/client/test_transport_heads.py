from __future__ import annotations

import httpx2
import pytest
from tests.client.plays import (
    BODY,
    CHAT,
    DOCUMENT,
    EVENTS,
    ID,
    PAGE,
    WHOLE,
    Make,
    answer,
    broken,
    page,
    probe,
    reply,
    told,
)
from tests.client.scripted import Play, Time

from outwait.client.course import Reattach

# -- before the head ---------------------------------------------------------------------------------------------------


def test_a_call_that_broke_before_its_head_is_found_by_its_name(make: Make) -> None:
    client, server = make(broken(), broken(httpx2.ReadTimeout), answer(WHOLE))
    assert told(client) == WHOLE
    assert server.targets == ["POST /v1/chat/completions"] * 3
    assert len({each.headers["idempotency-key"] for each in server.asked}) == 1
    assert len({each.content for each in server.asked}) == 1


def test_the_callers_own_name_is_kept(make: Make) -> None:
    client, server = make(broken(), answer(WHOLE))
    told(client, headers={"Idempotency-Key": "mine"})
    assert [each.headers["idempotency-key"] for each in server.asked] == ["mine", "mine"]


def test_each_call_has_a_name_of_its_own(make: Make) -> None:
    client, server = make(reply(DOCUMENT), broken(), reply(DOCUMENT))
    client.post(CHAT, json=BODY)
    client.post(CHAT, json=BODY)
    names = [each.headers["idempotency-key"] for each in server.asked]
    assert names[0] != names[1] == names[2]


# -- who is there ------------------------------------------------------------------------------------------------------


def test_a_server_is_asked_once_who_it_is(make: Make) -> None:
    client, server = make(probe(), broken(), answer(WHOLE), reply(DOCUMENT), reattach=Reattach())
    assert told(client) == WHOLE
    client.post(CHAT, json=BODY)
    assert server.targets == ["GET /v1/probe", *["POST /v1/chat/completions"] * 3]
    assert [each.extensions["timeout"]["read"] for each in server.asked] == [5, 60, 60, 60]


@pytest.mark.parametrize(
    "enabled, json_after, silence, unbound",
    [(True, 20, 60, 60), (True, 30, 90, 90), (True, 50, 100, 150), (False, 20, 100, None)],
)
def test_a_gateway_says_how_long_it_may_be_silent(
    make: Make, enabled: bool, json_after: float, silence: float, unbound: float | None
) -> None:
    """A minute, or three of its heartbeats; `unbound`: for a call that has no read timeout."""
    says = probe(enabled=enabled, after=10, json_after=json_after, every=15)
    client, server = make(says, answer(WHOLE), answer(WHOLE), reattach=Reattach())
    told(client)
    told(client, timeout=None)
    assert [each.extensions["timeout"]["read"] for each in server.asked[1:]] == [silence, unbound]


def test_with_another_server_it_is_a_plain_transport(make: Make) -> None:
    plain = [Play([DOCUMENT], kind="application/json"), Play([EVENTS[0], broken()]), broken()]
    client, server = make(Play(status=404), *plain, reattach=Reattach())
    client.post(CHAT, json=BODY)
    for _ in range(2):
        with pytest.raises(httpx2.ReadError) as caught:
            told(client)
        assert not hasattr(caught.value, "__notes__")
    assert len(server.asked) == 4
    assert not any("idempotency-key" in each.headers for each in server.asked)
    assert [each.extensions["timeout"]["read"] for each in server.asked[1:]] == [100, 100, 100]
    client, server = make(Play(status=404), broken(), reattach=Reattach())
    with pytest.raises(httpx2.ReadError):
        told(client, headers={"Idempotency-Key": "mine"})
    assert "gzip" in server.asked[1].headers["accept-encoding"]


def test_who_says_that_it_is_none_is_believed(make: Make) -> None:
    client, server = make(answer(EVENTS[0], broken()), reattach=Reattach(gateway=False))
    with pytest.raises(httpx2.ReadError):
        told(client)
    assert "idempotency-key" not in server.asked[0].headers


def test_who_does_not_say_who_it_is_is_asked_again(make: Make) -> None:
    """A middlebox was in the way, or the line broke: the answer may tell, or what comes before a repetition must."""
    client, server = make(broken(), reply(DOCUMENT), reattach=Reattach())
    assert client.post(CHAT, json=BODY).content == DOCUMENT
    assert server.asked[1].extensions["timeout"]["read"] == 60  # 100 until its head told of a gateway
    client, server = make(page(), broken(httpx2.ReadTimeout), probe(), answer(WHOLE), reattach=Reattach())
    assert told(client) == WHOLE
    client, server = make(page(), page(), Play(status=404), reattach=Reattach())
    assert client.post(CHAT, json=BODY).content == PAGE


@pytest.mark.parametrize("trouble", [broken(), page(), broken(httpx2.ConnectError)])
def test_the_question_is_repeated_like_the_call(make: Make, trouble: Play | Exception) -> None:
    client, server = make(broken(), broken(), *[trouble] * 3, probe(), answer(WHOLE), reattach=Reattach(attempts=4))
    assert told(client) == WHOLE
    asked, call = "GET /v1/probe", "POST /v1/chat/completions"
    assert server.targets == [asked, call, *[asked] * 4, call]


def test_what_another_server_says_is_not_asked_again(make: Make) -> None:
    client, server = make(broken(), broken(), broken(), Play(status=404), reattach=Reattach())
    with pytest.raises(httpx2.ReadError):
        told(client)
    assert len(server.asked) == 4


def test_nobody_is_asked_for_ever(make: Make) -> None:
    client, server = make(page(), page(), *[broken()] * 2, reattach=Reattach(attempts=2))
    assert told(client) == PAGE
    client, server = make(*[broken()] * 4, reattach=Reattach(attempts=2))
    with pytest.raises(httpx2.ReadError) as caught:
        told(client)
    assert server.targets.count("POST /v1/chat/completions") == 1
    assert "Idempotency-Key" in caught.value.__notes__[0]


def test_a_server_that_is_not_there_is_not_asked_twice(make: Make) -> None:
    client, server = make(broken(httpx2.ConnectTimeout), reattach=Reattach())
    with pytest.raises(httpx2.ConnectTimeout):
        told(client)
    assert len(server.asked) == 1


@pytest.mark.parametrize("trouble", [httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout])
def test_what_was_not_sent_is_the_callers_to_repeat(make: Make, trouble: type[httpx2.TransportError]) -> None:
    client, server = make(broken(trouble))
    with pytest.raises(trouble):
        told(client)
    assert len(server.asked) == 1


def test_a_gateway_that_starts_again_is_waited_for(make: Make) -> None:
    client, server = make(
        reply(DOCUMENT), broken(), broken(httpx2.ConnectError), broken(httpx2.ConnectTimeout), reply(DOCUMENT)
    )
    client.post(CHAT, json=BODY)
    assert client.post(CHAT, json=BODY).content == DOCUMENT
    assert len(server.asked) == 5


def test_without_names_a_call_without_a_head_is_lost(make: Make) -> None:
    client, server = make(broken(), reattach=Reattach(named=False, gateway=True))
    with pytest.raises(httpx2.ReadError):
        told(client)
    assert "idempotency-key" not in server.asked[0].headers


def test_a_body_that_cannot_be_sent_again_is_not(make: Make) -> None:
    client, server = make(broken())
    with pytest.raises(httpx2.ReadError):
        client.post(CHAT, content=iter([b"{}"]))
    assert "idempotency-key" not in server.asked[0].headers
    client, server = make(answer(EVENTS[0], broken()), answer(*EVENTS[1:]))
    assert client.post(CHAT, content=iter([b"{}"])).content == WHOLE


def test_an_sdks_retry_has_the_name_of_its_first_try(make: Make) -> None:
    client, server = make(
        reply(DOCUMENT), broken(), reply(DOCUMENT), reply(DOCUMENT), reattach=Reattach(attempts=0, gateway=True)
    )
    client.post(CHAT, json=BODY)
    with pytest.raises(httpx2.ReadError):
        client.post(CHAT, json=BODY)
    client.post(CHAT, json=BODY, headers={"x-stainless-retry-count": "1"})
    client.post(CHAT, json=BODY, headers={"x-stainless-retry-count": "1"})
    names = [each.headers["idempotency-key"] for each in server.asked]
    assert names[1] == names[2]
    assert len(set(names)) == 3


# -- pages of middleboxes ----------------------------------------------------------------------------------------------


def test_a_middleboxs_page_is_no_answer_of_a_gateway(make: Make) -> None:
    client, server = make(page(), page(502), answer(WHOLE))
    assert told(client) == WHOLE
    assert len(server.asked) == 3


def test_a_page_of_another_server_is_passed_on(make: Make) -> None:
    client, server = make(Play(status=404), page(), reattach=Reattach())
    response = client.post(CHAT, json=BODY)
    assert (response.status_code, response.content) == (504, PAGE)
    assert len(server.asked) == 2


def test_the_last_page_is_passed_on_when_it_is_given_up(make: Make) -> None:
    client, _ = make(reply(DOCUMENT), page(), page(), page(502), reattach=Reattach(attempts=2, gateway=True))
    client.post(CHAT, json=BODY)
    response = client.post(CHAT, json=BODY)
    assert (response.status_code, response.content) == (502, PAGE)


# -- giving up ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 401, 200])
def test_an_exchange_that_is_not_there_is_the_first_error(make: Make, status: int) -> None:
    client, _ = make(answer(EVENTS[0], broken()), Play([b"x"], status=status, exchange="ow_9"))
    with pytest.raises(httpx2.ReadError) as caught:
        told(client)
    note = f"outwait: the line broke and the answer was not had by another one (exchange {ID})"
    assert caught.value.__notes__ == [f"{note}; coming back for it was answered {status}"]


def test_attempts_in_a_row_are_bounded(make: Make, time: Time) -> None:
    first = broken()
    client, _ = make(
        answer(EVENTS[0], first),
        *[broken(httpx2.ConnectError)] * 3,
        reattach=Reattach(attempts=3, base=1, cap=3, gateway=True),
    )
    with pytest.raises(httpx2.ReadError) as caught:
        told(client)
    assert caught.value is first
    assert time.slept == [0.5, 1.0, 1.5]


def test_a_line_that_brings_a_byte_begins_the_count_anew(make: Make) -> None:
    beats = [answer(b": ping\n\n", broken()) for _ in range(10)]
    client, _ = make(*beats, answer(WHOLE), reattach=Reattach(attempts=1, gateway=True))
    assert told(client) == b": ping\n\n" * 10 + WHOLE


def test_the_calls_own_read_timeout_bounds_the_whole_wait(make: Make, time: Time) -> None:
    began = time.now
    client, _ = make(
        answer(EVENTS[0], 60.0, broken()), *[broken(httpx2.ConnectError)] * 90, reattach=Reattach(100, gateway=True)
    )
    with pytest.raises(httpx2.ReadError):
        told(client)
    assert 90 < time.now - began <= 100


def test_within_may_be_longer(make: Make, time: Time) -> None:
    silent = [answer(100.0, broken(httpx2.ReadTimeout)) for _ in range(3)]
    client, _ = make(answer(EVENTS[0], 100.0, broken(httpx2.ReadTimeout)), *silent, answer(*EVENTS[1:]))
    with pytest.raises(httpx2.ReadTimeout):
        told(client)
    client, _ = make(
        answer(EVENTS[0], 100.0, broken(httpx2.ReadTimeout)),
        answer(*EVENTS[1:]),
        reattach=Reattach(within=500, gateway=True),
    )
    assert told(client) == WHOLE


def test_a_busy_gateway_is_asked_again_when_it_says(make: Make, time: Time) -> None:
    busy = Play(status=503, exchange="ow_5", kind="application/json", headers={"retry-after": "7"})
    client, _ = make(
        answer(EVENTS[0], broken()), busy, page(502), answer(*EVENTS[1:]), reattach=Reattach(base=0, gateway=True)
    )
    assert told(client) == WHOLE
    assert time.slept == [0, 7, 0]
