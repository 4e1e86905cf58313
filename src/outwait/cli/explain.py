"""`outwait explain`: every number that would hold for a request, with the rule that set it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from outwait.cli.serve import Config, load_or_exit
from outwait.config import catalog as catalogs
from outwait.config.settings import Settings
from outwait.core.catalog import Catalog, Channel
from outwait.core.fault import Refusal
from outwait.core.principal import Principal
from outwait.core.request import Call
from outwait.dialects.profiles import profile
from outwait.plan.explain import Row, explain as rows_of
from outwait.plan.facts import Facts
from outwait.plan.planner import Planner


def explain(
    model: Annotated[str, typer.Option("--model", "-m", help="The model name a client would send.")],
    stream: Annotated[bool, typer.Option("--stream/--json-reply", help="A streamed call, or one JSON reply.")] = False,
    effort: Annotated[str | None, typer.Option(help="reasoning_effort of the request, if any.")] = None,
    key: Annotated[str | None, typer.Option(help="Name of the client key (its own settings count).")] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", help="A request header, e.g. 'x-outwait-timeout-total: 10m'.")
    ] = None,
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show the plan of a request: route, the seven clocks, heartbeats, retries, and why each is what it is.

    Works without a configuration too, and then shows the built-in numbers.
    """
    settings = load_or_exit(config, serving=False)
    call = Call("openai", "chat.completions", model, stream, b"", headers=_headers(header or []), effort=effort)
    client = profile(call.headers)
    try:
        principal = _principal(settings, key)
        plan = Planner(_catalog(settings)).plan(Facts(call, principal, client.name, client.shape))
    except Refusal as refused:
        typer.secho(refused.fault.message, fg="red", err=True)
        raise typer.Exit(1) from refused
    rows = rows_of(plan)
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=2))
        return
    _draw(rows)


def _catalog(settings: Settings) -> Catalog:
    """The configured catalog; without channels, one that would take any model, so that the numbers can be shown."""
    catalog = catalogs.build(settings)
    if catalog.channels:
        return catalog
    return Catalog(
        channels=(Channel("(any)", "openai", "http://localhost/v1"),),
        preset=catalog.preset,
        rules=catalog.rules,
        ceiling=catalog.ceiling,
        floor=catalog.floor,
        heartbeat=catalog.heartbeat,
        retry=catalog.retry,
        on_disconnect=catalog.on_disconnect,
        scenarios=catalog.scenarios,
    )


def _principal(settings: Settings, name: str | None) -> Principal:
    if name is None:
        return Principal("(any)")
    for principal in catalogs.build(settings).keys.values():
        if principal.name == name:
            return principal
    known = ", ".join(key.name for key in settings.keys) or "none"
    typer.secho(f"There is no client key named {name!r}; known: {known}.", fg="red", err=True)
    raise typer.Exit(2)


def _headers(lines: list[str]) -> dict[str, str]:
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            typer.secho(f"--header takes 'name: value', not {line!r}.", fg="red", err=True)
            raise typer.Exit(2)
        headers[name.strip().lower()] = value.strip()
    return headers


def _draw(rows: tuple[Row, ...]) -> None:
    table = Table("", "what", "value", "because")
    group = ""
    for row in rows:
        table.add_row("" if row.group == group else row.group, row.name, row.value, row.reason)
        group = row.group
    Console(highlight=False).print(table)
