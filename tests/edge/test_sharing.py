"""What browsers are told, on real sockets: of answers of every kind, before them, and of what is never shared."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.app.conftest import KEY, Reply, get
from tests.edge.conftest import CHANNEL, KEYS, house, provider, story

from outwait.config.load import loads
from outwait.edge.channels import PATH as CHANNELS
from outwait.edge.live import PATH as LIVE
from outwait.edge.routes import INTERNAL, PREFIXES, ROUTES
from outwait.edge.sharing import APART

PAGE = "https://chat.example.com"
CORS = f'server: {{cors: ["{PAGE}", "http://localhost:*"]}}\n'
WITH = CHANNEL + KEYS + CORS
QUICK = "heartbeat: {enabled: true, after: 1s, json_after: 1s, every: 1s}\n"


def asked(method: str = "POST", origin: str = PAGE, headers: str = "authorization,content-type") -> tuple[str, ...]:
    return (
        f"origin: {origin}",
        f"access-control-request-method: {method}",
        f"access-control-request-headers: {headers}",
    )


def call(model: str, *, stream: bool = False, origin: str = PAGE, key: str = KEY) -> bytes:
    body = json.dumps({"model": model, "stream": stream, "messages": [{"role": "user", "content": "hi"}]})
    lines = ("content-type: application/json", f"content-length: {len(body)}", f"origin: {origin}")
    return get("/v1/chat/completions", *lines, method="POST").replace(KEY.encode(), key.encode()) + body.encode()


def told(reply: Reply) -> Mapping[str, str]:
    """The headers that concern pages."""
    return {name: said for name, said in reply.headers.items() if name.startswith("access-control") or name == "vary"}


READABLE = {"access-control-allow-origin": PAGE, "access-control-expose-headers": "*", "vary": "origin"}


# ------------------------------------------------------------------------------------------------------------- answers
@story
async def test_every_kind_of_answer_may_be_read() -> None:
    async with provider(CORS) as (text, _), house(text) as door:
        whole = await door.send(call("echo"))
        assert (whole.status, told(whole)) == (200, READABLE)
        stream = await door.send(call("echo", stream=True))
        assert stream.body.endswith("data: [DONE]\n\n")
        assert told(stream) == READABLE
        for reply in (
            await door.send(call("error-429")),
            await door.send(call("echo", key="wrong")),
            await door.ask("/v1/models", f"origin: {PAGE}"),
            await door.ask("/v1/models", f"origin: {PAGE}", method="HEAD"),
            await door.ask("/v1/exchanges", f"origin: {PAGE}"),
            await door.ask("/chat/completions", f"origin: {PAGE}", method="POST"),
            await door.ask("/v1/chat/completions", f"origin: {PAGE}"),
        ):
            assert told(reply) == READABLE, reply.status


@story
async def test_what_the_wire_refuses_may_be_read_too() -> None:
    small = CHANNEL + KEYS + CORS.replace("cors", "limits: {json_body: 10}, cors")
    async with house(small) as door:
        reply = await door.ask("/v1/chat/completions", "content-length: 11", f"origin: {PAGE}", method="POST")
        assert (reply.status, reply.error["code"], told(reply)) == (413, "request_too_large", READABLE)
        apart = await door.ask("/metrics", "content-length: 11", f"origin: {PAGE}", method="POST")
        assert (apart.status, told(apart)) == (413, {})


@pytest.mark.slow  # heartbeats come after a second at the soonest
@story
async def test_a_held_answer_and_a_late_error_may_be_read() -> None:
    async with provider(CORS) as (text, _), house(text.replace("heartbeat: {enabled: false}\n", QUICK)) as door:
        held, late = await asyncio.gather(
            door.send(call("silent-1200ms-then-echo")), door.send(call("silent-1200ms-then-error-400", stream=True))
        )
        assert (held.status, told(held)) == (200, READABLE)
        assert held.body.startswith("\n")
        assert (late.status, told(late)) == (200, READABLE)
        assert late.body.startswith(":")
        assert '"error"' in late.body


@story
async def test_a_handler_that_fails_is_told_once() -> None:
    async with house(WITH) as door:
        door.gateway.door.metrics = door.gateway.door.planner = None  # type: ignore[assignment]  # what breaks it
        reply = await door.send(call("m1"))
        assert (reply.status, told(reply)) == (500, READABLE)


# --------------------------------------------------------------------------------------------------------- who is told
@story
async def test_strangers_are_told_nothing_and_caches_that_it_depends() -> None:
    async with house(WITH) as door:
        for line in ("origin: https://evil.example", "origin: null", f"origin: {PAGE}.evil.example", "x-a: b"):
            reply = await door.ask("/v1/models", line)
            assert (reply.status, told(reply)) == (200, {"vary": "origin"}), line
        local = await door.ask("/v1/models", "origin: http://localhost:5173")
        assert told(local)["access-control-allow-origin"] == "http://localhost:5173"


@story
async def test_without_the_setting_nobody_is_told_anything() -> None:
    async with house() as door:
        assert told(await door.ask("/v1/models", f"origin: {PAGE}")) == {}
        reply = await door.ask("/v1/chat/completions", *asked(), method="OPTIONS")
        assert (reply.status, reply.headers["allow"], told(reply)) == (405, "post", {})
        assert reply.error["message"].endswith(f"when `server.cors` lists their origin, here {PAGE}.")


@story
async def test_with_an_asterisk_everybody_is_told_the_same() -> None:
    async with house(CHANNEL + KEYS + "server: {cors: '*'}") as door:
        same = {"access-control-allow-origin": "*", "access-control-expose-headers": "*"}
        for line in (f"origin: {PAGE}", "origin: null", "x-a: b"):
            assert told(await door.ask("/v1/models", line)) == same


@story
async def test_a_reload_lets_pages_in_and_keeps_them_out_again_on_an_open_connection() -> None:
    async with house() as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        ask = get("/v1/models", f"origin: {PAGE}").replace(b"connection: close\r\n", b"")
        seen = []
        for text in (CHANNEL + KEYS, WITH, CHANNEL + KEYS + CORS.replace(PAGE, "https://b.example"), CHANNEL + KEYS):
            door.gateway.reload(loads(text))
            writer.write(ask)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r")[0]))
            seen.append((b"access-control-allow-origin" in head, b"vary: Origin" in head))
        writer.close()
        assert seen == [(False, False), (True, True), (False, True), (False, False)]


# ---------------------------------------------------------------------------------------------------------- preflights
@pytest.mark.parametrize(
    "path, method, taken",
    [
        ("/v1/chat/completions", "POST", "post"),
        ("/v1/messages", "POST", "post"),
        ("/v1/responses/resp_1", "DELETE", "get, post, delete, head"),
        ("/v1/models", "GET", "get, head"),
        ("/v1beta/models/gemini-3-pro:streamGenerateContent", "POST", "get, post, head"),
        ("/chat/completions", "POST", "post"),
        ("/v1/files", "DELETE", "delete"),
    ],
)
def test_a_preflight_is_answered_without_a_key(path: str, method: str, taken: str) -> None:
    @story
    async def answered() -> None:
        async with house(WITH) as door:
            more = "access-control-request-private-network: true"
            reply = await door.ask(path, *asked(method), more, method="OPTIONS", key="none")
            assert (reply.status, reply.body) == (204, "")
            assert told(reply) == {
                **READABLE,
                "access-control-allow-methods": taken,
                "access-control-allow-headers": "authorization,content-type",
                "access-control-allow-private-network": "true",
                "access-control-max-age": "7200",
            }
            assert door.entries == []

    answered()


@story
async def test_a_preflight_of_a_stranger_is_refused_as_any_options_is_and_says_why() -> None:
    async with house(WITH) as door:
        for origin in ("https://evil.example", "null"):
            reply = await door.ask("/v1/messages", *asked(origin=origin), method="OPTIONS")
            assert (reply.status, told(reply)) == (405, {"vary": "origin"})
            assert reply.error["message"].endswith(f"lists their origin, here {origin}.")
        plain = await door.ask("/v1/messages", f"origin: {PAGE}", method="OPTIONS")
        assert (plain.status, plain.error["message"]) == (405, "/v1/messages takes POST, not OPTIONS.")


# -------------------------------------------------------------------------------------------------- without client keys
@story
async def test_without_keys_no_page_can_call_blindly() -> None:
    async with provider() as (text, model), house(text.replace(KEYS, "")) as door:
        blind = call("echo").replace(f"authorization: Bearer {KEY}\r\n".encode(), b"")
        blind = blind.replace(b"application/json", b"text/plain")
        assert b"authorization" not in blind
        refused = await door.send(blind)
        assert (refused.status, refused.error["code"]) == (403, "permission_denied")
        assert PAGE in refused.error["message"]
        for path in ("/v1/exchanges/ow_x/cancel", f"{CHANNELS}/sim", "/v1/probe", "/v1/embeddings"):
            assert (await door.send(blind.replace(b"/v1/chat/completions", path.encode()))).status == 403
        assert model.calls == []
        # Programs that are no pages, pages in programs, and pages that are listed.
        for allowed in (
            blind.replace(f"origin: {PAGE}\r\n".encode(), b""),
            blind.replace(b"text/plain", b"application/json").replace(PAGE.encode(), b"null"),
            call("echo", key="any").replace(b"application/json", b"text/plain"),
        ):
            assert (await door.send(allowed)).status == 200
        door.gateway.reload(loads(text.replace(KEYS, "") + CORS))
        assert (await door.send(blind)).status == 200
        door.gateway.reload(loads(text))
        assert (await door.send(blind)).status == 401


@story
async def test_without_keys_no_page_can_call_by_a_name_that_leads_here() -> None:
    async with provider() as (text, model), house(text.replace(KEYS, "")) as door:
        page = "http://evil.example:8080"
        rebound = call("echo", origin=page).replace(b"host: localhost\r\n", b"host: evil.example:8080\r\n")
        assert rebound.count(b"evil.example:8080") == 2
        door.gateway.door.port = 8080
        refused = await door.send(rebound)
        assert (refused.status, refused.error["code"]) == (403, "permission_denied")
        assert page in refused.error["message"]
        assert model.calls == []
        assert (await door.send(rebound.replace(b"host: evil.example", b"host: localhost", 1))).status == 200
        door.gateway.share((page,))
        door.gateway.door.port = 8080
        assert (await door.send(rebound)).status == 200


# ------------------------------------------------------------------------------------------------------ what is apart
def test_each_route_is_shared_or_apart_on_purpose() -> None:
    apart = {path for path in (*ROUTES, *PREFIXES, *INTERNAL) if path.startswith(APART)}
    assert apart == {"/healthz", "/readyz", "/metrics", LIVE, f"{LIVE}/", *INTERNAL}
    assert CHANNELS in APART


@story
async def test_what_is_for_operators_is_never_shared() -> None:
    async with house(CHANNEL + KEYS + "server: {cors: '*'}") as door:
        for path in ("/healthz", "/readyz", "/metrics", "/internal/live/", CHANNELS, f"{CHANNELS}/one", LIVE):
            for method, lines in (("GET", (f"origin: {PAGE}",)), ("OPTIONS", asked("GET"))):
                reply = await door.ask(path, *lines, method=method)
                assert told(reply) == {}, (path, method)
                assert (reply.status in (404, 405)) if method == "OPTIONS" else reply.status, path


# ------------------------------------------------------------------------------------------------------------- workers
@story
async def test_what_a_neighbour_answers_says_it_once(tmp_path: Path) -> None:
    async with (
        provider(CORS) as (text, _),
        house(text, tmp_path / "00ab00") as front,
        house(text, tmp_path / "01ab01") as owner,
    ):
        ident = (await owner.send(call("echo"))).headers["x-outwait-exchange"]
        reader, writer = await asyncio.open_connection("127.0.0.1", front.port)
        writer.write(get(f"/v1/exchanges/{ident}", f"origin: {PAGE}"))
        raw = (await reader.read()).lower()
        writer.close()
        assert raw.startswith(b"http/1.1 200 ")
        assert (raw.count(b"access-control-allow-origin: "), raw.count(b"vary: ")) == (1, 1)
