"""The same failures in other languages; the words of one say nothing in another order."""

from __future__ import annotations

import pytest

from outwait.diagnosis.read import read
from outwait.diagnosis.symptom import Symptom


@pytest.mark.parametrize(
    "text, cause",
    [
        ("接続がリセットされた", "connect_reset"),
        ("연결이 초기화됨", "connect_reset"),
        ("соединение разорвано", "connect_reset"),
        ("Die Verbindung wurde zurückgesetzt", "connect_reset"),
        ("la connexion a été fermée", "connect_reset"),
        ("la conexión fue restablecida", "connect_reset"),
        ("a conexão foi encerrada", "connect_reset"),
        ("上游关闭了连接", "connect_reset"),
        ("ストリームが途中で途切れました", "stream_truncated"),
        ("답변 중간에 끊겼어요", "stream_truncated"),
        ("ответ обрывается", "stream_truncated"),
        ("Abbruch mitten im Satz", "stream_truncated"),
        ("la réponse est coupée", "stream_truncated"),
        ("接続タイムアウト", "connect_timeout"),
        ("연결 시간 초과", "connect_timeout"),
        ("таймаут подключения", "connect_timeout"),
        ("応答がありません", "first_byte_timeout"),
        ("модель не отвечает", "first_byte_timeout"),
        ("Le modèle n'a pas répondu", "first_byte_timeout"),
        ("нет новых токенов за 20 сек", "idle_timeout"),
        ("20秒間トークンが届かず中止", "idle_timeout"),
        ("20초 동안 토큰이 없어 중지", "idle_timeout"),
        ("リクエストが多すぎます", "rate_limited"),
        ("アクセス頻度の制限に達しました", "rate_limited"),
        ("요청이 너무 많습니다", "rate_limited"),
        ("요청 한도를 초과했습니다", "rate_limited"),
        ("Слишком много запросов", "rate_limited"),
        ("превышен лимит запросов", "rate_limited"),
        ("Zu viele Anfragen", "rate_limited"),
        ("Trop de requêtes", "rate_limited"),
        ("Demasiadas solicitudes", "rate_limited"),
        ("limite de requisições atingido", "rate_limited"),
    ],
)
def test_what_is_said_elsewhere(text: str, cause: str) -> None:
    assert read(Symptom(text)).best.cause == cause


@pytest.mark.parametrize("text", ["接続しました", "연결되었습니다", "соединение открыто", "la conexión está abierta"])
def test_what_works_is_no_failure(text: str) -> None:
    assert read(Symptom(text)).best.cause == "unknown"
