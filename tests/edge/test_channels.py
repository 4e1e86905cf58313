from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.app.conftest import Reply
from tests.edge.conftest import story

from outwait.core.catalog import Catalog, Channel
from outwait.core.endpoints import Wish
from outwait.core.entry import Entry
from outwait.core.fault import fault
from outwait.core.plan import Candidate, Plan, Span, Timeouts
from outwait.core.principal import Principal
from outwait.edge import routes
from outwait.edge.channels import Desk
from outwait.edge.door import Door
from outwait.health.figures import Chronicle
from outwait.health.hold import Held
from outwait.health.learning import Learning
from outwait.health.learning_rules import LearningRules
from outwait.health.prober import Prober
from outwait.health.tracker import HealthTracker
from outwait.plan.planner import Planner
from outwait.policy.health_rules import ProbeRule
from outwait.toolkit.simulate.server import Simulator
from outwait.upstream.call import Upstream
from outwait.upstream.probe import Probes
from outwait.wire import listen
from outwait.wire.guard import Limits
from outwait.wire.server import Server
from outwait.wire.wheel import Wheel

ADMIN, PLAIN = "ow-admin-1", "ow-plain-1"
SECRET = "sk-provider-1"
SPAN = Span(100, "test")
CLOCKS = Timeouts(SPAN, SPAN, SPAN, SPAN, SPAN, SPAN, SPAN)


