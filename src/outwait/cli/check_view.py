"""What `outwait check` shows people: tables side by side, what failed, which endpoint is best, what follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich import box
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from outwait.core.tongue import Said, Tongue
from outwait.diagnosis.advice import ADVICE
from outwait.policy import durations
from outwait.toolkit.check.advised import advice
from outwait.toolkit.check.compare import Comparison
from outwait.toolkit.check.saved import About
from outwait.toolkit.check.statistics import Figures
from outwait.toolkit.check.summary import PHASES, Failure, Summary
from outwait.toolkit.check.words import METRICS, SIDES, Remark, seconds, share

if TYPE_CHECKING:
    from outwait.toolkit.check.report import Report

_WIDE: Final = 8  # cells of one figure
_COLUMN: Final = 3 * _WIDE
_BORDER: Final = 3  # a column's rule and blanks
_COLORS: Final = {"better": "green", "worse": "red", "same": "", "unclear": "yellow"}

_HEADS: Final = {
    "timeouts": Said("Clocks that follow for {name}", "由此得出的 {name} 的时限"),
    "failed": Said("What failed", "失败"),
    "endpoint": Said("endpoint", "端点"),
    "clock": Said("clock", "时钟"),
    "span": Said("span", "时限"),
    "because": Said("because", "理由"),
    "metric": Said("metric", "指标"),
    "then": Said("then", "上次"),
    "now": Said("now", "这次"),
    "verdict": Said("verdict", "结论"),
    "compared": Said("Compared with the run of {date} (medians)", "与 {date} 的运行相比（中位数）"),
    "best": Said("Best: {name}", "最佳：{name}"),
    "maybe": Said("Perhaps {name}", "可能是 {name}"),
    "none": Said("No recommendation", "没有推荐"),
    "careful": Said("Careful", "注意"),
    "streamed": Said("streamed", "流式"),
    "whole": Said("one JSON reply", "单个 JSON 应答"),
    "short": Said(
        "A few short answers can show that a clock is too short, not that it could be shorter.",
        "几次简短回答只能说明时限太短，不能说明可以更短。",
    ),
    "explained": Said(
        "TTFT: start -> first content, all before it included. First token: head -> first content. "
        "tokens/s: the third figure is the slowest.",
        "TTFT：开始 → 首个内容，含之前各段。首个 token：响应头 → 首个内容。token/秒：第三个数是最慢的。",
    ),
}
_VERDICTS: Final = {
    "better": Said("better", "变好"),
    "worse": Said("worse", "变差"),
    "same": Said("same", "无变化"),
    "unclear": Said("too few to say", "样本太少"),
}


def draw(report: Report, console: Console, tongue: Tongue) -> None:
    """The whole report."""
    grid = Table.grid(Column(overflow="fold"), Column(overflow="fold"), padding=(0, 2))
    for each in report.found:
        grid.add_row(each.about.name, ", ".join(_asked(each.about, tongue)))
    console.print(grid)
    for table in figures(report.found, console.width, tongue):
        console.print(table)
    if any("rate" in each.figures or "ttft" in each.figures for each in report.found):
        console.print(Text(_HEADS["explained"].told(tongue), style="dim"))
    _failures(report.found, console, tongue)
    _advice(report, console, tongue)
    _clocks(report, console, tongue)
    if report.comparison is not None:
        _comparison(report.comparison, console, tongue)
    if report.warnings:
        console.print(_HEADS["careful"].told(tongue))
        _listed(report.warnings, console, tongue)


def _asked(about: About, tongue: Tongue) -> list[str]:
    """Where and what was asked."""
    told = [about.url, about.asked]
    if about.paid:
        told.append(about.model or "")
    if about.stream is not None:
        told.append(_HEADS["streamed" if about.stream else "whole"].told(tongue))
    return told


def figures(found: Sequence[Summary], width: int, tongue: Tongue) -> list[Table]:
    """The figures of all endpoints, as many beside one another as have room."""
    names = [METRICS[name].told(tongue) for name in ("success", "timeouts", "errors", *PHASES)]
    first = max(map(cell_len, names))
    room = max(1, (width - first - _BORDER - 1) // (_COLUMN + _BORDER))
    phases = [phase for phase in PHASES if any(phase in each.figures for each in found)]
    return [_beside(found[at : at + room], phases, tongue) for at in range(0, len(found), room)]


def _beside(found: Sequence[Summary], phases: Sequence[str], tongue: Tongue) -> Table:
    table = Table(box=box.ROUNDED)
    table.add_column("")
    for each in found:
        head = "".join(f"{name:>{_WIDE}}" for name in ("p50", "p95", "max"))
        table.add_column(f"{_named(each.about.name)}\n{head}", no_wrap=True, min_width=_COLUMN)
    table.add_row(METRICS["success"].told(tongue), *(_success(each) for each in found))
    for name in ("timeouts", "errors"):
        table.add_row(METRICS[name].told(tongue), *(f"{getattr(each, name):>{_WIDE}}" for each in found))
    table.add_section()
    for phase in phases:
        table.add_row(METRICS[phase].told(tongue), *(_three(phase, each.figures.get(phase)) for each in found))
    return table


def _named(name: str) -> str:
    """The name in the width of a column; its end tells names apart better than its beginning."""
    lines = []
    while cell_len(name) > _COLUMN:
        lines.append(set_cell_size(name, _COLUMN).rstrip())
        name = name[len(lines[-1]) :].lstrip()
    return "\n".join((*lines, name)[:3])


def _success(found: Summary) -> Text:
    text = f"{share(found.success):>{_WIDE}}  {found.ok}/{len(found.probes)}"
    return Text(text, style="green" if found.ok == len(found.probes) else "red" if not found.ok else "yellow")


def _three(phase: str, found: Figures | None) -> str:
    if found is None:
        return f"{'-':>{_WIDE}}"
    tell = _rate if phase == "rate" else seconds
    return "".join(f"{tell(value):>{_WIDE}}" for value in (found.p50, found.p95, found.worst))


def _rate(value: float) -> str:
    return f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def _failures(found: Sequence[Summary], console: Console, tongue: Tongue) -> None:
    rows = [(each.about.name, failure) for each in found for failure in each.failures]
    if not rows:
        return
    console.print(_HEADS["failed"].told(tongue))
    grid = Table.grid(Column(justify="right"), Column(overflow="fold"), padding=(0, 1))
    for name, failure in rows:
        grid.add_row(f" {failure.count} x", _failure(name, failure, tongue))
    console.print(grid)


def _failure(name: str, failure: Failure, tongue: Tongue) -> Text:
    """Which endpoint, why and whose side; what was seen; what to do."""
    kind = [failure.cause, SIDES[failure.side].told(tongue)]
    if failure.clock is not None and failure.span is not None:
        kind.append(f"{failure.clock} {durations.tell(failure.span)}")
    meaning = ADVICE.get(failure.cause, ADVICE["unknown"]).meaning
    # Of a clock all was said, but for whose silence it was.
    seen = "" if failure.clock is not None and failure.rule is None else f"{failure.detail}\n"
    return Text.assemble(
        (f"{name}: {', '.join(kind)}\n", "bold"),
        f"{_sentence(meaning.told(tongue), tongue)}\n",
        (seen, "dim"),
        f"-> {advice(failure).told(tongue)}",
    )


def _sentence(words: str, tongue: Tongue) -> str:
    return words + "。" if tongue is Tongue.ZH else words[:1].upper() + words[1:] + "."


def _advice(report: Report, console: Console, tongue: Tongue) -> None:
    told = report.recommendation
    kind = "none" if told.best is None else "best" if told.sure else "maybe"
    head = _HEADS[kind].told(tongue, name=told.best)
    joint = "：" if tongue is Tongue.ZH else ": "
    nobody = told.best is None and not any(each.ok for each in report.found)
    color = "red" if nobody else "green" if told.sure else "yellow"
    if len(report.found) > 1 or told.best is None:
        reasons = ("" if tongue is Tongue.ZH else " ").join(remark.told(tongue) for remark in told.reasons)
        console.print(Text.assemble((head, f"bold {color}"), joint, reasons))
    _listed(told.out, console, tongue)


def _clocks(report: Report, console: Console, tongue: Tongue) -> None:
    if not report.suggestions:
        return
    heads = [_HEADS[name].told(tongue) for name in ("clock", "span", "because")]
    title = _HEADS["timeouts"].told(tongue, name=report.suggested_for)
    table = Table(*heads, box=box.ROUNDED, title=title, title_justify="left")
    table.columns[1].justify = "right"
    for each in report.suggestions:
        table.add_row(each.clock.value, durations.tell(each.seconds), each.reason.told(tongue))
    console.print(table)
    if any(each.reason.name == "scenario" for each in report.suggestions):
        console.print(Text(_HEADS["short"].told(tongue), style="dim"))


def _comparison(comparison: Comparison, console: Console, tongue: Tongue) -> None:
    heads = [_HEADS[name].told(tongue) for name in ("endpoint", "metric", "then", "now", "verdict")]
    title = _HEADS["compared"].told(tongue, date=comparison.started)
    table = Table(*heads, box=box.ROUNDED, title=title, title_justify="left")
    table.columns[2].justify = table.columns[3].justify = "right"
    last = ""
    for change in comparison.changes:
        tell = share if change.metric == "success" else _rate if change.metric == "rate" else seconds
        table.add_row(
            "" if change.endpoint == last else change.endpoint,
            METRICS[change.metric].told(tongue),
            tell(change.then),
            tell(change.now),
            Text(_VERDICTS[change.verdict].told(tongue), style=_COLORS[change.verdict]),
        )
        last = change.endpoint
    if comparison.changes:
        console.print(table)
    _listed(comparison.remarks, console, tongue)


def _listed(remarks: Sequence[Remark], console: Console, tongue: Tongue) -> None:
    """A list whose lines stay behind their dash."""
    grid = Table.grid(Column(), Column(overflow="fold"), padding=(0, 1))
    for remark in remarks:
        grid.add_row(" -", remark.sentence(tongue))
    if remarks:
        console.print(grid)
