"""Coming back for a response: how it stands, its stream, its items, its end."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import msgspec
import pytest
from tests.edge.conftest import story
from tests.edge.memory import OWNER
from tests.edge.test_asking import Scene, said, scene

from outwait.core.fault import fault
from outwait.edge.neighbours import Neighbours
from outwait.exchange.handle import Handle
from outwait.exchange.story import Story, pack
from outwait.store.errors import StoreError
from outwait.store.rows import ExchangeRow, Owner, ResponseRow, State

HEX = "05abcd" + "0" * 16


def row(**fields: Any) -> ResponseRow:
    plain: dict[str, Any] = {"id": "resp_x", "exchange": f"ow_{HEX}", "key": "dev", "created": 7.0, "model": "m"}
    asked = {"expires": 9e9, "request": b'{"model":"m","input":"Hi"}', "background": True, "stream": True}
    return ResponseRow(**(plain | asked | {"status": "queued"} | fields))


def maker(state: State, **fields: Any) -> ExchangeRow:
    plain: dict[str, Any] = {"id": f"ow_{HEX}", "owner": OWNER, "key": "dev", "fingerprint": b""}
    asked = {"dialect": "responses", "endpoint": "responses", "model": "m", "stream": True, "on_disconnect": "finish"}
    times = {"created": 7.0, "updated": 7.0, "expires": 9e9}
    return ExchangeRow(**(plain | asked | times | {"state": state} | fields))


async def background(on: Scene, model: str = "silent-300ms-then-long-3", **fields: Any) -> str:
    ident: str = json.loads((await on.post(model=model, background=True, **fields)).body)["id"]
    return ident


async def sent(on: Scene, ident: str) -> None:
    """Wait until the upstream has the call."""
    registry = on.door.gateway.door.registry
    await on.until(lambda: (found := registry.get(f"ow_{ident[5:]}")) and found.machine.phase.value == "sent")


async def streamed(on: Scene) -> tuple[str, list[str]]:
    """A background response with a stream, and its events."""
    reply = await on.post(model="long-5", background=True, stream=True)
    ident = "resp_" + reply.headers["x-outwait-exchange"].removeprefix("ow_")
    return ident, events_in(reply.body)


def events_in(text: str) -> list[str]:
    return re.findall(r"(?:event|data):.*?\n\n", text, re.DOTALL)


def numbers(events: list[str]) -> list[int]:
    return [int(found) for event in events for found in re.findall(r'"sequence_number":(\d+)', event)]


@story
async def test_it_stands_as_it_stands() -> None:
    async with scene() as on:
        ident = await background(on)
        told = json.loads((await on.get(ident)).body)
        assert (told["id"], told["status"], told["output"]) == (ident, "in_progress", [])
        assert said(await on.ended(ident))
        head = await on.get(f"{ident}?include[]=message.output_text.logprobs", method="HEAD")
        assert (head.status, head.body) == (200, "")


@pytest.mark.parametrize("method, path", [("GET", ""), ("GET", "/input_items"), ("POST", "/cancel"), ("DELETE", "")])
def test_what_is_not_there_is_told_as_openai_tells_it(method: str, path: str) -> None:
    @story
    async def told() -> None:
        async with scene() as on:
            ident = json.loads((await on.post()).body)["id"]
            for wanted, key in (("resp_nothing", None), (f"resp_{HEX}", None), (ident, "ow-other")):
                reply = await on.get(wanted + path, key=key, method=method)
                assert reply.status == 404
                assert reply.error == {
                    "message": f"Response with id '{wanted}' not found.",
                    "type": "invalid_request_error",
                    "param": None,
                    "code": None,
                }
        async with scene(keeps=False) as on:
            assert (await on.get(f"resp_x{path}", method=method)).status == 404

    told()


@pytest.mark.parametrize(
    "method, path, status, words",
    [
        ("POST", "resp_x", 405, "takes GET, DELETE, not POST"),
        ("GET", "resp_x/cancel", 405, "takes POST, not GET"),
        ("GET", "resp_x/else", 404, "Did you mean /cancel or /input_items?"),
        ("POST", "compact", 501, "does not offer /v1/responses/compact yet"),
        ("GET", "resp_x?stream=true&starting_after=-1", 400, "starting_after"),
    ],
)
def test_what_cannot_be_asked_is_told_what_can(method: str, path: str, status: int, words: str) -> None:
    @story
    async def told() -> None:
        async with scene() as on:
            reply = await on.get(path, method=method)
            assert reply.status == status
            assert words in reply.error["message"]

    told()


@story
async def test_nobody_without_a_key_hears_anything() -> None:
    async with scene() as on:
        assert (await on.get("resp_x", key="wrong")).status == 401


@story
async def test_the_events_are_the_same_from_every_place() -> None:
    async with scene() as on:
        ident, events = await streamed(on)
        await on.ended(ident)
        assert (await on.get(f"{ident}?stream=true")).body == "".join(events)
        for place, number in enumerate(numbers(events), 1):
            rest = await on.get(f"{ident}?stream=true&starting_after={number}")
            assert (rest.status, rest.whole, events_in(rest.body)) == (200, True, events[place:])
        assert len(on.model.calls) == 1


@story
async def test_one_that_runs_is_read_on_live() -> None:
    async with scene() as on:
        reader, writer = await asyncio.open_connection("127.0.0.1", on.door.port)
        body = json.dumps({"model": "drip-20ms+long-9", "input": "Hi", "background": True, "stream": True}).encode()
        head = "POST /v1/responses HTTP/1.1\r\nhost: h\r\nauthorization: Bearer ow-%s\r\ncontent-length: %d\r\n\r\n"
        writer.write((head % ("test" * 6, len(body))).encode() + body)
        await reader.readuntil(b"output_text.delta")
        writer.close()
        (ident,) = on.memory.rows
        rest = await on.get(f"{ident}?stream=true&starting_after=2")
        assert numbers(events_in(rest.body))[0] == 3
        assert "response.completed" in rest.body
        assert events_in((await on.get(f"{ident}?stream=true")).body)[3:] == events_in(rest.body)


@story
async def test_events_that_are_not_kept_are_told_anew() -> None:
    async with scene() as on:
        ident, _ = await streamed(on)
        final = await on.ended(ident)
        on.memory.answers.clear()
        whole = await on.get(f"{ident}?stream=true")
        events = events_in(whole.body)
        assert numbers(events) == list(range(len(events)))
        assert json.loads(events[-1].partition("data: ")[2])["response"] == final
        rest = await on.get(f"{ident}?stream=true&starting_after=3")
        assert events_in(rest.body) == events[4:]


@story
async def test_only_what_was_created_with_a_stream_is_streamed() -> None:
    async with scene() as on:
        ident = await background(on)
        for _ in range(2):  # while it runs, and after
            reply = await on.get(f"{ident}?stream=true")
            assert (reply.status, reply.error["param"]) == (400, "stream")
            assert "not created with stream=true" in reply.error["message"]
            await on.ended(ident)


@pytest.mark.parametrize(
    "kept, status, message",
    [
        (maker(State.LOST), "failed", fault("exchange_lost").message),
        (None, "failed", fault("exchange_lost").message),
        (maker(State.COMPLETED), "failed", "The answer was whole, but there was no room to keep it."),
        (maker(State.FAILED, story=pack(Story(fault=fault("upstream_reset")))), "failed", "broke the connection"),
        (maker(State.CANCELLED), "cancelled", None),
        (maker(State.RUNNING), "queued", None),
    ],
)
def test_one_whose_process_is_gone_says_so(kept: ExchangeRow | None, status: str, message: str | None) -> None:
    @story
    async def told() -> None:
        async with scene() as on:
            on.memory.rows["resp_x"] = row()
            if kept is not None:
                on.memory.makers[kept.id] = kept
            found = json.loads((await on.get("resp_x")).body)
            assert (found["id"], found["status"]) == ("resp_x", status)
            assert (message is None) == (found["error"] is None)
            assert message is None or message in found["error"]["message"]
            stream = await on.get("resp_x?stream=true")
            if status == "queued":
                assert (stream.status, stream.error["code"]) == (503, "owner_unreachable")
            else:
                assert f"response.{status}" in stream.body

    told()


@story
async def test_one_that_another_process_goes_on_with_is_asked_for_there() -> None:
    async with scene() as on:
        on.memory.rows["resp_x"] = row()
        heir = Owner(1, "00000000-0100aa-000000000000")
        on.memory.makers[f"ow_{HEX}"] = maker(State.RUNNING, owner=heir)
        passed: list[str] = []

        class Elsewhere(Neighbours):
            def pass_on(self, request: Any, ident: str, lost: Any) -> bool:
                passed.append(ident)
                request.outlet.send(202, b"", b"")
                return True

        on.door.gateway.door.neighbours = Elsewhere(None)
        for method, path in (("GET", "resp_x?stream=true"), ("POST", "resp_x/cancel"), ("DELETE", "resp_x")):
            assert (await on.get(path, method=method)).status == 202
        assert passed == [f"ow_0100aa{'0' * 16}"] * 3


@pytest.mark.parametrize("hint, status", [("dead", 200), (None, 503)])
def test_what_its_worker_does_not_answer_is_in_the_store(hint: str | None, status: int) -> None:
    @story
    async def told() -> None:
        async with scene() as on:
            on.memory.rows[f"resp_{HEX}"] = row(id=f"resp_{HEX}")

            class Lost(Neighbours):
                def pass_on(self, request: Any, ident: str, lost: Any) -> bool:
                    lost(fault("owner_unreachable", hint=hint))
                    return True

            on.door.gateway.door.neighbours = Lost(None)
            assert (await on.get(f"resp_{HEX}")).status == status

    told()


@story
async def test_its_items_come_page_by_page() -> None:
    async with scene() as on:
        items = [{"role": "user", "content": word} for word in ("One", "Two", "Three")]
        ident = json.loads((await on.post(input=items)).body)["id"]
        first = json.loads((await on.get(f"{ident}/input_items?limit=2&order=asc")).body)
        assert [item["content"][0]["text"] for item in first["data"]] == ["One", "Two"]
        assert first["has_more"] is True
        rest = json.loads((await on.get(f"{ident}/input_items?order=asc&after={first['last_id']}")).body)
        assert [item["content"][0]["text"] for item in rest["data"]] == ["Three"]
        wrong = await on.get(f"{ident}/input_items?limit=0")
        assert (wrong.status, wrong.error["param"]) == (400, "limit")


@pytest.mark.parametrize("stream", [False, True])
def test_cancelling_really_cancels(stream: bool) -> None:
    @story
    async def told() -> None:
        async with scene() as on:
            fields: dict[str, Any] = {"background": True, "stream": stream}
            asking = asyncio.create_task(on.post(model="silent-800ms-then-echo", **fields))
            await on.until(lambda: on.memory.rows)
            (ident,) = on.memory.rows
            await sent(on, ident)
            reply = await on.get(f"{ident}/cancel", method="POST")
            cancelled = json.loads(reply.body)
            assert (reply.status, cancelled["id"], cancelled["status"]) == (200, ident, "cancelled")
            again = await on.get(f"{ident}/cancel", method="POST")
            assert (again.status, json.loads(again.body)) == (200, cancelled)
            assert json.loads((await on.get(ident)).body) == cancelled
            await on.until(lambda: on.model.calls and on.model.calls[0].outcome == "cut")
            assert (await asking).status == (499 if stream else 200)

    told()


@story
async def test_what_is_over_or_was_waited_for_cannot_be_cancelled() -> None:
    async with scene() as on:
        done = await background(on, "echo")
        await on.ended(done)
        failed = await background(on, "error-400")
        await on.ended(failed)
        plain = json.loads((await on.post()).body)["id"]
        waiting = asyncio.create_task(on.post(model="silent-300ms-then-echo"))
        await on.until(lambda: [each for each in on.door.gateway.door.registry if not each.settled])
        (running,) = [each.id for each in on.door.gateway.door.registry if not each.settled]
        for ident, words in (
            (done, "Cannot cancel a completed response."),
            (failed, "Cannot cancel a failed response."),
            (plain, "Cannot cancel a synchronous response."),
            (f"resp_{running[3:]}", "Cannot cancel a synchronous response."),
        ):
            reply = await on.get(f"{ident}/cancel", method="POST")
            assert (reply.status, reply.error["message"]) == (400, words)
        assert (await waiting).status == 200
        on.memory.rows["resp_x"] = row()
        on.memory.makers[f"ow_{HEX}"] = maker(State.RUNNING)
        reply = await on.get("resp_x/cancel", method="POST")
        assert (reply.status, reply.error["code"]) == (503, "owner_unreachable")


@story
async def test_deleting_forgets_it_whole() -> None:
    async with scene() as on:
        named = await on.post("idempotency-key: one", model="echo", background=True)
        ident = json.loads(named.body)["id"]
        await on.ended(ident)
        reply = await on.get(ident, method="DELETE")
        assert json.loads(reply.body) == {"id": ident, "object": "response", "deleted": True}
        for method in ("GET", "DELETE"):
            assert (await on.get(ident, method=method)).status == 404
        assert not on.door.gateway.door.registry
        assert on.memory.answers == {}


@story
async def test_deleting_one_that_runs_cancels_it() -> None:
    async with scene() as on:
        ident = await background(on, "silent-800ms-then-echo")
        await sent(on, ident)
        assert (await on.get(ident, method="DELETE")).status == 200
        await on.until(lambda: on.model.calls and on.model.calls[0].outcome == "cut")
        assert (await on.get(ident)).status == 404


@story
async def test_of_two_deletions_one_is_told_that_it_is_gone() -> None:
    async with scene() as on:
        ident = json.loads((await on.post()).body)["id"]
        find = on.memory.find

        async def slowly(wanted: str, key: str) -> Any:
            found = await find(wanted, key)
            await asyncio.sleep(0.05)
            return found

        on.memory.find = slowly  # type: ignore[assignment,method-assign] # both find it before one deletes it
        replies = await asyncio.gather(*[on.get(ident, method="DELETE") for _ in range(2)])
        assert sorted(reply.status for reply in replies) == [200, 404]


@story
async def test_the_upstreams_own_copy_is_deleted_too() -> None:
    async with scene(endpoint="responses") as on:
        told = json.loads((await on.post()).body)
        stored = on.memory.rows[told["id"]]
        assert msgspec.json.decode(stored.handle or "", type=Handle) == Handle("sim", told["id"])
        assert (await on.get(told["id"], method="DELETE")).status == 200
        await on.until(lambda: [call for call in on.model.calls if call.method == "DELETE"])


@story
async def test_one_that_only_memory_has_is_told_from_there() -> None:
    async with scene() as on:
        ident = await background(on, "echo")
        await on.until(lambda: on.memory.rows[ident].output is not None)
        on.memory.rows[ident] = msgspec.structs.replace(on.memory.rows[ident], output=None, status="queued")
        assert json.loads((await on.get(ident)).body)["status"] == "completed"


@pytest.mark.parametrize("broken, status", [(StoreError("gone"), 503), (RuntimeError("a bug"), 500)])
def test_a_store_that_fails_is_no_answer(broken: Exception, status: int) -> None:
    @story
    async def told() -> None:
        async with scene() as on:
            on.memory.broken = broken
            assert (await on.get("resp_x")).status == status
            assert len(on.memory.complaints) == isinstance(broken, StoreError)

    told()
