"""Where answers are kept: opened, used, changed by a reload, and closed in the right order."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.app.conftest import chat
from tests.edge.conftest import CHANNEL, KEYS, House, house, provider, story, until

from outwait.app.storage import Told, keeps_of, open_store
from outwait.config.load import loads
from outwait.exchange.adopt import Named
from outwait.exchange.keeper import Keeper
from outwait.exchange.upkeep import Upkeep
from outwait.notify.sender import Sender
from outwait.store import lives
from outwait.store.errors import StoreError
from outwait.store.rows import State
from outwait.store.store import Store

SHORT = chat("silent-50ms-then-echo", stream=False)
HOOK = "{name: %s, url: 'http://127.0.0.1:9/', secret: whsec_" + "A" * 32 + "}"


async def kept_state(door: House, ident: str) -> State | None:
    row = await door.storage.store.exchanges.find(ident)
    return None if row is None else row.state


# -------------------------------------------------------------------------------------------------------- kept or not
@pytest.mark.parametrize(
    "keys, said, keeps",
    [
        (KEYS, "keep_results: off\n", False),
        ("", "keep_results: off\n", False),
        ("", "", True),
        (KEYS.replace("name: dev", "name: dev, keep_results: on"), "keep_results: off\n", True),
        (KEYS.replace("name: dev", "name: dev, keep_results: off"), "", True),  # `small` still keeps
    ],
)
def test_a_store_is_opened_only_where_something_is_kept(tmp_path: Path, keys: str, said: str, keeps: bool) -> None:
    @story
    async def told() -> None:
        store = await open_store(loads(f"{CHANNEL}{keys}{said}data_dir: {tmp_path / 'data'}\n"), check=True)
        assert ((store is not None), (tmp_path / "data" / "outwait.db").exists()) == (keeps, keeps)
        if store is not None:
            await store.close()

    told()


@story
async def test_a_directory_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="data_dir"):
        await open_store(loads(f"{CHANNEL}data_dir: {tmp_path / 'file'}\n"), check=True)


def test_the_database_library_is_not_loaded_where_nothing_is_kept(tmp_path: Path) -> None:
    script = """
import asyncio, io, sys
from outwait.app import gateway, worker
from outwait.app.storage import open_store
from outwait.config.load import loads
from outwait.ledger.logs import Logs
async def run():
    settings = loads(sys.argv[1])
    site = gateway.Site(store=await open_store(settings, check=True))
    made = gateway.build(settings, Logs("error", stream=io.StringIO()), site)
    await made.close(0.0)
