"""What `outwait top` shows, decided from what a gateway told: figures, rows in order, words and colours. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from outwait.cli.telling import harmless
from outwait.core.tongue import Said, Tongue

Told = Mapping[str, Any]
Cell = tuple[str, str]
"""A text, and the style it is shown in."""

LONG: Final = 60.0
"""Seconds of silence that most middleboxes allow (FACTS 1.4): who is silent for longer lives because of heartbeats."""

_SERIES: Final = re.compile(r"^(outwait_\w+)(?:\{[^\n]*\})? ([0-9.eE+-]+)$", re.MULTILINE)
_COUNTED: Final = {
    "outwait_requests_total": "requests",
    "outwait_rescued_requests_total": "rescued",
    "outwait_calls_saved_total": "saved",
    "outwait_timeouts_total": "timeouts",
    "outwait_retries_total": "retries",
}
_BAR: Final = 8
_STATES: Final = {
    "up": "green", "open": "green", "impaired": "yellow", "half-open": "yellow", "resting": "yellow", "full": "yellow",
    "out": "red", "ejected": "red", "suspect": "red", "dead": "red",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at a gateway. `at`: when, in seconds of any clock; `figures`: counters of its metrics page."""

    at: float
    live: Told
    channels: Sequence[Told]
    figures: Mapping[str, float] = field(default_factory=dict)


# What matters most stands first: a narrow screen shows no more.
HEADS: Final[Mapping[str, Said]] = {
    "id": Said("exchange", "交换"),
    "model": Said("model", "模型"),
    "phase": Said("phase", "阶段"),
    "age": Said("age", "已用"),
    "silence": Said("silence", "沉默"),
    "beats": Said("beats", "心跳"),
    "clock": Said("clock left", "时钟剩余"),
    "total": Said("total left", "总剩余"),
    "channel": Said("channel", "渠道"),
    "key": Said("key", "密钥"),
    "client": Said("client", "客户端"),
}
CHANNEL_HEADS: Final[Mapping[str, Said]] = {
    "name": Said("channel", "渠道"),
    "state": Said("state", "状态"),
    "running": Said("in flight", "进行中"),
    "attempts": Said("attempts", "尝试"),
    "failures": Said("failed", "失败"),
    "keys": Said("keys", "密钥"),
    "last": Said("last fault", "最近故障"),
}
_SPARED: Final = ("client", "key", "total", "channel", "phase", "age", "beats")
_SHORT_MODEL: Final = 16  # cells: what a model's name may be cut to

ORDERS: Final[Mapping[str, Callable[[Told], float]]] = {
    "silence": lambda row: -row["silence"],
    "age": lambda row: -row["age"],
    "left": lambda row: min(row["total_left"], row["total_left"] if row["left"] is None else row["left"]),
}
"""How rows may be sorted: the longest silent first, the oldest first, the one that runs out next first."""

ORDER_WORDS: Final[Mapping[str, Said]] = {
    "silence": Said("silence", "沉默"),
    "age": Said("age", "时长"),
    "left": Said("time left", "剩余时间"),
}
_PHASES: Final[Mapping[str, Said]] = {
    "new": Said("new", "新建"),
    "queued": Said("queued", "排队"),
    "connecting": Said("connecting", "连接中"),
    "sending": Said("sending", "发送中"),
    "sent": Said("waiting", "等待中"),
    "head": Said("thinking", "思考中"),
    "flowing": Said("flowing", "输出中"),
    "backoff": Said("backoff", "退避"),
}
_STATE_WORDS: Final[Mapping[str, Said]] = {
    "up": Said("up", "正常"),
    "impaired": Said("impaired", "受损"),
    "out": Said("out", "停用"),
}
_HEAD: Final = Said(
    "{count} in flight · {silent} silent for more than {long} s", "进行中 {count} · 沉默超过 {long} 秒 {silent}"
)
_SPEED: Final = Said(" · {rate} requests/s · {beats} heartbeats/s", " · {rate} 请求/秒 · 心跳 {beats}/秒")
_SINCE: Final = Said(
    "since start: {requests} requests settled · {rescued} rescued · {saved} upstream calls saved · "
    "{timeouts} clocks ran out · {retries} retries",
    "启动以来：已结束请求 {requests} · 挽救 {rescued} · 节省上游调用 {saved} · 超时 {timeouts} · 重试 {retries}",
)
_WORKERS: Final = Said("{count} workers", "{count} 个工作进程")
_WORKER: Final = Said("1 worker", "1 个工作进程")
_UNHEARD: Final = Said("not answering: {names}", "未响应：{names}")
_HIDDEN: Final = Said("{shown} of {count} shown", "显示 {shown}/{count}")


def figures(page: str) -> dict[str, float]:
    """The counters of a metrics page, each summed over its labels."""
    found = dict.fromkeys(_COUNTED, 0.0)
    for name, value in _SERIES.findall(page):
        if name in found:
            found[name] += float(value)
    return found


def per_second(before: Seen | None, now: Seen, name: str) -> float | None:
    """How fast a counter grew between two looks; None where that cannot be said."""
    if before is None or now.at <= before.at or name not in before.figures or name not in now.figures:
        return None
    grown = now.figures[name] - before.figures[name]
    return None if grown < 0 else grown / (now.at - before.at)


def beats_per_second(before: Seen | None, now: Seen) -> float | None:
    """Heartbeats to those in flight now, since the look before; counters have those of a request when it is over."""
    if before is None or now.at <= before.at:
        return None
    known = {row["id"]: row["heartbeats"] for row in before.live["data"]}
    grown = sum(max(row["heartbeats"] - known.get(row["id"], 0), 0) for row in now.live["data"])
    return float(grown) / (now.at - before.at)


