from __future__ import annotations

import json

import pytest
from tests.edge.conftest import house, story

from outwait.edge.routes import ROUTES
from outwait.edge.serve_call import serve_call


@pytest.mark.parametrize(
    "method, path, allowed",
    [
        ("GET", "/v1/chat/completions", "POST"),
        ("DELETE", "/v1/chat/completions", "POST"),
        ("POST", "/v1/models", "GET, HEAD"),
        ("DELETE", "/v1/models/m1", "GET, POST, HEAD"),
        ("GET", "/v1/responses", "POST"),
        ("PUT", "/v1/responses/resp_1", "GET, POST, DELETE, HEAD"),
        ("GET", "/v1/images/edits", "POST"),
        ("POST", "/healthz", "GET, HEAD"),
        ("OPTIONS", "/v1/chat/completions", "POST"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(method: str, path: str, allowed: str) -> None:
    @story
    async def told() -> None:
        async with house() as door:
            reply = await door.ask(path, method=method)
            assert (reply.status, reply.error["code"], reply.error["type"]) == (
                405,
                "method_not_allowed",
                "invalid_request_error",
            )
            assert reply.headers["allow"].upper() == allowed
            assert reply.error["message"] == f"{path} takes {allowed}, not {method}."
            assert reply.headers["x-should-retry"] == "false"

    told()


@pytest.mark.parametrize(
    "path, status, code",
    [
        ("/chat/completions", 404, "not_found"),
        ("/v1/models/", 404, "not_found"),
        ("/v1/files", 501, "not_supported"),
        ("/", 404, "not_found"),
    ],
)
def test_a_path_that_is_not_there(path: str, status: int, code: str) -> None:
    @story
    async def told() -> None:
        async with house() as door:
            reply = await door.ask(path, method="POST")
            assert (reply.status, reply.error["code"]) == (status, code)
            assert reply.headers["content-type"] == "application/json"
            assert reply.headers["x-should-retry"] == "false"
            assert reply.headers["x-request-id"] == reply.headers["x-outwait-exchange"] == door.entries[0].exchange

    told()


@story
async def test_a_head_is_answered_wherever_a_get_is() -> None:
    async with house() as door:
        for path in ("/healthz", "/readyz", "/v1/models", "/v1/models/m1"):
            full, head = await door.ask(path), await door.ask(path, method="HEAD")
            assert (head.status, head.body) == (200, "")
            assert head.headers["content-length"] == full.headers["content-length"] != "0"


@story
async def test_what_the_wire_refuses_has_the_same_shape_and_is_recorded() -> None:
    async with house(
        "channels: [{name: one, base_url: 'http://h/v1'}]\nserver: {limits: {json_body: 10, header_bytes: 2000}}\n"
    ) as door:
        long = await door.ask("/v1/chat/completions", "content-length: 11", method="POST")
        assert (long.status, long.error["code"]) == (413, "request_too_large")
        wide = await door.ask("/v1/models", f"x: {'y' * 3000}")
        assert (wide.status, wide.error["code"]) == (431, "headers_too_large")
        assert [(entry.status, entry.outcome, entry.endpoint) for entry in door.entries] == [
            (413, "refused", "chat.completions"),
            (431, "refused", "other"),
        ]
        for reply, entry in zip((long, wide), door.entries, strict=True):
            assert reply.headers["x-request-id"] == entry.exchange


@pytest.mark.parametrize(
    "path, shape",
    [
        ("/v1/messages/batches", ("error", None)),
        ("/v1/messages", ("error", None)),
        ("/v1beta/models/m1:generateVideo", (None, "NOT_FOUND")),
        ("/v1beta/files", (None, "NOT_FOUND")),
        ("/v1/models/m1:generateContent", (None, "INVALID_ARGUMENT")),
        ("/v1/nothing", (None, None)),
    ],
)
def test_what_is_refused_is_told_in_the_dialect_of_the_path(path: str, shape: tuple[str | None, str | None]) -> None:
    @story
    async def told() -> None:
        async with house() as door:
            reply = json.loads((await door.ask(path, method="POST")).body)
            assert (reply.get("type"), reply["error"].get("status")) == shape

    told()


@story
async def test_the_wire_too_refuses_in_the_dialect_of_the_path() -> None:
    text = "channels: [{name: one, base_url: 'http://h/v1'}]\nserver: {limits: {json_body: 10, file_body: 20}}\n"
    async with house(text) as door:
        for path, size, status in (
            ("/v1/messages", 11, 413),
            ("/v1beta/models/m:generateContent", 11, 413),
            ("/v1/images/edits", 21, 413),
        ):
            reply = await door.ask(path, f"content-length: {size}", method="POST")
            assert reply.status == status
            assert "error" in json.loads(reply.body)
        assert [entry.dialect for entry in door.entries] == ["anthropic", "gemini", "openai"]


@pytest.mark.parametrize("path", sorted(ROUTES))
def test_every_endpoint_has_a_name_of_its_own(path: str) -> None:
    """Paths that clients make up must not become labels, and those that are there must not hide behind `other`."""
    for method, (route, dialect) in ROUTES[path].items():
        if route is serve_call:
            assert method == "POST"
            assert dialect.endpoint(path) != "other"
            assert dialect.endpoint(f"{path}/x") == "other"
