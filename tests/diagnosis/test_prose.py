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
        ("The connection stays open for 60 seconds of silence", FIRST_BYTE, CLIENT),
    ],
)
def test_what_is_no_such_prose(text: str, cause: str, side: str) -> None:
    found = reading(text, elapsed=60)
    assert (found.best.cause, found.side) == (cause, side)


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
        (sign(CONTEXT, 66), "always an error after 60 s", (TOTAL, None)),
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