def head(before: Seen | None, now: Seen, tongue: Tongue) -> list[str]:
    """The lines on top: what runs, how fast, what was won since the gateway started."""
    live = now.live
    silent = sum(1 for row in live["data"] if row["silence"] > LONG)
    lines = [_HEAD.told(tongue, count=live["in_flight"], silent=silent, long=f"{LONG:g}")]
    if before is not None:
        rate = per_second(before, now, "outwait_requests_total")
        lines[0] += _SPEED.told(tongue, rate=_rate(rate), beats=_rate(beats_per_second(before, now)))
    if now.figures:
        told = {word: f"{now.figures[name]:.0f}" for name, word in _COUNTED.items()}
        lines.append(_SINCE.told(tongue, **told))
    parts = [_WORKER.told(tongue) if len(live["workers"]) == 1 else _WORKERS.told(tongue, count=len(live["workers"]))]
    if live["unheard"]:
        parts.append(_UNHEARD.told(tongue, names=", ".join(live["unheard"])))
    if len(live["data"]) < live["in_flight"]:
        parts.append(_HIDDEN.told(tongue, shown=len(live["data"]), count=live["in_flight"]))
    return [*lines, " · ".join(parts)]


def rows(live: Told, order: str, tongue: Tongue) -> list[tuple[str, list[Cell]]]:
    """The exchanges in `order`: id, and its cells as in HEADS."""
    data = sorted(live["data"], key=ORDERS[order])
    return [(row["id"], _cells(row, tongue)) for row in data]


def fitting(widths: Mapping[str, int], room: float, between: int) -> list[str]:
    """The columns of HEADS that have `room`, in their order: which silence is how long stays longest.

    `widths`: cells each takes, `between`: cells beside each. Models' names may be cut before a column goes.
    """
    needed = {
        name: between + (min(width, _SHORT_MODEL) if name == "model" else width) for name, width in widths.items()
    }
    for name in _SPARED:
        if sum(needed.values()) <= room:
            break
        needed.pop(name, None)
    return list(needed)


def channel_rows(channels: Sequence[Told], tongue: Tongue) -> list[list[Cell]]:
    """The channels, as configured: cells as in CHANNEL_HEADS."""
    return [_channel(row, tongue) for row in channels]


def clock(seconds: float) -> str:
    """A length of time as a running clock shows it: `0.4`, `9.5`, `1:05`, `1:02:09`."""
    if seconds < 10:
        return f"{max(seconds, 0.0):.1f}"
    minutes, left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}" if minutes else str(left)


def _cells(row: Told, tongue: Tongue) -> list[Cell]:
    model = (
        row["model"] if row["upstream_model"] in (None, row["model"]) else f"{row['model']} → {row['upstream_model']}"
    )
    attempt = f" ×{row['attempt']}" if row["attempt"] > 1 else ""
    reader = "" if row["readers"] else "dim"
    return [
        (row["id"][-8:], "dim"),
        (model, "bold"),
        (_phase(row["phase"], tongue), reader),
        (clock(row["age"]), ""),
        (clock(row["silence"]), _silence(row["silence"])),
        (str(row["heartbeats"]), "cyan" if row["heartbeats"] else "dim"),
        _left(row),
        (clock(row["total_left"]), ""),
        ((row["channel"] or "-") + attempt, "yellow" if attempt else ""),
        (row["key"], ""),
        (_client(row, tongue), reader),
    ]


def _phase(word: str, tongue: Tongue) -> str:
    return _PHASES[word].told(tongue) if word in _PHASES else word


def _silence(seconds: float) -> str:
    return "bold magenta" if seconds > LONG else "yellow" if seconds > LONG / 2 else ""


def _left(row: Told) -> Cell:
    """What is left of the running clock, as a bar that empties."""
    left, span, name = row["left"], row["span"], row["clock"] or "-"
    if left is None or not span:
        return f"{name} ‖", "dim"
    share = min(max(left / span, 0.0), 1.0)
    full = round(share * _BAR)
    style = "red" if share < 0.1 else "yellow" if share < 0.25 else "green"
    return f"{'█' * full}{'░' * (_BAR - full)} {clock(left)} {name}", style


def _client(row: Told, tongue: Tongue) -> str:
    if not row["readers"]:
        return Said("gone", "已离开").told(tongue)
    name = harmless(str(row["client"]).partition(" ")[0][:24]) or "?"
    waits = f" ≤{row['patience']:g}s" if row["patience"] else ""
    return f"{name}{waits}" + (f" +{row['readers'] - 1}" if row["readers"] > 1 else "")


def _channel(row: Told, tongue: Tongue) -> list[Cell]:
    ends, dead = row["endpoints"], len(row["keys"]["dead"])
    failing = [each for each in ends if each["last_fault"] is not None]
    last = max(failing, key=lambda each: each["failures"])["last_fault"] if failing else None
    failures = sum(each["failures"] for each in ends)
    state = _STATE_WORDS[row["state"]].told(tongue) if row["state"] in _STATE_WORDS else row["state"]
    return [
        (row["name"], "bold"),
        (state, _STATES.get(row["state"], "")),
        (str(row["running"]), ""),
        (str(sum(each["attempts"] for each in ends)), ""),
        (str(failures), "red" if failures else "dim"),
        (f"{row['keys']['count'] - dead}/{row['keys']['count']}", "red" if dead else ""),
        ("" if last is None else harmless(f"{last['code']}: {last['message']}"[:80]), "dim"),
    ]


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
