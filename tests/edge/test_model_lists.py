from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from outwait.core.catalog import Catalog, Channel
from outwait.core.fault import fault
from outwait.edge.model_lists import AGAIN, AT_ONCE, FRESH, STALE, WAIT, ModelLists
from outwait.testing import virtual
from outwait.upstream.listing import MOST_BYTES, MOST_NAMES, Listed

BROKEN = Listed(failed=fault("upstream_connect", detail="nobody there"))


def channel(name: str, **more: Any) -> Channel:
    return Channel(name, "openai", "http://127.0.0.1:9/v1", **more)


class Provider:
    """Answers with what is in `says`, the last of it for good, each after `takes` seconds."""

    def __init__(self, *says: Listed | Exception, takes: float = 0.0) -> None:
        self.says = list(says)
        self.takes = takes
        self.asked: list[tuple[float, str]] = []
        self.inside = self.most = 0

    async def ask(self, channel: Channel) -> Listed:
        self.asked.append((asyncio.get_running_loop().time(), channel.name))
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await asyncio.sleep(self.takes)
        finally:
            self.inside -= 1
        said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if isinstance(said, Exception):
            raise said
        return said

    @property
    def times(self) -> list[float]:
        return [at for at, _ in self.asked]


A = channel("a")


def play(test: Callable[[ModelLists], Coroutine[Any, Any, None]], provider: Provider) -> Provider:
    async def run() -> None:
        await test(ModelLists(provider.ask))

    virtual.run(run())
    return provider


