"""What `outwait net` shows people: the stages, the certificates, the routers, and the verdict last."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from outwait.core.fault import Side
from outwait.core.tongue import Said, Tongue
from outwait.toolkit.net import route
from outwait.toolkit.net.findings import Findings
from outwait.toolkit.net.judge import Verdict
from outwait.toolkit.net.remark import Remark, day, spent
from outwait.toolkit.net.steps import steps
from outwait.toolkit.net.words_steps import NAMES, STATES

_COLORS: Final = {"ok": "green", "failed": "red", "not_tried": "dim"}
_STAGE: Final = (Said("stage", "阶段"), Said("state", "状态"), Said("seen", "所见"), Said("time", "用时"))
_CHAIN: Final = (Said("certificate", "证书"), Said("issued by", "颁发者"), Said("until", "有效至"))
_HOPS: Final = (Said("hop", "跳"), Said("router", "路由器"), Said("time", "用时"), Said("note", "备注"))
_NOTES: Final = {
    "": Said("", ""),
    "prohibited": Said("forbids it", "禁止通过"),
    "unreachable": Said("knows no way", "不知去路"),
}
_TARGET: Final = Said("the target", "目标")
_LOSS: Final = Said("loses {share}", "丢失 {share}")
_WHERE: Final = {
    "": Said("all is well", "一切正常"),
    "client": Said("the client", "客户端"),
    "network": Said("the network", "网络"),
    "middlebox": Said("a middlebox", "中间设备"),
    "server": Said("the server", "服务器"),
}
_SIDES: Final = {
    Side.CLIENT: Said("client", "客户端"),
    Side.NETWORK: Said("network", "网络"),
    Side.MIDDLEBOX: Said("middlebox", "中间设备"),
    Side.GATEWAY: Said("gateway", "网关"),
    Side.UPSTREAM: Said("server", "服务器"),
}
_SURE: Final = {"high": Said("high", "高"), "medium": Said("medium", "中"), "low": Said("low", "低")}
_VERDICT: Final = Said("Verdict: {where} ({cause}, confidence {sure})", "结论：{where}（{cause}，把握：{sure}）")
_GOOD: Final = Said("Verdict: all is well", "结论：一切正常")
_ALSO: Final = Said("Also possible: {others}.", "也可能是：{others}。")
_DO: Final = Said("What to do", "怎么办")
_WORTH: Final = Said("Worth knowing", "值得注意")


def draw(found: Findings, verdict: Verdict, tongue: Tongue, console: Console) -> None:
    """Show everything, the verdict last."""
    console.print(Text(found.target.url, "bold"), soft_wrap=True)
    _stages(found, tongue, console)
    _chain(found, tongue, console)
    _hops(found, tongue, console)
    console.print()
    _list(_WORTH, verdict.notes, tongue, console)
    _verdict(verdict, tongue, console)


def _stages(found: Findings, tongue: Tongue, console: Console) -> None:
    table = _table(_STAGE, tongue)
    for step in steps(found):
        color = _COLORS[step.state]
        took = "" if step.seconds is None or step.state == "not_tried" else spent(step.seconds)
        seen = Text(step.seen.told(tongue), "dim" if step.state == "not_tried" else "")
        table.add_row(NAMES[step.name].told(tongue), Text(STATES[step.state].told(tongue), color), seen, took)
    console.print(table)


def _chain(found: Findings, tongue: Tongue, console: Console) -> None:
    tls = route.tls(found)
    if tls is None or not tls.chain:
        return
    table = _table(_CHAIN, tongue)
    for each in tls.chain:
        names = ", ".join(each.names[:3]) + (", ..." if len(each.names) > 3 else "")
        called = f"{each.subject}\n{names}" if names and names != each.subject else each.subject
        table.add_row(Text(called), Text(each.issuer), day(each.not_after))
    console.print()
    console.print(table)


def _hops(found: Findings, tongue: Tongue, console: Console) -> None:
    way = found.trace
    if way is None or not way.hops:
        return
    table = _table(_HOPS, tongue)
    for hop in way.hops:
        note = _TARGET.told(tongue) if hop.last else _NOTES.get(hop.note, Said("", "")).told(tongue)
        if hop.loss:
            note = f"{note} {_LOSS.told(tongue, share=f'{hop.loss:.0%}')}".strip()
        took = "" if hop.seconds is None else spent(hop.seconds)
        table.add_row(str(hop.ttl), hop.address or "*", took, note)
    console.print()
    console.print(table)


def _verdict(verdict: Verdict, tongue: Tongue, console: Console) -> None:
    if verdict.ok:
        console.print(Text(_GOOD.told(tongue), "bold green"))
    else:
        sure, where = _SURE[verdict.confidence].told(tongue), _WHERE[verdict.where].told(tongue)
        said = _VERDICT.told(tongue, where=where, cause=verdict.cause, sure=sure)
        console.print(Text(said, "bold red"))
    console.print(Padding(Text(verdict.summary.told(tongue)), (0, 0, 0, 2), expand=False))
    if verdict.others:
        others = ", ".join(f"{cause} ({_SIDES[side].told(tongue)})" for cause, side in verdict.others)
        console.print(Padding(Text(_ALSO.told(tongue, others=others), "dim"), (0, 0, 0, 2), expand=False))
    _list(_DO, verdict.advice, tongue, console)


def _list(title: Said, rows: tuple[Remark, ...], tongue: Tongue, console: Console) -> None:
    """A titled list. Commands, which are the same in both languages, are not wrapped: so they can be copied."""
    if not rows:
        return
    console.print(Text(title.told(tongue), "bold"))
    for row in rows:
        if row.said.en == row.said.zh:
            console.print(Text(f"    {row.told(tongue)}", "cyan"), soft_wrap=True)
            continue
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_row("  -", Text(row.told(tongue)))
        console.print(grid)


def _table(heads: tuple[Said, ...], tongue: Tongue) -> Table:
    table = Table(*(head.told(tongue) for head in heads), box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in table.columns[:-1]:
        column.overflow = "fold"
    table.columns[-1].no_wrap = True
    return table
