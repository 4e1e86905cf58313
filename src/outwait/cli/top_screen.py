"""The screen of `outwait top`: two tables that follow a gateway, and one exchange in detail."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, ClassVar, Final

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import DataTable, Footer, Static

from outwait.cli.gateway import Gateway, Unreached
from outwait.cli.telling import harmless
from outwait.cli.top_rows import CHANNEL_HEADS, HEADS, ORDER_WORDS, ORDERS, Seen, channel_rows, head, rows
from outwait.core.tongue import Said, Tongue

_SORT: Final = Said("sort", "排序")
_PAUSE: Final = Said("pause", "暂停")
_DETAIL: Final = Said("enter: details", "回车：详情")
_QUIT: Final = Said("quit", "退出")
_BACK: Final = Said("back", "返回")
_SORTED: Final = Said("sorted by {order}", "按{order}排序")
_PAUSED: Final = Said("paused", "已暂停")
_LOST: Final = Said("{why} Trying again.", "{why} 正在重试。")
_ENDED: Final = Said("It is over; what was known of it last:", "已结束；最后所知：")
_TIMELINE: Final = Said("timeline (seconds since acceptance)", "时间线（自受理起的秒数）")

TERMINATED: Final = 143  # how a shell tells of SIGTERM: 128 + 15
Look = Callable[[], Seen]


class Detail(ModalScreen[None]):
    """One exchange: every field, and its timeline."""

    CSS = """
    Detail { align: center middle; }
    #sheet { width: 90%; max-width: 110; height: 80%; border: round $accent; background: $surface; padding: 0 1; }
    """

    def __init__(self, told: Mapping[str, Any], *, ended: bool, tongue: Tongue) -> None:
        super().__init__()
        self._told = told
        self._ended = ended
        self._tongue = tongue
        self._bindings.bind("escape,q,enter", "dismiss", _BACK.told(tongue))

    def compose(self) -> ComposeResult:
        """Fields, then what happened."""
        text = Text()
        if self._ended:
            text.append(f"{_ENDED.told(self._tongue)}\n\n", "yellow")
        for name, value in self._told.items():
            if name != "timeline":
                text.append(f"{name:<16}", "dim").append(f"{_shown(name, value)}\n")
        marks = self._told.get("timeline") or []
        if marks:
            text.append(f"\n{_TIMELINE.told(self._tongue)}\n", "bold")
        for at, event, *detail in marks:
            text.append(f"{at:>10.3f}  ", "dim").append(f"{event:<14}").append(
                f"{harmless(' '.join(map(str, detail)))}\n"
            )
        with VerticalScroll(id="sheet"):
            yield Static(text)
        yield Footer()


def _shown(name: str, value: object) -> str:
    if name == "started" and isinstance(value, float):
        return datetime.fromtimestamp(value).astimezone().isoformat(sep=" ", timespec="seconds")
    return "-" if value is None else harmless(str(value))


class Watch(App[None]):
    """Follows a gateway. `look` is called in a thread every `every` seconds; `seen` is the first look.

    However it ends, by SIGTERM too, the terminal is given back; `return_code` is then what to end with.
    """

    CSS = """
    #head { height: auto; padding: 0 1; }
    #note { height: 1; padding: 0 1; color: $warning; }
    #exchanges { height: 3fr; }
    #channels { height: 1fr; min-height: 5; }
    """
    ENABLE_COMMAND_PALETTE = False
    # With priority: without it, textual's own Ctrl-C comes first, which copies, or says that it does not quit.
    BINDINGS: ClassVar = [Binding("ctrl+c", "quit", show=False, priority=True)]

    def __init__(self, gateway: Gateway, look: Look, seen: Seen, *, sort: str, every: float, tongue: Tongue) -> None:
        super().__init__()
        self._gateway = gateway
        self._look = look
        self._before: Seen | None = None
        self._seen = seen
        self._sort = sort
        self._every = every
        self._tongue = tongue
        self._paused = False
        self._trouble = ""
        self.bind("s", "sort", description=_SORT.told(tongue))
        self.bind("space", "pause", description=_PAUSE.told(tongue))
        self.bind("q", "quit", description=_QUIT.told(tongue))

    def compose(self) -> ComposeResult:
        """Figures, exchanges, channels, and what can be done."""
        yield Static(id="head")
        yield DataTable(id="exchanges", cursor_type="row", zebra_stripes=True)
        yield Static(id="note")
        yield DataTable(id="channels", cursor_type="none", show_cursor=False)
        yield Footer()

    def on_mount(self) -> None:
        """Draw the first look, and go on looking."""
        self.title = f"outwait {self._gateway.url}"
        self._exchanges.add_columns(*(each.told(self._tongue) for each in HEADS.values()))
        self._channels.add_columns(*(each.told(self._tongue) for each in CHANNEL_HEADS.values()))
        self._draw()
        self._exchanges.focus()
        with suppress(ValueError, RuntimeError):  # elsewhere than in a main thread no signal is heard
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: self.exit(return_code=TERMINATED))
        self.set_interval(self._every, self._poll)

    @property
    def _exchanges(self) -> DataTable[Text]:
        return self.query_one("#exchanges", DataTable)

    @property
    def _channels(self) -> DataTable[Text]:
        return self.query_one("#channels", DataTable)

    # -- looking -------------------------------------------------------------------------------------------------

    def _poll(self) -> None:
        if not self._paused:
            self._fetch()

    @work(thread=True, exclusive=True, group="look")
    def _fetch(self) -> None:
        from outwait.cli.top import Refused

        try:
            seen = self._look()
        except (Unreached, Refused) as error:
            self.call_from_thread(self._failed, error.told(self._tongue))
        else:
            self.call_from_thread(self._saw, seen)

    def _saw(self, seen: Seen) -> None:
        self._before, self._seen, self._trouble = self._seen, seen, ""
        self._draw()

    def _failed(self, why: str) -> None:
        self._trouble = _LOST.told(self._tongue, why=why)
        self._draw()

    # -- drawing -------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        tongue = self._tongue
        lines = [self._gateway.url, *head(self._before, self._seen, tongue)]
        self.query_one("#head", Static).update(Text("\n".join(lines)))
        words = [_DETAIL.told(tongue), _SORTED.told(tongue, order=ORDER_WORDS[self._sort].told(tongue))]
        words += [_PAUSED.told(tongue)] if self._paused else []
        self.query_one("#note", Static).update(Text(" · ".join([*words, *filter(None, [self._trouble])])))
        self._fill()

    def _fill(self) -> None:
        table, at = self._exchanges, self._chosen()
        table.clear()
        for place, (ident, cells) in enumerate(rows(self._seen.live, self._sort, self._tongue)):
            table.add_row(*(Text(text, style) for text, style in cells), key=ident)
            if ident == at:
                table.move_cursor(row=place, animate=False)
        channels = self._channels
        channels.clear()
        for line in channel_rows(self._seen.channels, self._tongue):
            channels.add_row(*(Text(text, style) for text, style in line))

    def _chosen(self) -> str | None:
        """The id of the exchange under the cursor."""
        table = self._exchanges
        if not table.is_valid_row_index(table.cursor_row):
            return None
        return table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value

    # -- what can be done ----------------------------------------------------------------------------------------

    def action_sort(self) -> None:
        """Sort by the next order."""
        orders = list(ORDERS)
        self._sort = orders[(orders.index(self._sort) + 1) % len(orders)]
        self._draw()

    def action_pause(self) -> None:
        """Look no more, or again."""
        self._paused = not self._paused
        self._draw()

    def on_data_table_row_selected(self, _: DataTable.RowSelected) -> None:
        """Enter, or a click."""
        self.action_detail()

    def action_detail(self) -> None:
        """Show the exchange under the cursor."""
        ident = self._chosen()
        if ident is not None:
            self._read(ident)

    @work(thread=True, exclusive=True, group="detail")
    def _read(self, ident: str) -> None:
        known = next((row for row in self._seen.live["data"] if row["id"] == ident), {"id": ident})
        try:
            answer = self._gateway.read(f"/v1/live/{ident}")
        except Unreached as error:
            self.call_from_thread(self._failed, error.told(self._tongue))
            return
        ended = answer.status != 200
        told = known if ended else answer.body
        self.call_from_thread(self.push_screen, Detail(told, ended=ended, tongue=self._tongue))