async def told(lists: ModelLists, *channels: Channel) -> tuple[dict[str, Any], float]:
    """What a client is told, and how long it waited."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await lists.refresh(channels or (A,))
    return dict(lists.told()), loop.time() - began


def test_a_provider_is_asked_once_in_a_while() -> None:
    async def test(lists: ModelLists) -> None:
        assert await told(lists) == ({"a": ("x",)}, 1.0)
        for _ in range(3):
            assert await told(lists) == ({"a": ("x",)}, 0.0)
        await asyncio.sleep(FRESH - 0.1)
        assert await told(lists) == ({"a": ("x",)}, 0.0)
        await asyncio.sleep(0.1)
        assert await told(lists) == ({"a": ("x", "y")}, 1.0)

    assert play(test, Provider(Listed(("x",)), Listed(("x", "y")), takes=1.0)).times == [0.0, 1.0 + FRESH]


def test_nobody_is_asked_unless_somebody_asks() -> None:
    async def test(lists: ModelLists) -> None:
        assert lists.told() == {}
        await told(lists)
        await asyncio.sleep(STALE * 3)
        lists.told()

    assert play(test, Provider(Listed(("x",)))).times == [0.0]


def test_clients_that_come_together_wait_for_one_question() -> None:
    async def test(lists: ModelLists) -> None:
        async with asyncio.TaskGroup() as group:
            clients = [group.create_task(told(lists)) for _ in range(20)]
        assert {client.result()[1] for client in clients} == {1.0}
        assert all(client.result()[0] == {"a": ("x",)} for client in clients)

    assert play(test, Provider(Listed(("x",)), takes=1.0)).times == [0.0]


def test_a_slow_provider_is_not_waited_for_and_its_answer_is_there_later() -> None:
    async def test(lists: ModelLists) -> None:
        assert await told(lists) == ({}, WAIT)
        assert await told(lists) == ({}, 0.0)  # it has been waited for long enough
        await asyncio.sleep(7.0)
        assert await told(lists) == ({"a": ("x",)}, 0.0)

    assert play(test, Provider(Listed(("x",)), takes=9.0)).times == [0.0]


def test_who_comes_later_waits_for_the_rest_of_the_time() -> None:
    async def test(lists: ModelLists) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(told(lists))
            await asyncio.sleep(WAIT - 1.0)
            late = group.create_task(told(lists))
        assert late.result() == ({}, 1.0)

    play(test, Provider(Listed(("x",)), takes=9.0))


def test_a_dead_provider_is_left_alone_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "outwait")

    async def test(lists: ModelLists) -> None:
        for _ in range(5):
            assert (await told(lists))[0] == {}
        await asyncio.sleep(AGAIN)
        assert await told(lists) == ({"a": ("x",)}, 2.0)

    assert play(test, Provider(BROKEN, Listed(("x",)), takes=2.0)).times == [0.0, 2.0 + AGAIN]
    (record,) = caplog.records
    assert record.levelno == logging.DEBUG
    assert record.getMessage() == "channel a: its models are not known: upstream_connect: nobody there"


def test_what_was_told_holds_while_the_provider_is_away_but_not_for_ever() -> None:
    async def test(lists: ModelLists) -> None:
        await told(lists)
        await asyncio.sleep(FRESH)
        assert await told(lists) == ({"a": ("x",)}, 0.0)
        await asyncio.sleep(STALE - FRESH - 1.0)
        assert (await told(lists))[0] == {"a": ("x",)}
        await asyncio.sleep(1.0)
        assert lists.told() == {}

    assert play(test, Provider(Listed(("x",)), BROKEN)).times == [0.0, FRESH, STALE - 1.0]


def test_a_list_that_is_empty_is_one() -> None:
    async def test(lists: ModelLists) -> None:
        assert (await told(lists))[0] == {"a": ()}
        assert (await told(lists))[0] == {"a": ()}

    assert play(test, Provider(Listed())).times == [0.0]


def test_a_slow_channel_does_not_hide_the_others() -> None:
    async def ask(asked: Channel) -> Listed:
        await asyncio.sleep(60.0 if asked.name == "slow" else 0.5)
        return Listed((f"of-{asked.name}",))

    async def run() -> None:
        lists = ModelLists(ask)
        assert await told(lists, channel("slow"), channel("quick")) == ({"quick": ("of-quick",)}, WAIT)

    virtual.run(run())


def test_only_some_are_asked_at_a_time() -> None:
    many = [channel(f"c{number}") for number in range(3 * AT_ONCE)]

    async def test(lists: ModelLists) -> None:
        found, waited = await told(lists, *many)
        assert len(found) == 2 * AT_ONCE
        assert waited == WAIT
        await asyncio.sleep(1.0)
        assert len(lists.told()) == len(many)

    provider = play(test, Provider(Listed(("x",)), takes=1.2))
    assert (provider.most, len(provider.asked)) == (AT_ONCE, len(many))


def test_a_reload_forgets_what_became_another_channel() -> None:
    other, kept = channel("a", api_keys=("new",)), channel("b")

    async def test(lists: ModelLists) -> None:
        await told(lists, A, kept)
        lists.use(Catalog(channels=(other, kept)))
        assert lists.told() == {"b": ("x",)}
        assert (await told(lists, other, kept))[0] == {"a": ("x",), "b": ("x",)}
        lists.use(Catalog(channels=(kept,)))
        assert lists.told() == {"b": ("x",)}

    assert [name for _, name in play(test, Provider(Listed(("x",)))).asked] == ["a", "b", "a"]


def test_a_reload_ends_the_question_and_whoever_waits_for_it() -> None:
    async def test(lists: ModelLists) -> None:
        async with asyncio.TaskGroup() as group:
            client = group.create_task(told(lists))
            await asyncio.sleep(0.5)
            lists.use(Catalog())
        assert client.result() == ({}, 0.5)

    assert play(test, Provider(Listed(("x",)), takes=1.0)).inside == 0


def test_at_the_end_nothing_is_asked_any_more() -> None:
    async def test(lists: ModelLists) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(told(lists))
            await asyncio.sleep(0.5)
            lists.close()
            await asyncio.sleep(0)
            assert provider.inside == 0
        assert lists.told() == {}

    provider = Provider(Listed(("x",)), takes=1.0)
    play(test, provider)


def test_a_bug_is_logged_and_not_asked_for_again_and_again(caplog: pytest.LogCaptureFixture) -> None:
    async def test(lists: ModelLists) -> None:
        for _ in range(3):
            assert await told(lists) == ({}, 0.0)
        await asyncio.sleep(AGAIN)
        assert (await told(lists))[0] == {"a": ("x",)}

    assert play(test, Provider(RuntimeError("a bug"), Listed(("x",)))).times == [0.0, AGAIN]
    assert [record.getMessage() for record in caplog.records] == ["task models of a failed"]


def test_the_documented_spans() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "dialects.md").read_text("utf-8")
    lines = [line.strip("| ") for line in text.split("## Lists of models\n")[1].splitlines()]
    rows = dict(line.split(" | ", 1) for line in lines if " | " in line)
    assert rows["a client waits"].startswith(f"{WAIT:g} s;")
    assert rows["a list is kept"].startswith(f"{FRESH / 60:g} min in each worker, and {STALE / 3600:g} h")
    assert rows["a provider that fails is left alone"].startswith(f"{AGAIN:g} s;")
    assert rows["what is read"] == f"{MOST_BYTES >> 20} MB a page, {MOST_NAMES:,} names a channel"
