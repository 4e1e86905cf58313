from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from tests.upstream.test_probe import Door, answer, play, probes

from outwait.core.catalog import Channel
from outwait.core.fault import Fault, fault
from outwait.dialects.provider import Way
from outwait.testing import virtual
from outwait.toolkit.simulate.server import Simulator
from outwait.upstream.listing import MOST_BYTES, MOST_NAMES, SPAN, Listed, list_models


class Pages:
    """Stands in for `Probes`: each reading takes `takes` seconds and is answered by `page`, from the way asked at."""

    def __init__(self, page: Callable[[Way], Any], takes: float = 0.0) -> None:
        self.page = page
        self.takes = takes
        self.asked: list[tuple[str, str, int, float, int]] = []

    async def read(self, channel: str, way: Way, key: int, span: float, most: int) -> tuple[Fault | None, bytes]:
        self.asked.append((channel, way.path, key, span, most))
        await asyncio.sleep(self.takes)
        told = self.page(way)
        if isinstance(told, Fault):
            return told, b""
        return None, told if isinstance(told, bytes) else msgspec.json.encode(told)


def asked_of(pages: Pages, dialect: str = "openai", key: int = 0) -> Listed:
    channel = Channel("c", dialect, "http://127.0.0.1:9")
    return virtual.run(list_models(pages, channel, key))  # type: ignore[arg-type]  # it has what is used of Probes


def test_one_page_is_all_of_openais() -> None:
    pages = Pages(lambda _: {"data": [{"id": "b"}, {"id": "a"}], "has_more": True})
    assert asked_of(pages, key=2) == Listed(("b", "a"))
    assert pages.asked == [("c", "/models", 2, SPAN, MOST_BYTES)]


def test_pages_are_asked_for_until_there_is_none() -> None:
    def page(way: Way) -> Any:
        if "after_id=" not in way.path:
            return {"data": [{"id": "a"}, {"id": "b"}], "has_more": True, "last_id": "b"}
        return {"data": [{"id": "b"}, {"id": "c"}], "has_more": False, "last_id": "c"}

    pages = Pages(page, takes=5.0)
    assert asked_of(pages, "anthropic") == Listed(("a", "b", "c"))
    assert [(path, span) for _, path, _, span, _ in pages.asked] == [
        ("/models?limit=1000", SPAN),
        ("/models?limit=1000&after_id=b", SPAN - 5.0),
    ]


def test_a_list_that_leads_in_a_circle_ends() -> None:
    pages = Pages(lambda _: {"models": [{"name": "models/a"}], "nextPageToken": "same"})
    assert asked_of(pages, "gemini") == Listed(("a",))
    assert len(pages.asked) == 2


def test_a_list_without_an_end_ends() -> None:
    def page(way: Way) -> Any:
        number = int(way.path.partition("pageToken=")[2] or 0)
        return {"models": [{"name": f"models/m{number}"}], "nextPageToken": str(number + 1)}

    pages = Pages(page)
    assert asked_of(pages, "gemini").names == tuple(f"m{number}" for number in range(10))
    assert len(pages.asked) == 10


def test_a_list_is_cut_where_nobody_could_read_it() -> None:
    pages = Pages(lambda _: {"data": [{"id": f"m{number}"} for number in range(MOST_NAMES + 5)]})
    assert asked_of(pages).names == tuple(f"m{number}" for number in range(MOST_NAMES))
    pages = Pages(lambda way: {"data": [{"id": f"{len(way.path)}-{n}"} for n in range(3000)], "has_more": True})
    assert len(asked_of(pages, "anthropic").names) == MOST_NAMES
    assert len(pages.asked) == 2


@pytest.mark.parametrize("body", [b"<html>", b"{}", b""])
def test_what_is_no_list_is_a_failure(body: bytes) -> None:
    listed = asked_of(Pages(lambda _: body))
    assert listed.failed is not None
    assert (listed.names, listed.failed.code) == ((), "upstream_bad_response")
    assert listed.failed.detail == f"{len(body)} bytes that are no list of models"


def test_half_a_list_is_none() -> None:
    broken = fault("upstream_reset")

    def page(way: Way) -> Any:
        return broken if "after_id=" in way.path else {"data": [{"id": "a"}], "has_more": True}

    assert asked_of(Pages(page), "anthropic") == Listed(failed=broken)


def test_a_provider_that_lists_nothing_is_not_asked() -> None:
    pages = Pages(lambda _: {"data": [{"id": "gpt-5"}]})
    assert asked_of(pages, "azure") == Listed()
    assert pages.asked == []


def test_each_dialect_of_the_simulated_provider() -> None:
    names = [f"long-{number}" for number in range(1, 2501)]

    async def test(_: Door) -> None:
        model = Simulator(models=names)
        url = await model.start()
        try:
            for dialect in ("openai", "anthropic", "gemini"):
                base = url if dialect == "openai" else url.removesuffix("/v1")
                async with probes(base, dialect=dialect) as looks:
                    channel = Channel("c", dialect, base)
                    assert (await list_models(looks, channel, 0)).names == tuple(names), dialect
        finally:
            await model.stop()

    play(test)


def test_a_dead_provider_and_a_refused_key() -> None:
    async def test(door: Door) -> None:
        async with probes(f"http://127.0.0.1:{door.port}/v1") as looks:
            refused = await list_models(looks, Channel("c", "openai", ""), 0)
            assert refused.failed is not None
            assert refused.failed.code == "upstream_auth"
        async with probes("http://127.0.0.1:9/v1") as looks:
            dead = await list_models(looks, Channel("c", "openai", ""), 0)
            assert dead.failed is not None
            assert dead.failed.code == "upstream_connect"

    play(test, answer(401, b'{"error":{"message":"no"}}'))
