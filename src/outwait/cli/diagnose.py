"""`outwait diagnose`: why a call failed and on whose side, from the error it left behind."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from outwait.cli.telling import AsJson, Lang, console, harmless, print_json, spoken
from outwait.core.tongue import Said, Tongue
from outwait.policy import durations

if TYPE_CHECKING:
    from outwait.diagnosis.diagnosis import Diagnosis
    from outwait.diagnosis.symptom import Symptom

EXAMPLES = """Examples:

outwait diagnose 'openai.APITimeoutError: Request timed out.' --elapsed 600 --model o3-pro

outwait diagnose error.log

docker logs gateway 2>&1 | outwait diagnose -

outwait diagnose - --status 504 --elapsed 1m --headers 'server: nginx' < page.html

outwait diagnose failures.jsonl --each-line    (one JSON object a line: text, model, status, elapsed_s, headers)

Exit status: 0 a cause was found, 1 the text does not say, 2 usage.
"""
_MOST = 64 * 1024 * 1024  # bytes that are read of a file or of stdin
_FILE_NAME = re.compile(r"[^\s:]{1,255}\.(?:log|txt|json|jsonl|html?|out|err)|(?:\.{0,2}|~)/[^\s:]{1,255}")
_NO_FILE = Said(
    "There is no file {name}: it was read as the text of an error.", "没有名为 {name} 的文件：它被当作错误文本来读。"
)
_WORDS = {
    "cause": Said("cause", "起因"),
    "side": Said("side", "责任方"),
    "confidence": Said("confidence", "把握"),
    "evidence": Said("Evidence", "依据"),
    "others": Said("Could also be", "也可能是"),
    "now": Said("Now", "现在"),
    "change": Said("Change", "改进"),
    "confirm": Said("Confirm with", "用以下命令确认"),
}


def diagnose(
    *,
    given: Annotated[
        str | None,
        typer.Argument(metavar="TEXT|FILE|-", help="The error: as text, in a file, or on stdin.", show_default=False),
    ] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="The model that was called.")] = None,
    elapsed: Annotated[
        str | None, typer.Option(help="How long it took until it failed: 300, 300s or 5m.", metavar="SPAN")
    ] = None,
    status: Annotated[
        int | None, typer.Option(min=100, max=599, help="The HTTP status of the reply, if one came.", metavar="CODE")
    ] = None,
    headers: Annotated[
        list[str] | None,
        typer.Option(
            "--headers",
            "-H",
            help="A header of the reply, 'name: value', or a file of them; repeatable.",
            metavar="LINE|FILE",
        ),
    ] = None,
    each_line: Annotated[
        bool, typer.Option("--each-line", help="Each line is a case, as JSON or plain text; one JSON object a line.")
    ] = False,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Say why a call failed and on whose side, how sure that is, and what to do about it.

    Works for any language, SDK, proxy, gateway and provider. What a text does not say is not guessed.
    """
    from outwait.diagnosis.diagnose import diagnose as diagnosed
    from outwait.diagnosis.symptom import Symptom

    tongue = spoken(lang)
    known = Symptom("", model, _seconds(elapsed), status, _headers(headers or []))
    text = _text(given)
    if each_line:
        raise typer.Exit(_each(text, known, tongue))
    if not text.strip() and elapsed is None and status is None and not known.headers:
        raise typer.BadParameter(
            "the text is empty: give the error itself, a file with it, or - for stdin", param_hint="TEXT"
        )
    found = diagnosed(Symptom(text, known.model, known.elapsed, known.status, known.headers), tongue)
    if as_json:
        print_json(found.told())
    else:
        _draw(found, tongue)
    if found.cause == "unknown":
        if text == given and _FILE_NAME.fullmatch(text):
            typer.echo(_NO_FILE.told(tongue, name=text), err=True)
        raise typer.Exit(1)


def _text(given: str | None) -> str:
    """What was given: the text itself, what the file of that name holds, or stdin."""
    if given is None and sys.stdin.isatty():
        raise typer.BadParameter("takes the error itself, a file with it, or - for stdin", param_hint="TEXT")
    if given in (None, "-"):
        return _decoded(sys.stdin.buffer.read(_MOST))
    assert given is not None  # noqa: S101 - tells mypy what the line above has seen
    path = _file(given)
    return given if path is None else _read(path, "FILE")


def _read(path: Path, hint: str) -> str:
    """What a file holds. `hint`: what named it."""
    try:
        with path.open("rb") as file:
            return _decoded(file.read(_MOST))
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint=hint) from error