def keyed(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


class Office:
    """A gateway's edge with a desk, before a simulated provider."""

    def __init__(self, url: str, *, open_access: bool) -> None:
        loop = asyncio.get_running_loop()
        keys = {keyed(ADMIN): Principal("boss", admin=True), keyed(PLAIN): Principal("dev")}
        channels = (
            Channel("sim", "openai", url, (SECRET, "sk-provider-2")),
            Channel("team/b", "openai", "http://127.0.0.1:9/v1"),
            Channel("learned", "openai", "http://127.0.0.1:9/v1"),
        )
        catalog = Catalog(channels=channels, keys={} if open_access else keys, open_access=open_access)
        self.wheel = Wheel(loop)
        self.upstream = Upstream(self.wheel, catalog)
        learning = Learning(LearningRules())
        self.tracker = HealthTracker(loop.time, lambda: 1e9 + loop.time(), lambda: 0.0, self.wheel, learning)
        self.tracker.use(catalog)
        looks = Probes(catalog, self.upstream.open, self.upstream.judge)
        prober = Prober(self.tracker, looks, self.wheel, lambda: 0.0, ProbeRule())
        chronicle = Chronicle(self.tracker, loop.time)
        self.tracker.events.append(chronicle.changed)
        self.entries: list[Entry] = []
        none = cast("Any", None)
        ports = cast("Any", SimpleNamespace(wall=lambda: 0.0, clock=lambda: 0.0))
        door = Door(Planner(catalog), none, ports, self.entries.append, none, none, none, "05abcd", none, none)
        desk = Desk(self.tracker, prober, learning, chronicle)
        self.server = Server(
            routes.handler(door, desk),
            limits=Limits(),
            wheel=self.wheel,
            body_limit=lambda _: 10_000,
            refuse=routes.teller(door),
        )
        self.port = 0

    async def ask(self, path: str, body: object = None, *, key: str = ADMIN, raw: bytes | None = None) -> Reply:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        method = "GET" if body is None and raw is None else "POST"
        head = f"{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\nconnection: close\r\n"
        writer.write(f"{head}content-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n".encode() + data)
        try:
            return Reply(await reader.read())
        finally:
            writer.close()

    async def told(self, path: str, body: object = None) -> Any:
        reply = await self.ask(path, body)
        assert reply.status == 200, reply.body
        assert reply.headers["cache-control"] == "no-store"
        assert "sk-provider" not in reply.body
        return json.loads(reply.body)

    async def refused(self, path: str, body: object = None, **more: Any) -> tuple[int, str, str | None, str]:
        reply = await self.ask(path, body, **more)
        error = reply.error
        return reply.status, error["code"], error["param"], error["message"]

    def attempt(self, code: str | None = None) -> None:
        plan = Plan("chat", (Candidate("sim", "openai", "m", keys=2),), CLOCKS)
        held = self.tracker.acquire(Wish(plan, "k", self.tracker.now() + 9), lambda _: None)
        assert isinstance(held, Held)
        held.leave(None if code is None else fault(code))


@asynccontextmanager
async def office(*, open_access: bool = False) -> AsyncIterator[Office]:
    model = Simulator()
    url = await model.start()
    made = Office(url, open_access=open_access)
    (sock,) = listen.bind("127.0.0.1", 0)
    listener = await listen.start(made.server, sock)
    made.port = sock.getsockname()[1]
    try:
        yield made
    finally:
        listener.close()
        await made.server.close(0.0)
        made.upstream.close()
        made.wheel.close()
        await model.stop()


@story
async def test_all_channels_and_one() -> None:
    async with office() as desk:
        desk.attempt()
        told = await desk.told("/v1/channels")
        assert (told["object"], told["worker"]) == ("list", "05abcd")
        assert [(each["name"], each["state"]) for each in told["data"]] == [
            ("sim", "up"),
            ("team/b", "up"),
            ("learned", "up"),
        ]
        one = await desk.told("/v1/channels/sim")
        assert {key: one[key] for key in told["data"][0]} == told["data"][0]
        assert (one["worker"], one["endpoints"][0]["name"]) == ("05abcd", "sim/m")
        assert (await desk.told("/v1/channels/team%2Fb"))["name"] == "team/b"
        assert (await desk.told("/v1/channels/learned"))["name"] == "learned"


@story
async def test_a_channel_that_was_added_this_moment_is_not_there_yet() -> None:
    async with office() as desk:
        del desk.tracker.channels["sim"]
        assert [each["name"] for each in (await desk.told("/v1/channels"))["data"]] == ["team/b", "learned"]
        assert (await desk.refused("/v1/channels/sim"))[:2] == (404, "not_found")


@story
async def test_only_admins_may_look() -> None:
    async with office() as desk:
        for path, body in (
            ("/v1/channels", None),
            ("/v1/channels/sim", None),
            ("/v1/channels/nobody", None),
            ("/v1/channels/sim/check", {}),
            ("/v1/channels/sim/revive", {}),
            ("/v1/channels/learned", {"action": "reset"}),
        ):
            status, code, _, message = await desk.refused(path, body, key=PLAIN)
            assert (status, code) == (403, "permission_denied")
            assert "'dev'" in message
            assert (await desk.refused(path, body, key="nobody's"))[:2] == (401, "invalid_api_key")
        assert desk.entries[0].key == "dev"
        assert desk.entries[0].outcome == "refused"
    async with office(open_access=True) as desk:
        assert (await desk.ask("/v1/channels", key="anything")).status == 200


@story
async def test_what_is_not_there_is_told_with_what_is_near() -> None:
    async with office() as desk:
        status, code, _, message = await desk.refused("/v1/channels/sin")
        assert (status, code, message) == (404, "not_found", "There is no channel 'sin'. Nearest: sim.")
        for path, body in (("/v1/channels/sim/x", None), ("/v1/channels/sim/x", {}), ("/v1/channels/sim", {})):
            status, code, _, message = await desk.refused(path, body)
            assert (status, code) == (404, "not_found")
            assert "/check or /revive" in message
        for what in ("check", "revive"):
            assert (await desk.refused(f"/v1/channels/sim2/{what}", {}))[:2] == (404, "not_found")


@story
async def test_a_free_check_and_a_paid_one() -> None:
    async with office() as desk:
        free = await desk.told("/v1/channels/sim/check", {})
        assert (free["object"], free["channel"], free["paid"], free["probe"], free["ok"], free["status"]) == (
            "channel.check",
            "sim",
            False,
            "key",
            True,
            200,
        )
        assert free["asked"] == "GET /v1/models"
        paid = await desk.told("/v1/channels/sim/check", {"model": "drip-1ms", "paid": True, "key": 1})
        assert (paid["ok"], paid["model"], paid["probe"], paid["fault"]) == (True, "drip-1ms", "call", None)
        assert (await desk.told("/v1/channels/sim"))["check"]["ok"] is True
        bad = await desk.told("/v1/channels/sim/check", {"model": "error-503", "paid": True})
        assert (bad["ok"], bad["status"]) == (False, 503)
        assert set(bad["fault"]) == {"code", "cause", "side", "message", "detail"}
        gone = await desk.told("/v1/channels/team%2Fb/check", {})
        assert (gone["ok"], gone["fault"]["code"]) == (False, "upstream_connect")
        refused = await desk.refused("/v1/channels/sim/check", {"model": "dall-e-3", "paid": True})
        assert refused[:3] == (501, "not_supported", "model")


@pytest.mark.parametrize(
    "path, body, status, code, param",
    [
        ("sim/check", {"paid": True}, 400, "invalid_value", "model"),
        ("sim/check", {"key": 2}, 400, "invalid_value", "key"),
        ("sim/check", {"paid": "yes"}, 400, "invalid_value", "paid"),
        ("sim/check", {"pay": True}, 400, "invalid_value", None),
        ("sim/check", [], 400, "invalid_value", None),
        ("sim/revive", {"key": -1}, 400, "invalid_value", "key"),
        ("learned", {}, 400, "invalid_value", None),
        ("learned", {"action": "melt"}, 400, "invalid_value", "action"),
        ("learned", {"action": "reset", "endpoint": "sim/x"}, 404, "not_found", "endpoint"),
    ],
)
def test_a_body_that_is_wrong(path: str, body: object, status: int, code: str, param: str | None) -> None:
    @story
    async def told() -> None:
        async with office() as desk:
            assert (await desk.refused(f"/v1/channels/{path}", body))[:3] == (status, code, param)

    told()


@story
async def test_a_body_that_is_no_json() -> None:
    async with office() as desk:
        assert (await desk.refused("/v1/channels/sim/check", raw=b"{"))[:2] == (400, "invalid_json")


@story
async def test_dead_keys_are_revived() -> None:
    async with office() as desk:
        desk.attempt("upstream_auth")
        desk.attempt("upstream_auth")
        told = await desk.told("/v1/channels/sim")
        assert (told["state"], [each["key"] for each in told["keys"]["dead"]]) == ("out", [0, 1])
        assert all(each["since"] for each in told["keys"]["dead"])
        assert (await desk.told("/v1/channels/sim/revive", {"key": 1}))["revived"] == [1]
        assert (await desk.told("/v1/channels/sim"))["state"] == "impaired"
        assert (await desk.ask("/v1/channels/sim/revive", raw=b"")).body.count('"revived":[0]') == 1
        assert (await desk.told("/v1/channels/sim/revive", {}))["revived"] == []


@story
async def test_learned_clocks_are_seen_to() -> None:
    async with office() as desk:
        desk.attempt()
        for action in ("freeze", "unfreeze", "reset"):
            told = await desk.told("/v1/channels/learned", {"action": action, "endpoint": "sim/m"})
            assert (told["action"], told["endpoint"], told["object"]) == (action, "sim/m", "channel.learned")
        told = await desk.told("/v1/channels/learned", {"action": "export"})
        assert told["rules"] == []
