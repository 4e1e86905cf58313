from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import pytest
from tests.cli.terminal import Terminal
from tests.cli.test_top import Told
from tests.cli.test_top_rows import PAGE, row, seen
from textual.pilot import Pilot
from textual.widgets import DataTable, Static

from outwait.cli import top_rows
from outwait.cli.gateway import Asked, Gateway, Unreached
from outwait.cli.top_rows import Seen
from outwait.cli.top_screen import Detail, Watch
from outwait.core.tongue import Tongue

ONE, TWO = row("ow_one", silence=90.0, age=90.0), row("ow_two", silence=3.0, age=95.0)


def first(at: float = 1.0, *rows: dict[str, Any]) -> Seen:
    told = seen(*(rows or (ONE, TWO)), at=at)
    return Seen(at, told.live, [], top_rows.figures(PAGE))


def watching(
    play: Callable[[Watch, Pilot[None]], Coroutine[Any, Any, None]],
    look: Callable[[], Seen] = first,
    told: Told | None = None,
    tongue: Tongue = Tongue.EN,
) -> None:
    async def run() -> None:
        watch = Watch(cast("Gateway", told or Told()), look, first(), sort="silence", every=60, tongue=tongue)
        async with watch.run_test(size=(140, 30)) as pilot:
            await play(watch, pilot)

    asyncio.run(asyncio.wait_for(run(), 20))


def shown(watch: Watch, name: str) -> str:
    return str(watch.query_one(f"#{name}", Static).content)


def idents(watch: Watch) -> list[str | None]:
    return [key.value for key in watch.query_one("#exchanges", DataTable).rows]


def test_the_first_look_is_drawn_at_once() -> None:
    async def play(watch: Watch, pilot: Pilot[None]) -> None:
        assert "2 in flight" in shown(watch, "head")
        assert "http://gateway" in shown(watch, "head")
        assert idents(watch) == ["ow_one", "ow_two"]
        assert "sorted by silence" in shown(watch, "note")

    watching(play)


def test_it_speaks_chinese() -> None:
    async def play(watch: Watch, pilot: Pilot[None]) -> None:
        assert "进行中 2" in shown(watch, "head")
        assert "按沉默排序" in shown(watch, "note")

    watching(play, tongue=Tongue.ZH)


def test_rows_are_sorted_and_the_cursor_stays_with_its_row() -> None:
    async def play(watch: Watch, pilot: Pilot[None]) -> None:
        table = watch.query_one("#exchanges", DataTable)
        await pilot.press("s")
        assert idents(watch) == ["ow_two", "ow_one"]
        assert table.cursor_row == 1  # still on ow_one
        assert "sorted by age" in shown(watch, "note")

    watching(play)


def test_a_look_replaces_what_was_shown() -> None:
    async def play(watch: Watch, pilot: Pilot[None]) -> None:
        watch._poll()
        await watch.workers.wait_for_complete()
        await pilot.pause()
        assert idents(watch) == ["ow_new"]
        assert "1 in flight" in shown(watch, "head")

    watching(play, lambda: first(2.0, row("ow_new")))


def test_a_gateway_that_is_gone_is_told_and_looked_for_again() -> None:
    looks: Iterator[Seen | Unreached] = iter([Unreached("http://gateway", "refused"), first(3.0, row("ow_new"))])

    def look() -> Seen:
        found = next(looks)
        if isinstance(found, Unreached):
            raise found
        return found

    lost = "No gateway answers at http://gateway: refused. Is it running? Is that its address? Trying again."

    async def play(watch: Watch, pilot: Pilot[None]) -> None:
        for note, rows in ((lost, ["ow_one", "ow_two"]), ("", ["ow_new"])):
            watch._poll()
            await watch.workers.wait_for_complete()
            await pilot.pause()
            assert shown(watch, "note").endswith(note)
            assert idents(watch) == rows

    watching(play, look)


def test_paused_it_does_not_look() -> None:
    def look() -> Seen:
        raise AssertionError

    async def play(watch: Watch, pilot: Pilot[None]) -> None:
        await pilot.press("space")
        watch._poll()
        await watch.workers.wait_for_complete()
        assert "paused" in shown(watch, "note")

    watching(play, look)