def _file(given: str) -> Path | None:
    """The file of that name, None if there is none: an error is rarely called like one. Of folders only a path is one:
    `timeout` is an error, whatever lies here.
    """
    if len(given) > 1024 or "\n" in given:
        return None
    try:
        path = Path(given)
        return path if path.exists() and (not path.is_dir() or _FILE_NAME.fullmatch(given)) else None
    except (OSError, ValueError):
        return None


def _decoded(data: bytes) -> str:
    """Bytes as text: UTF-8, or UTF-16 as PowerShell writes it."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    return data.decode("utf-8-sig", "replace")


def _seconds(elapsed: str | None) -> float | None:
    if elapsed is None:
        return None
    try:
        return durations.parse(elapsed)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--elapsed") from error


def _headers(given: list[str]) -> dict[str, str]:
    """Names in lower case -> values, of lines, JSON objects and files of either."""
    found: dict[str, str] = {}
    for each in given:
        path = _file(each)
        told = each if path is None else _read(path, "--headers")
        if told.lstrip().startswith("{"):
            try:
                found |= _named(json.loads(told))
            except ValueError as error:
                raise typer.BadParameter(f"no JSON object: {error}", param_hint="--headers") from error
            continue
        for line in told.splitlines():
            name, colon, value = line.partition(":")
            if colon and name.strip():
                found[name.strip().lower()] = value.strip()
            elif line.strip() and not line.startswith("HTTP/"):
                raise typer.BadParameter(
                    f"takes 'name: value' or a file of such lines, not {line[:80]!r}", param_hint="--headers"
                )
    return found


def _named(headers: object) -> dict[str, str]:
    if not isinstance(headers, dict):
        raise ValueError("headers are an object of names and values")  # noqa: TRY004 - one error for all bad input
    return {str(name).lower(): str(value) for name, value in headers.items()}


def _each(text: str, known: Symptom, tongue: Tongue) -> int:
    """One JSON object a line for each line of `text`; the exit status is that of the worst."""
    from outwait.diagnosis.diagnose import diagnose as diagnosed

    worst = 0
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        symptom, kept = _case(line, number, known)
        found = diagnosed(symptom, tongue)
        typer.echo(json.dumps({**kept, **found.told()}, ensure_ascii=False))
        worst = max(worst, int(found.cause == "unknown"))
    return worst


def _case(line: str, number: int, known: Symptom) -> tuple[Symptom, dict[str, Any]]:
    """The symptom of a line, and what else the line says, which is told again: an id, labels."""
    from outwait.diagnosis.symptom import Symptom

    case: Any = None
    if line.lstrip().startswith("{"):
        try:
            case = json.loads(line)
        except ValueError:
            case = None
    if not isinstance(case, dict) or "text" not in case:
        return Symptom(line, known.model, known.elapsed, known.status, known.headers), {"line": number}
    try:
        elapsed = known.elapsed if case.get("elapsed_s") is None else durations.parse(case["elapsed_s"])
        status = known.status if case.get("status") is None else int(case["status"])
        headers = known.headers if case.get("headers") is None else _named(case["headers"])
    except (ValueError, TypeError) as error:
        raise typer.BadParameter(f"line {number}: {error}", param_hint="--each-line") from error
    model = case.get("model")
    kept = {"line": number} | ({"id": case["id"]} if "id" in case else {})
    return Symptom(str(case["text"]), known.model if model is None else str(model), elapsed, status, headers), kept


def _draw(found: Diagnosis, tongue: Tongue) -> None:
    from rich.table import Table
    from rich.text import Text

    screen = console()
    words = {name: said.told(tongue) for name, said in _WORDS.items()}
    head = Table.grid(padding=(0, 2))
    for name, value in (("cause", found.cause), ("side", found.side), ("confidence", found.confidence.value)):
        head.add_row(words[name], Text(value, style="bold"))
    screen.print(head)
    for title, lines in _paragraphs(found, words):
        screen.print()
        screen.print(Text(title, style="bold"))
        for line in lines:
            row = Table.grid(padding=(0, 1))
            row.add_row("  -", Text(line, overflow="fold"))
            screen.print(row)


def _shown(quote: str) -> str:
    """A quote as a terminal may show it: in one line, without what the terminal would obey."""
    from outwait.diagnosis.fold import uncoloured

    return harmless(" ".join(uncoloured(quote).split()))


def _paragraphs(found: Diagnosis, words: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    evidence = [f"“{_shown(each.quote)}”: {each.why}" if each.quote else each.why for each in found.evidence]
    others = [
        f"{each.cause} ({each.side})" + (f": “{_shown(each.quote)}”" if each.quote else "")
        for each in found.alternatives
    ]
    for name, lines in (
        ("evidence", evidence),
        ("now", [found.now]),
        ("change", list(found.change)),
        ("confirm", list(found.confirm)),
        ("others", others),
    ):
        if lines:
            yield words[name], lines
