"""What people tell of clocks: a silence and a cut in any order, a span that is always the same; what is no prose."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outwait.diagnosis.causes import (
    BAD_REQUEST,
    CLIENT,
    CONTEXT,
    CUT,
    EMPTY,
    FIRST_BYTE,
    GATEWAY,
    GATEWAY_TIMEOUT,
    IDLE,
    MIDDLEBOX,
    OVERLOADED,
    RESET,
    TOTAL,
    TRUNCATED,
    UNKNOWN,
)
from outwait.diagnosis.diagnosis import Confidence
from outwait.diagnosis.fold import fold
from outwait.diagnosis.prose import prose
from outwait.diagnosis.read import Reading, read
from outwait.diagnosis.sign import Sign
from outwait.diagnosis.symptom import Symptom


def reading(text: str, **known: object) -> Reading:
    return read(Symptom(text, **known))  # type: ignore[arg-type]


def sign(cause: str, weight: int) -> Sign:
    return Sign(weight, cause, None, "quote", "")


def told(text: str, strongest: Sign, elapsed: float | None = None) -> tuple[str, str | None] | None:
    folded = fold(text)
    found = prose(strongest, folded.text, folded, elapsed)
    return None if found is None else (found.cause, found.side)


@pytest.mark.parametrize(
    "text",
    [
        # silence, span and end, in any order
        "Whenever no tokens arrive for 45 seconds, the stream gets dropped with a RemoteProtocolError",
        "The socket dies after ~2 minutes of silence and all we have is an empty reply",
        "At 90s without any chunk our connection is closed, the answer comes truncated",
        "Something closes our quiet streams, roughly after 5 min",
        # a hop that is named needs no word for silence, or no span
        "If the model needs over 20 seconds behind the reverse proxy, the request is reset",
        "The firewall sees an idle socket and tears it down, so the reply is empty",
        "Our HAProxy's idle timeout of 50 s ends the stream while the model pauses",
        # other languages
        "推理时超过 90 秒没有输出，连接就断了",
        "两分钟没有心跳，会话就被运营商回收",
        "模型静默两分钟左右会被网关掐断",
        "90秒間データが来ないと接続が切断されてしまう",
        "45초 동안 출력 없이 생각하면 스트림이 끊어짐",
        "Если модель молчит 90 секунд, поток обрывается",
        "Nach 90 Sekunden ohne Ausgabe wird die Verbindung abgebrochen",
        "Au bout de 45 secondes sans réponse la connexion est coupée",
        "A los 45 segundos sin respuesta la conexión se cierra",
        "Depois de 45 segundos sem resposta a conexão é encerrada",
    ],
)
def test_a_silence_that_ends_in_a_cut(text: str) -> None:
    found = reading(text)
    assert (found.best.cause, found.side) == (CUT, MIDDLEBOX)
    assert found.confidence is not Confidence.HIGH
    assert found.best.quote in text


@pytest.mark.parametrize(
    "text, cause, side",
    [
        ("Requests with a big context always fail after 3 minutes, small ones work", TOTAL, CLIENT),
        ("带很多工具的请求每次都是 90 秒报错", TOTAL, CLIENT),
        ("It breaks off at 240 s while tokens are still arriving", TOTAL, MIDDLEBOX),
        ("The gateway ends the run after 10 minutes of continuous streaming", TOTAL, GATEWAY),
        ("网关在 180 秒时断开，当时还在正常输出", TOTAL, GATEWAY),
        ("Every request that takes 60 s fails at the load balancer", GATEWAY_TIMEOUT, MIDDLEBOX),
        ("Our CDN has a 45 second timeout for answers", GATEWAY_TIMEOUT, MIDDLEBOX),
        ("网关后端超时 45s，长回答总是失败", GATEWAY_TIMEOUT, MIDDLEBOX),
        ("Hinter dem Lastverteiler bricht es immer nach 50 Sekunden mit einem Fehler ab", GATEWAY_TIMEOUT, MIDDLEBOX),
        ("Half of the reply is there, then it fails, always at 75 seconds", CUT, MIDDLEBOX),
        ("上下文太长时响应很慢，每次都是三分钟准时断开", CUT, MIDDLEBOX),
    ],
)
def test_a_span_that_is_always_the_same(text: str, cause: str, side: str) -> None:
    found = reading(text)
    assert (found.best.cause, found.side) == (cause, side)
    assert found.confidence is not Confidence.HIGH


@pytest.mark.parametrize(
    "text, cause, side",
    [
        # whoever tells of a timer of its own owns it
        ("no data from the model API for 40 s, closing stream", IDLE, CLIENT),
        ("stream idle for 75s, aborting", IDLE, CLIENT),
        ("stream watchdog: silent for 120 s, connection dropped", IDLE, CLIENT),
        # deeper causes stay
        ("getaddrinfo EAI_AGAIN: the stream was closed after 60 s without data", "dns_failure", "network"),
        # no failure is told
        ("The connection stays open for 60 seconds of silence", UNKNOWN, CLIENT),
    ],
)
def test_what_is_no_such_prose(text: str, cause: str, side: str) -> None:
    found = reading(text, elapsed=60)
    assert (found.best.cause, found.side) == (cause, side)


@pytest.mark.parametrize(
    "text",
    [
        "Calls longer than 350 s always die at exactly 350 s, though the far side would have answered at minute 12.",
        "No request that takes longer than 350 seconds ever succeeds; the model finishes fine after 8 minutes.",
        "In our VPC, a completion that needs 6 minutes is always lost at 350 s. Server side it finished.",
        "The empty reply comes after exactly 60 seconds, the container keeps generating for another minute",
        "Non-streaming requests always fail at 230 seconds, the backend log shows 200 a minute later",
        "Anything that thinks longer than 4 minutes never returns",
        "Long prompts die at the 100-second mark every time",
        "超过350秒的请求必定在350秒断掉，其实上游12分钟后会返回",
        "超过 100 秒的请求全部失败，没有一个超过 100 秒能成功",
        "Долгие запросы всегда обрываются ровно на 60 секунде",
        "Anfragen über 60 Sekunden brechen immer ab",
    ],
)
def test_a_span_past_which_no_call_lives_is_a_hops(text: str) -> None:
    found = reading(text)
    assert (found.best.cause, found.side) == (CUT, MIDDLEBOX)
    assert found.confidence is not Confidence.HIGH


@pytest.mark.parametrize(
    "strongest, text, expected",
    [
        (sign(RESET, 93), "the stream closed after 60 s without data", None),
        (sign(TRUNCATED, 95), "the stream closed after 60 s without data", (CUT, MIDDLEBOX)),
        (sign(IDLE, 66), "the stream closed after 60 s without data", (CUT, MIDDLEBOX)),
        (sign(IDLE, 67), "the stream closed after 60 s without data", None),
        (sign(IDLE, 90), "the stream closed at nginx after 60 s without data", (CUT, MIDDLEBOX)),
        (sign(BAD_REQUEST, 31), "the stream closed after 60 s without data", (CUT, MIDDLEBOX)),
        (sign(BAD_REQUEST, 32), "the stream closed after 60 s without data", None),
        (sign(EMPTY, 94), "the stream closed after 60 s", None),
        (sign(GATEWAY_TIMEOUT, 63), "nginx closed the stream after 60 s", None),
        (sign(GATEWAY_TIMEOUT, 63), "nginx closed the silent stream after 60 s", (CUT, MIDDLEBOX)),
        (sign(CONTEXT, 95), "always an error after 60 s", None),
        (sign(CONTEXT, 66), "always an error after 90 s", (TOTAL, None)),
        # a span that hops have, and clients have seldom or never
        (sign(CONTEXT, 66), "always an error after 60 s", (CUT, MIDDLEBOX)),
        (sign(UNKNOWN, 24), "anything over 350 s hangs", (CUT, MIDDLEBOX)),
        (sign(UNKNOWN, 24), "anything over 90 s hangs", None),
        (sign(UNKNOWN, 24), "anything over 350 s works", None),
        (sign(UNKNOWN, 24), "a 350 s call hangs", None),
        (sign(UNKNOWN, 24), "no call of 350 s ever works at the proxy", (GATEWAY_TIMEOUT, MIDDLEBOX)),
        (sign(GATEWAY_TIMEOUT, 63), "calls over 100 s fail", (GATEWAY_TIMEOUT, MIDDLEBOX)),
        (sign(FIRST_BYTE, 42), "all calls over 60 s fail", None),
        (sign(FIRST_BYTE, 42), "all calls over 350 s fail", (CUT, MIDDLEBOX)),
        (sign(BAD_REQUEST, 80), "all calls over 350 s fail", None),
        # the far side would have answered
        (sign(UNKNOWN, 24), "calls over 75 s fail, though it would have answered at 90 s", (CUT, MIDDLEBOX)),
        (sign(FIRST_BYTE, 42), "calls over 75 s fail, though it would have answered at 90 s", None),
        (sign(FIRST_BYTE, 42), "calls over 75 s get cut off, it would have answered", (CUT, MIDDLEBOX)),
        # the timer of a client is named, and longer
        (sign(FIRST_BYTE, 36), "whatever takes 75 s or more fails; the client timeout is 10 min", (CUT, MIDDLEBOX)),
        (sign(FIRST_BYTE, 36), "all calls over 75 s fail, my httpx timeout is 600", (CUT, MIDDLEBOX)),
        (sign(FIRST_BYTE, 36), "all calls over 75 s fail, my httpx timeout is 75 s", None),
        # the timer of a client is named
        (sign(UNKNOWN, 24), "httpx has a timeout=60: each request fails at exactly 60 s", (TOTAL, CLIENT)),
        (sign(FIRST_BYTE, 42), "the httpx timeout: each request fails at exactly 60 s", None),
        (sign(UNKNOWN, 24), "stall watchdog: each request fails at exactly 60 s", None),
        (sign(FIRST_BYTE, 40), "always an error after 60 s", None),
        (sign(OVERLOADED, 46), "an error after 60 s", None),
        (sign(OVERLOADED, 46), "always fine after 60 s", None),
        (sign(OVERLOADED, 46), "always an error after 60 s: watchdog", None),
        (sign(OVERLOADED, 46), "always an error after 3 s", None),
        # the timer of a hop outweighs what it was that timed out
        (sign(FIRST_BYTE, 87), "the proxy has a 45 s timeout", (GATEWAY_TIMEOUT, MIDDLEBOX)),
        (sign(FIRST_BYTE, 88), "the proxy has a 45 s timeout", None),
        (sign(FIRST_BYTE, 60), "the app has a 45 s timeout", None),
        (sign(FIRST_BYTE, 60), "the proxy waits 45 s", None),
        (sign(TOTAL, 60), "a limit of 45 s at the proxy", (GATEWAY_TIMEOUT, MIDDLEBOX)),
        (sign(TOTAL, 60), "a limit of 45 s at the proxy: watchdog", None),
        # words for a silence that begin with its span name no timer
        (replace(sign(IDLE, 87), quote="45 s without data"), "closed the stream: 45 s no data", (CUT, MIDDLEBOX)),
        # an idle limit that is denied
        (sign(IDLE, 93), "the stream ended at 300 s, not an idle limit", (TOTAL, MIDDLEBOX)),
        (sign(IDLE, 93), "always an error after 300 s", None),
        # it ended, and nothing says why
        (sign(UNKNOWN, 24), "lost the connection after 75 s", (CUT, MIDDLEBOX)),
        (sign(RESET, 60), "lost the connection after 75 s", None),
        (sign(UNKNOWN, 24), "watchdog: lost the connection after 75 s", None),
        (sign(UNKNOWN, 24), "it takes 75 s", None),
        (sign(UNKNOWN, 24), "nginx is quiet", None),
        (sign(UNKNOWN, 24), "nginx closed the stream", None),
    ],
)
def test_which_signs_prose_may_outweigh(strongest: Sign, text: str, expected: tuple[str, str | None] | None) -> None:
    assert told(text, strongest) == expected


def test_the_span_may_be_known_without_words() -> None:
    text = "the stream closed without data"
    assert told(text, sign(TRUNCATED, 66), elapsed=60) == (CUT, MIDDLEBOX)
    assert told(text, sign(TRUNCATED, 66), elapsed=3) is None
    assert told(text, sign(TRUNCATED, 80), elapsed=60) is None
    assert told(text, sign(TRUNCATED, 66)) is None
    assert told(text + " and so on" * 50, sign(TRUNCATED, 66), elapsed=60) is None
    assert told("the stream closed", sign(TRUNCATED, 66), elapsed=60) is None


def test_a_text_of_many_spans_is_read_in_part() -> None:
    text = "after 7 s " * 12 + "x" * 400 + " the stream closed after 60 s without data"
    assert told(text, sign(UNKNOWN, 24)) is None
    assert told(text[10:], sign(UNKNOWN, 24)) == (CUT, MIDDLEBOX)


@pytest.mark.parametrize(
    "text",
    [
        "The relay logs 'context canceled' whenever nginx's proxy_read_timeout of 60 s fires",
        "context canceled: caused by the CDN's 100 s read timeout",
        "Since Cloudflare times out at 100 s, our relay only sees `context canceled`",
        "499 in the backend because Cloudflare's 100 s proxy read timeout was hit",
        "client disconnected, says the server, after the load balancer's time limit",
        "nginx 默认 60 秒读超时触发后，new-api 日志里就是 context canceled",
        "反代超时（默认60s）先断开，所以后端报 client disconnected",
    ],
)
def test_a_caller_that_left_because_its_timer_ran_out_was_a_hop(text: str) -> None:
    found = reading(text)
    assert (found.best.cause, found.side) == (GATEWAY_TIMEOUT, MIDDLEBOX)
    assert found.confidence is not Confidence.HIGH
    assert found.best.quote in text


@pytest.mark.parametrize(
    "text",
    [
        "http: proxy error: context canceled",
        "user pressed stop; the server logged context canceled behind nginx",
        "relay error: context canceled (nginx in front, timeout unknown)",
        "proxy_read_timeout is 3600s in nginx already, still context canceled",
        "nginx proxy_read_timeout 已经调到 600s，还是 context canceled",
        "context canceled, and it is not the nginx timeout",
        "context canceled. " + "x" * 300 + " because of nginx's read timeout",
    ],
)
def test_a_hop_that_is_only_named_made_nobody_leave(text: str) -> None:
    assert reading(text).best.cause == "client_gave_up"


def test_what_is_told_of_two_callers_is_read_one_by_one() -> None:
    text = "client closed. " + "x" * 400 + " client closed because of nginx's read timeout"
    assert reading(text).best.cause == GATEWAY_TIMEOUT
    assert told("499 because of nginx's read timeout", sign("client_gave_up", 96)) is None
    assert told("nginx logs 499 because the client times out", sign("client_gave_up", 88)) is None


@pytest.mark.parametrize(
    "text",
    [
        "LM Studio on localhost: each request of more than 5 minutes dies; its log shows it finishes at minute 7",
        "llama.cpp on my own box always fails at exactly 300 seconds, though llama-server would have answered",
        "With Ollama running locally anything longer than 10 minutes never comes back; ollama finishes fine afterwards",
        "vLLM on localhost:8000 always dies at 600 s, it would still have answered; no proxy or gateway between us",
        "Any prompt over 300s never succeeds from our Node app; the server finishes it fine two minutes later",
        "Local model server. Calls of 300 seconds or longer always fail, without any proxy, balancer or firewall.",
        "My Node script gives up on LM Studio every time at 300 s; its log shows the generation completes",
        "Five minutes on the dot and fetch rejects, while LM Studio is still processing the prompt",
        "本地用 LM Studio，超过5分钟的请求每次都失败，没有代理，服务端日志显示其实后来正常生成完了",
        "ollama runs locally, the connection is closed after exactly 300 s of silence, every time",
    ],
)
def test_the_usual_wait_of_clients_where_nothing_is_on_the_way(text: str) -> None:
    found = reading(text)
    assert (found.best.cause, found.side, found.confidence) == (FIRST_BYTE, CLIENT, Confidence.MEDIUM)


@pytest.mark.parametrize(
    "text",
    [
        "Behind nginx, any request over 300 seconds always fails, though the model would have answered",
        "Our load balancer is in front of vLLM: requests over 10 minutes die; the server finishes them later anyway",
        "Every request over 120 seconds fails, though ollama on that box finishes fine afterwards",
        "Nothing that takes over 100 seconds ever completes from llama.cpp; the server finishes it fine later",
        "On Vercel every call dies at exactly 300 s though the model would have answered",
        "Our client timeout is 900 s and every request dies at exactly 300 s though the model would have answered",
        "through an ngrok tunnel every call to ollama closes after exactly 300 seconds although it would have answered",
    ],
)
def test_other_waits_and_named_hops_are_of_what_is_on_the_way(text: str) -> None:
    found = reading(text)
    assert found.best.cause in (CUT, GATEWAY_TIMEOUT)
    assert found.side == MIDDLEBOX


@pytest.mark.parametrize(
    "text",
    [
        "ollama on localhost: the answer stops half way after exactly 5 minutes, every time",
        "LM Studio was idle for 5 minutes, then it said: Error: Model unloaded.",
        "Every 5 minutes our job on localhost fails with connect ECONNREFUSED 127.0.0.1:11434",
        "ollama on localhost is slow, it took 5 minutes",
        "localhost: it fails always after 5-10 minutes",
        "localhost: the watchdog aborts each call at exactly 300 s, always",
        "localhost: the request always fails at exactly 600 s while tokens are still streaming",
        "It always fails after exactly 300 s",
    ],
)
def test_what_is_no_wait_of_a_client(text: str) -> None:
    assert reading(text).best.cause != FIRST_BYTE


@pytest.mark.parametrize(
    "text",
    [
        "A minute of thinking with no output left the response idle, and the CDN (60 s) answered with 520",
        "The model was thinking with no output, the response sat idle for 60 s and the CDN in front gave a 520.",
    ],
)
def test_a_520_after_a_silence_is_a_cut(text: str) -> None:
    found = reading(text)
    assert (found.best.cause, found.side) == (CUT, MIDDLEBOX)
