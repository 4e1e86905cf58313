"""Advice on timeouts as people read it, and as one JSON object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import typer

from outwait.cli import telling
from outwait.core.fault import Clock
from outwait.core.tongue import Said, Tongue
from outwait.policy.durations import tell
from outwait.toolkit.timeouts.advice import Advice
from outwait.toolkit.timeouts.chain import Hop
from outwait.toolkit.timeouts.emit import GROUPS, TARGETS
from outwait.toolkit.timeouts.reasons import told
from outwait.toolkit.timeouts.snippet import Snippet

_HEADS: Final = (Said("", ""), Said("what", "项目"), Said("value", "值"), Said("because", "原因"))
_GROUPS: Final = {
    "clock": Said("clock", "时钟"),
    "heartbeat": Said("heartbeat", "心跳"),
    "retry": Said("retry", "重试"),
}
_ADVICE: Final = Said("{whom}: scenario {scenario} ({why})", "{whom}：场景 {scenario}（{why}）")
_ANY: Final = Said("any model", "任意模型")
_STREAM: Final = Said("streamed calls", "流式请求")
_WHOLE: Final = Said("one JSON reply each", "一次性 JSON 回复")
_BOTH: Final = Said("streamed or not", "流式与否皆可")
_OFF: Final = Said("off", "关闭")
_ATTEMPTS: Final = Said("attempts of the gateway", "网关的尝试次数")
_RETRIES: Final = Said("retries of the client", "客户端的重试次数")
_BACKOFF: Final = Said("first pause", "首次停顿")
_PAID: Final = Said("share that may be paid twice", "可能付费两次的比例")
_ADOPTED: Final = Said("through the gateway they are adopted, not paid twice", "经由网关的重试会被接续，不会重复付费")
_UP_TO: Final = Said("up to {transport}; {overload} after 429 or 503", "至多 {transport}；429 或 503 之后 {overload}")
_CHAIN: Final = Said(
    "The longest silence each lets pass; who is further in gives up first, by {margin} at least:",
    "各环节容许的最长静默；越靠内的一方越先放弃，至少相差 {margin}：",
)
_HOPS: Final = {
    "client": Said("client", "客户端"),
    "edge": Said("edge", "边缘代理"),
    "gateway": Said("gateway", "网关"),
    "upstream": Said("upstream", "上游"),
}
_FIXED: Final = Said("{span} (cannot be more)", "{span}（无法更长）")
_WROTE: Final = Said("Written:", "已写入：")
_CHECK: Final = Said("check: {check}", "检查：{check}")
_MORE: Final = Said("Settings for others: --for {names}", "其他目标：--for {names}")
_LIST: Final = (Said("name", "名称"), Said("what for", "用途"))


def draw(
    advice: Advice, snippets: Sequence[Snippet], written: list[Path] | None, tongue: Tongue, remarks: Sequence[Said]
) -> None:
    """Everything for a terminal: the clocks and why, the chain, what to know, and the settings or their files."""
    from rich.table import Column, Table

    screen = telling.console()
    screen.print(_title(advice, tongue))
    table = Table(*(Column(head.told(tongue), overflow="fold") for head in _HEADS))
    group = ""
    for row in _rows(advice, tongue):
        table.add_row("" if row[0] == group else row[0], *row[1:])
        group = row[0]
    screen.print(table)
    screen.print(_CHAIN.told(tongue, margin=tell(advice.chain.margin)))
    for line in _drawn([_hop(hop, tongue) for hop in advice.chain.hops()], screen.width):
        screen.print(line)
    for note in (*remarks, *advice.notes):
        screen.print(f"- {note.told(tongue)}")
    if written is not None:
        screen.print(_WROTE.told(tongue))
        for path, snippet in zip(written, snippets, strict=True):
            typer.echo(f"  {path}   {snippet.title.told(tongue)}")
            _notes(snippet, tongue, "    ")
        return
    for snippet in snippets:
        typer.echo(f"\n--- {snippet.file} --- {snippet.title.told(tongue)}")
        typer.echo(snippet.text, nl=False)
        _notes(snippet, tongue, "")
    others = [name for name in TARGETS if name not in {snippet.target for snippet in snippets}]
    if others:
        screen.print()
        screen.print(_MORE.told(tongue, names=", ".join(others)))


def targets(tongue: Tongue, *, as_json: bool) -> None:
    """What settings can be made for."""
    from rich.table import Column, Table

    from outwait.toolkit.timeouts.advice import Facts, advise
    from outwait.toolkit.timeouts.emit import emit

    advice = advise(Facts(scenario="reasoning"))
    titles = {name: emit(name, advice).title.told(tongue) for name in TARGETS}
    if as_json:
        telling.print_json({"targets": titles, "groups": {name: list(names) for name, names in GROUPS.items()}})
        return
    table = Table(*(Column(head.told(tongue), overflow="fold") for head in _LIST))
    for name, title in titles.items():
        table.add_row(name, title)
    for name, names in GROUPS.items():
        if name not in TARGETS:
            table.add_row(name, ", ".join(names))
    telling.console().print(table)


def plain(
    advice: Advice, snippets: Sequence[Snippet], written: list[Path] | None, tongue: Tongue, remarks: Sequence[Said]
) -> dict[str, Any]:
    """The same as data. Keys and reasons are English; titles and notes are in `tongue`."""
    facts, beat = advice.facts, advice.heartbeat
    told_all: dict[str, Any] = {
        "model": facts.model or None,
        "scenario": advice.scenario,
        "why": advice.why,
        "preset": facts.preset,
        "stream": facts.stream,
        "both": advice.both,
        "clocks": [{"clock": clock.value, **asdict(advice.timeouts.of(clock))} for clock in Clock],
        "growth": advice.timeouts.growth,
        "heartbeat": {
            "enabled": beat.enabled,
            "after": beat.after,
            "json_after": beat.json_after,
            "every": beat.every,
            "reason": beat.reason,
        },
        "retry": {**asdict(advice.retry), "client": advice.retries},
        "chain": [_plain(hop) for hop in advice.chain.hops()],
        "margin": advice.chain.margin,
        "drain": advice.drain,
        "keepalive": advice.kept,
        "notes": [note.told(tongue) for note in (*remarks, *advice.notes)],
        "snippets": [
            {
                "target": snippet.target,
                "title": snippet.title.told(tongue),
                "language": snippet.language,
                "file": snippet.file,
                "text": snippet.text,
                "check": snippet.check,
                "notes": [note.told(tongue) for note in snippet.notes],
            }
            for snippet in snippets
        ],
    }
    return told_all if written is None else {**told_all, "written": [str(path) for path in written]}


def _title(advice: Advice, tongue: Tongue) -> str:
    whom = advice.facts.model or _ANY.told(tongue)
    kind = _BOTH if advice.both else _STREAM if advice.facts.stream else _WHOLE
    head = _ADVICE.told(tongue, whom=whom, scenario=advice.scenario, why=told(advice.why, tongue))
    return f"{head}, {kind.told(tongue)}" if tongue is Tongue.EN else f"{head}，{kind.told(tongue)}"


def _rows(advice: Advice, tongue: Tongue) -> list[tuple[str, str, str, str]]:
    """Group, what, value, reason."""
    spans, beat, retry = advice.timeouts, advice.heartbeat, advice.retry
    group = {name: words.told(tongue) for name, words in _GROUPS.items()}
    rows = [
        (group["clock"], clock.value, tell(spans.of(clock).seconds), told(spans.of(clock).reason, tongue))
        for clock in Clock
    ]
    if beat.enabled:
        reason = told(beat.reason, tongue)
        rows += [
            (group["heartbeat"], name, tell(getattr(beat, name)), reason) for name in ("after", "json_after", "every")
        ]
    else:
        rows.append((group["heartbeat"], "mode", _OFF.told(tongue), told(beat.reason, tongue)))
    pauses = {"transport": tell(retry.base_transport), "overload": tell(retry.base_overload)}
    scenario = told(f"scenario {advice.scenario}", tongue)
    preset = told(f"preset {advice.facts.preset}", tongue)
    return [
        *rows,
        (group["retry"], _ATTEMPTS.told(tongue), str(retry.attempts), preset),
        (group["retry"], _BACKOFF.told(tongue), _UP_TO.told(tongue, **pauses), preset),
        (group["retry"], _PAID.told(tongue), f"{retry.paid:.0%}", scenario),
        (group["retry"], _RETRIES.told(tongue), str(advice.retries), _ADOPTED.told(tongue)),
    ]


def _drawn(hops: Sequence[str], width: int) -> Iterator[str]:
    """The chain in lines of at most `width` columns; no hop is broken."""
    from rich.cells import cell_len

    line = f"  {hops[0]}"
    for hop in hops[1:]:
        if cell_len(line) + cell_len(hop) + 5 > width:
            yield line
            line = f"    >  {hop}"
        else:
            line += f"  >  {hop}"
    yield line


def _hop(hop: Hop, tongue: Tongue) -> str:
    name = _HOPS[hop.name].told(tongue) if hop.name in _HOPS else hop.name
    span = f"{hop.idle:g} s"
    return f"{name} {_FIXED.told(tongue, span=span) if hop.held_idle else span}"


def _plain(hop: Hop) -> dict[str, Any]:
    return asdict(hop)


def _notes(snippet: Snippet, tongue: Tongue, indent: str) -> None:
    if snippet.check:
        typer.echo(f"{indent}{_CHECK.told(tongue, check=snippet.check.replace('{file}', snippet.file))}")
    for note in snippet.notes:
        typer.echo(f"{indent}{note.told(tongue)}")