def test_one_exchange_is_shown_with_its_timeline() -> None:
    whole = {**ONE, "started": 1e9, "timeline": [[0.0, "accepted"], [0.5, "attempt", "openai/o3"]]}
    told = Told(**{"live/ow_one": Asked(200, whole)})

    async def play(watch: Watch, pilot: Pilot[None]) -> None:
        await pilot.press("enter")
        await watch.workers.wait_for_complete()
        await pilot.pause()
        assert isinstance(watch.screen, Detail)
        page = str(watch.screen.query_one(Static).content)
        assert "timeline" in page
        assert "openai/o3" in page
        assert "2001-09-09" in page
        await pilot.press("escape")
        assert not isinstance(watch.screen, Detail)

    watching(play, told=told)


def test_one_that_has_ended_is_shown_as_it_was_last() -> None:
    told = Told(**{"live/ow_one": Asked(404, {})})

    async def play(watch: Watch, pilot: Pilot[None]) -> None:
        await pilot.press("enter")
        await watch.workers.wait_for_complete()
        await pilot.pause()
        assert "It is over" in str(watch.screen.query_one(Static).content)
        assert told.asked == ["/v1/live/ow_one"]

    watching(play, told=told)


def test_a_gateway_that_is_gone_shows_no_detail() -> None:
    told = Told(**{"live/ow_one": Asked(0, {})})

    async def play(watch: Watch, pilot: Pilot[None]) -> None:
        await pilot.press("enter")
        await watch.workers.wait_for_complete()
        await pilot.pause()
        assert "No gateway answers" in shown(watch, "note")

    watching(play, told=told)


def test_without_rows_there_is_nothing_to_open() -> None:
    async def play(watch: Watch, pilot: Pilot[None]) -> None:
        watch._saw(seen())
        await pilot.press("enter")
        assert not isinstance(watch.screen, Detail)
        await pilot.press("q")

    watching(play)


@pytest.mark.parametrize("before", [(), ("enter",), ("down", "s")])
def test_control_c_quits_wherever_one_is(before: tuple[str, ...]) -> None:
    """Textual's own binding would copy what is selected, or say which key quits."""
    ended: list[int | None] = []

    async def play(watch: Watch, pilot: Pilot[None]) -> None:
        for key in before:
            await pilot.press(key)
            await watch.workers.wait_for_complete()
            await pilot.pause()
        assert watch.return_code is None
        await pilot.press("ctrl+c")
        ended.append(watch.return_code)

    watching(play, told=Told(**{"live/ow_one": Asked(200, ONE), "live/ow_two": Asked(200, TWO)}))
    assert ended == [0]


@pytest.fixture
def gateway_port() -> Iterator[int]:
    """A server that answers as a gateway does."""
    pages = {"/v1/live": json.dumps(first().live), "/v1/channels": json.dumps({"data": []}), "/metrics": PAGE}

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages[self.path.partition("?")[0]].encode()
            self.send_response(200)
            self.send_header("content-length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.slow
@pytest.mark.parametrize("key", [b"\x03", b"q"])
def test_a_real_terminal_is_given_back(gateway_port: int, key: bytes) -> None:
    terminal = Terminal(["top", "--lang", "en", "--url", f"http://127.0.0.1:{gateway_port}", "--key", "k"])
    terminal.see("2 in flight")
    terminal.see("quit")
    terminal.press(key)
    assert terminal.ended() == 0
    assert b"ctrl+q" not in terminal.shown
    assert b"\x1b[?1049l" in terminal.shown  # the screen that was there before


@pytest.mark.slow
def test_who_is_told_to_end_gives_the_terminal_back_too(gateway_port: int) -> None:
    terminal = Terminal(["top", "--lang", "en", "--url", f"http://127.0.0.1:{gateway_port}", "--key", "k"])
    terminal.see("2 in flight")
    terminal.see("quit")
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.ended() == 143
    assert b"\x1b[?1049l" in terminal.shown  # the screen that was there before
