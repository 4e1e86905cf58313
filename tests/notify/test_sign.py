from __future__ import annotations

import base64
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import InvalidWebhookSignatureError, OpenAI
from openai.types.webhooks import ResponseCompletedWebhookEvent
from tests.notify.conftest import KEY, SECRET, counter, webhook

from outwait.notify.event import events_for, opened
from outwait.notify.sign import headers


def test_the_vector_of_the_standard() -> None:
    # standard-webhooks/standard-webhooks, libraries: "sign function works"
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330.9, b'{"test": 2432232314}', [key]) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_each_secret_signs() -> None:
    both = headers("wh_1", 1.0, b"{}", [KEY, b"other"])["webhook-signature"].split(" ")
    assert both == [headers("wh_1", 1.0, b"{}", [key])["webhook-signature"] for key in (KEY, b"other")]
    assert len(set(both)) == 2


@given(st.text("0123456789abcdef", min_size=1), st.integers(0, 2**40), st.binary())
def test_whatever_is_signed_is_part_of_it(ident: str, moment: int, body: bytes) -> None:
    signature = headers(ident, float(moment), body, [KEY])["webhook-signature"]
    assert signature != headers(ident + "0", float(moment), body, [KEY])["webhook-signature"]
    assert signature != headers(ident, float(moment + 1), body, [KEY])["webhook-signature"]
    assert signature != headers(ident, float(moment), body + b" ", [KEY])["webhook-signature"]


def test_the_sdk_of_openai_takes_it() -> None:
    (row,) = events_for([webhook()], "app", "response.completed", "resp_1", 1.0, counter())
    body = opened(row)[1]
    signed = headers(row.id, time.time(), body, [b"an older secret", KEY])
    client = OpenAI(api_key="none", webhook_secret=SECRET)
    event = client.webhooks.unwrap(body, signed)
    assert isinstance(event, ResponseCompletedWebhookEvent)
    assert (event.id, event.data.id, event.object) == ("evt_0001", "resp_1", "event")
    assert json.loads(body) == event.to_dict()
    with pytest.raises(InvalidWebhookSignatureError):
        client.webhooks.unwrap(body + b" ", signed)
    with pytest.raises(InvalidWebhookSignatureError):
        client.webhooks.unwrap(body, headers(row.id, time.time() - 400, body, [KEY]))
