from __future__ import annotations

import pytest

from outwait.client.places import ENDPOINTS, Place, credentials, place_of
from outwait.edge.routes import ROUTES

GEMINI = "models/gemini-3:streamGenerateContent"


@pytest.mark.parametrize(
    "target, place",
    [
        ("/v1/chat/completions", Place("/", "chat/completions")),
        ("/v1/responses/", Place("/", "responses")),
        ("/below/here/v1/messages?beta=true", Place("/below/here/", "messages", "beta=true")),
        (f"/v1beta/{GEMINI}?alt=sse", Place("/", GEMINI, "alt=sse")),
        (f"/v1alpha/{GEMINI}", Place("/", GEMINI)),
        (f"/v1/{GEMINI}", Place("/", GEMINI)),
        ("/v1beta/tunedModels/x:generateContent", Place("/", "tunedModels/x:generateContent")),
    ],
)
def test_places(target: str, place: Place) -> None:
    assert place_of("POST", target) == place
    assert place_of("GET", target) is None


@pytest.mark.parametrize(
    "target",
    [
        "/v1/embeddings",
        "/v1/files",
        "/v1/responses/r_1/cancel",
        "/v1/messages/batches",
        "/v1/messages/count_tokens",
        "/v1beta/models/x:countTokens",
        "/chat/completions",
        "/v2/chat/completions",
        "",
        "/v1/exchanges/x/cancel",
    ],
)
def test_everything_else_is_none(target: str) -> None:
    assert place_of("POST", target) is None


def test_the_gateway_has_these_routes() -> None:
    assert {f"/v1/{endpoint}" for endpoint in ENDPOINTS} <= ROUTES.keys()
    assert Place("/", "messages").probe in ROUTES


def test_where_an_exchange_is() -> None:
    place = Place("/below/", "messages")
    assert place.probe == "/below/v1/probe"
    assert place.stream("ow_1", 0) == "/below/v1/exchanges/ow_1/stream"
    assert place.stream("ow_1", 7) == "/below/v1/exchanges/ow_1/stream?starting_after=7"
    assert not place.events
    assert Place("/", GEMINI).events


def test_who_asks_is_kept_and_what_is_asked_is_not() -> None:
    headers = {"x-api-key": "k", "content-length": "3", "idempotency-key": "n", "accept-encoding": "gzip", "a": "b"}
    assert credentials(Place("/", "messages"), headers) == {"x-api-key": "k", "a": "b", "accept-encoding": "identity"}
    assert credentials(Place("/", GEMINI, "key=g%20h&alt=sse"), {})["x-goog-api-key"] == "g h"
    assert credentials(Place("/", GEMINI, "key=g"), {"x-goog-api-key": "mine"})["x-goog-api-key"] == "mine"