asyncio.run(run())
print(sorted({"sqlalchemy", "outwait.store.opening", "outwait.store.store", "outwait.store.engine"} & set(sys.modules)))
"""
    text = f"{CHANNEL}keep_results: off\ndata_dir: {tmp_path / 'data'}\n"
    done = subprocess.run([sys.executable, "-c", script, text], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
    assert not (tmp_path / "data").exists()


@story
async def test_where_nothing_is_kept_nothing_is_spilled_either(tmp_path: Path) -> None:
    """An answer that does not fit into memory is given up for those who come later; its client gets all of it."""
    spills = tmp_path / "spills"
    more = f"keep_results: off\ndata_dir: {spills}\nserver: {{limits: {{replay_memory: 4KB}}}}\n"
    async with provider(more) as (text, _), house(text, forgetful=True) as door:
        call = asyncio.ensure_future(door.send(chat("drip-1ms+long-90", stream=True)))
        await until(lambda: door.gateway.door.registry)
        (exchange,) = door.gateway.door.registry
        reply = await call
        assert (reply.whole, exchange.replay.whole, spills.exists()) == (True, False, False)
        ident = await door.leave(SHORT)
        await until(lambda: not door.gateway.door.registry)  # also what would fit into memory
        assert (await door.ask(f"/v1/exchanges/{ident}/stream")).status == 404
        assert json.loads((await door.ask(f"/v1/exchanges/{ident}")).body)["complete"] is False


@story
async def test_a_key_that_keeps_nothing_leaves_nothing(tmp_path: Path) -> None:
    async with provider() as (text, _):
        silent = text.replace("models: ['m*']", "keep_results: off")
        async with house(silent, data_dir=tmp_path) as door:
            request = SHORT.replace(b"ow-" + b"test" * 6, b"ow-small")
            named = request.replace(b"host:", b"idempotency-key: q\r\nhost:")
            quiet = [await door.leave(request), await door.leave(named)]
            kept = await door.leave(SHORT)
            for ident in (*quiet, kept):
                await door.ended(ident)
            assert [await kept_state(door, ident) for ident in (*quiet, kept)] == [None, None, State.COMPLETED]
            assert [each.id for each in door.gateway.door.registry] == [kept]
            assert door.gateway.door.bare.bounds.cap == door.gateway.door.bare.bounds.memory


# ------------------------------------------------------------------------------------------------------------- reload
def test_what_is_told_of_the_configuration() -> None:
    told = Told(loads(CHANNEL + KEYS.replace("name: dev", "name: dev, keep_results: off")))
    assert (told.keeps("dev"), told.keeps("small"), told.webhooks) == (False, True, ())
    assert told.events("small", "response.completed", "resp_1", 1.0) == ()
    told.use(loads(f"{CHANNEL}{KEYS}webhooks: [{HOOK % 'one'}, {HOOK % 'two'}]\n"))
    assert (told.keeps("dev"), told.keeps("small")) == (True, True)
    assert [hook.name for hook in told.webhooks] == ["one", "two"]
    first, second = told.events("small", "response.completed", "resp_1", 1.0)
    assert (first.type, second.type, first.id != second.id) == ("response.completed", "response.completed", True)
    assert b"resp_1" in first.payload
    told.use(loads(f"{CHANNEL}keep_results: off\n"))
    assert not told.keeps("anonymous")


@story
async def test_a_reload_changes_how_long_how_much_and_who_is_told(tmp_path: Path) -> None:
    async with provider() as (text, _), house(text, data_dir=tmp_path) as door:
        kept, sender = door.storage, door.storage.sender
        more = (
            f"keep_results: {{ttl: 7s, responses: 9s, size: 5MB}}\nwebhooks: [{HOOK % 'one'}]\ndata_dir: {tmp_path}\n"
        )
        settings = loads(text + more)
        door.gateway.reload(settings)
        assert (kept.scribe.keeps, kept.upkeep._size) == (keeps_of(settings), 5 << 20)
        assert (keeps_of(settings).ttl, keeps_of(settings).responses) == (7.0, 9.0)
        assert (kept.sender is sender, list(sender._webhooks)) == (True, ["one"])
        before = await kept.store.exchanges.find(await ended(door))
        assert before is not None
        assert before.expires - before.updated == pytest.approx(7.0)
        name, now = Named(b"n" * 16, b"q" * 16), time.time()
        await kept.keeper.names.claim("dev", name, "ow_1")
        assert await kept.store.claims.find("dev", name.name.hex(), now) is not None
        assert await kept.store.claims.find("dev", name.name.hex(), now + 9) is None


async def ended(door: House) -> str:
    ident = await door.leave(SHORT)
    await door.ended(ident)
    return ident


@pytest.mark.parametrize("keys", [True, False], ids=["with keys", "anonymous"])
def test_a_reload_can_end_the_keeping_and_begin_it_again(
    tmp_path: Path, keys: bool, caplog: pytest.LogCaptureFixture
) -> None:
    @story
    async def told() -> None:
        async with provider() as (whole, _):
            text = whole if keys else whole.replace(KEYS, "")
            request = SHORT if keys else SHORT.replace(b"authorization: Bearer ow-" + b"test" * 6 + b"\r\n", b"")
            async with house(text, data_dir=tmp_path) as door:
                for place, on in enumerate((True, False, True)):
                    door.gateway.reload(loads(f"{text}keep_results: {'on' if on else 'off'}\ndata_dir: {tmp_path}\n"))
                    named = request.replace(b"host:", b"idempotency-key: q%d\r\nhost:" % place)
                    idents = [await door.leave(request), await door.leave(named)]
                    for ident in idents:
                        await door.ended(ident)
                        assert (await kept_state(door, ident) is State.COMPLETED) is on
                        if not on:
                            assert door.gateway.door.registry.get(ident) is None
                    if not on:
                        assert "a restart is needed" in caplog.text

    told()


# -------------------------------------------------------------------------------------------------------------- close
def test_what_is_left_undone_is_others_only_when_all_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    for part in (Upkeep, Keeper, Sender, Store):

        async def close(self: object, *, was: object = part.close, name: str = part.__name__) -> None:
            await was(self)  # type: ignore[operator] # its own close
            order.append(name)

        monkeypatch.setattr(part, "close", close)
    end = lives.Life.end

    def ended(life: lives.Life) -> None:
        order.append("Life")
        end(life)

    monkeypatch.setattr(lives.Life, "end", ended)

    @story
    async def told() -> None:
        async with house(data_dir=tmp_path) as door:
            boot = door.storage.life.boot
            assert lives.dead(tmp_path, [boot]) == set()
        assert order == ["Upkeep", "Keeper", "Sender", "Store", "Life"]
        assert lives.dead(tmp_path, [boot]) == {boot}

    told()


@story
async def test_a_second_life_in_the_same_directory_is_another(tmp_path: Path) -> None:
    async with house(data_dir=tmp_path) as one, house(data_dir=tmp_path) as two:
        assert one.storage.life.boot != two.storage.life.boot
        assert lives.door_of(one.storage.life.boot) == one.gateway.door.name
        assert len(list((tmp_path / lives.FOLDER).iterdir())) == 2
