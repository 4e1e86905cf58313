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

Exit status: 0 a cause was found, 1 the text does not say, 2 usage, or a line that cannot be read.
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
        try:
            return _decoded(sys.stdin.buffer.read(_MOST))
        except OSError as error:
            raise typer.BadParameter(f"stdin cannot be read: {error.strerror or error}", param_hint="TEXT") from error
    assert given is not None  # noqa: S101 - tells mypy what the line above has seen
    path = _file(given)
    # Bytes of a command line that the locale cannot read, which Python keeps as they are, are read as a file's are.
    return _decoded(given.encode("utf-8", "surrogateescape")) if path is None else _read(path, "FILE")


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
    """Headers of JSON, names in lower case. One that came more than once may be a list; one that is null did not."""
    if not isinstance(headers, dict):
        raise ValueError("headers are an object of names and values")  # noqa: TRY004 - one error for all bad input
    found = {}
    for name, value in headers.items():
        several = value if isinstance(value, list) else [] if value is None else [value]
        if not all(isinstance(each, str | int | float) for each in several):
            raise ValueError(f"the value of {_short(name)} is a text, not {_short(value)}")
        if several:
            found[str(name).lower()] = ", ".join(map(str, several))
    return found


def _each(text: str, known: Symptom, tongue: Tongue) -> int:
    """One JSON object a line for each line of `text` that is not empty; the exit status is that of the worst.

    A record that cannot be read is told as `error`, and the next one is read.
    """
    from outwait.diagnosis.diagnose import diagnose as diagnosed

    worst = 0
    for number, line in enumerate(
        text.split("\n"), 1
    ):  # JSON may hold other ends of lines, such as U+2028, as they are
        if not line.strip():
            continue
        case = _case(line)
        kept = {"line": number} | ({"id": case["id"]} if "id" in case else {})
        try:
            found = diagnosed(_symptom(case, known), tongue)
        except ValueError as error:
            worst = 2
            print_json({**kept, "error": {"message": str(error), "code": "invalid_record"}}, indent=None)
            continue
        print_json({**kept, **found.told()}, indent=None)
        worst = max(worst, int(found.cause == "unknown"))
    return worst


def _case(line: str) -> dict[str, Any]:
    """What a line says: a JSON object that holds a text, else the line itself as the text."""
    if line.lstrip().startswith("{"):
        try:
            case = json.loads(line)
        except (ValueError, RecursionError):
            case = None
        if isinstance(case, dict) and "text" in case:
            return {name: _whole(value) if isinstance(value, str) else value for name, value in case.items()}
    return {"text": line.removesuffix("\r")}


def _symptom(case: dict[str, Any], known: Symptom) -> Symptom:
    """The symptom of a record. What it does not say is as `known`; a ValueError names the field that cannot be read."""
    from outwait.diagnosis.symptom import Symptom

    text, model, status = case["text"], case.get("model"), case.get("status")
    if not isinstance(text, str):
        raise ValueError(f"text: takes a text, not {_short(text)}")  # noqa: TRY004 - one error for all bad input
    if model is not None and not isinstance(model, str):
        raise ValueError(f"model: takes a text, not {_short(model)}")
    if isinstance(status, str) and re.fullmatch("[0-9]{3}", status):
        status = int(status)
    if status is not None and (type(status) is not int or not 100 <= status <= 599):
        raise ValueError(f"status: takes a number from 100 to 599, not {_short(status)}")
    elapsed, headers = known.elapsed, known.headers
    try:
        if case.get("elapsed_s") is not None:
            elapsed = durations.parse(case["elapsed_s"])
    except ValueError as error:
        raise ValueError(f"elapsed_s: {error}") from error
    if case.get("headers") is not None:
        try:
            headers = _named(case["headers"])
        except ValueError as error:
            raise ValueError(f"headers: {error}") from error
    return Symptom(
        text, known.model if model is None else model, elapsed, known.status if status is None else status, headers
    )


def _short(value: object) -> str:
    return json.dumps(value)[:60]


def _whole(text: str) -> str:
    """`text` without halves of characters, which JSON can escape and no terminal or file can take."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


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
