"""`outwait explain`: every number that would hold for a request, with the rule that set it."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from outwait.cli import explain_live
from outwait.cli.serve import Config
from outwait.cli.telling import print_json
from outwait.config.errors import ConfigError
from outwait.core.catalog import Catalog, Channel
from outwait.core.fault import Fault, Refusal
from outwait.core.principal import Principal
from outwait.core.request import Call

if TYPE_CHECKING:
    from outwait.plan.explain import Row

EXAMPLES = """Examples:

outwait explain --model o3-pro --stream

outwait explain --model claude-opus-4-6 --endpoint messages --stream

outwait explain --model gpt-4o --key dev --header 'x-outwait-timeout-total: 10m'

outwait explain --model o3 --live    (and what the running gateway has learned of it)

outwait explain --model gpt-4o --header 'user-agent: OpenAI/Python 1.99.0' --header 'x-stainless-read-timeout: 600'

Exit status: 0 explained, 1 the gateway would refuse such a call or (--live) does not answer, 2 usage or configuration.
"""
_ANYBODY = Principal("(any)")


def explain(
    *,
    model: Annotated[str, typer.Option("--model", "-m", help="The model's name, as a client would send it.")],
    stream: Annotated[bool, typer.Option("--stream/--no-stream", help="A streamed call, or one JSON reply.")] = False,
    effort: Annotated[str | None, typer.Option(help="The reasoning_effort of the request, if any.")] = None,
    endpoint: Annotated[
        str,
        typer.Option(help="What is called: chat.completions, messages, generate_content, embeddings, ..."),
    ] = "chat.completions",
    key: Annotated[str | None, typer.Option(help="Name of the client key; its own settings count.")] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", help="A header of the request, 'name: value'; repeatable.")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Beside the clocks: what the gateway has learned.")] = False,
    url: Annotated[
        str | None, typer.Option(help="--live: where it is, instead of server.host and server.port.", metavar="URL")
    ] = None,
    admin_key: Annotated[
        str | None, typer.Option(help="--live: a client key with `admin: true`, instead of the configuration's first.")
    ] = None,
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show the plan of a request: its route, the seven clocks, heartbeats and retries, each with its reason.

    Works without a configuration too, and then shows the built-in numbers. With several workers, the one that happens
    to answer tells what it has learned.
    """
    if not live and (url is not None or admin_key is not None):
        raise typer.BadParameter("goes with --live only", param_hint="--admin-key" if url is None else "--url")
    from outwait.dialects.profiles import profile
    from outwait.plan.explain import explain as rows_of
    from outwait.plan.facts import Facts
    from outwait.plan.planner import Planner

    catalog = _catalog(config)
    dialect = _dialect(endpoint)
    call = Call(dialect, endpoint, model, stream, b"", headers=_headers(header or []), effort=effort)
    client = profile(call.headers)
    principal = _principal(catalog, key)
    try:
        plan = Planner(catalog).plan(Facts(call, principal, client.name, client.shape))
    except Refusal as refused:
        _refused(refused.fault, as_json=as_json)
    rows = rows_of(plan)
    found = explain_live.ask(plan, config, url, admin_key, as_json=as_json) if live else None
    if as_json:
        asked = {"model": model, "endpoint": endpoint, "stream": stream, "key": key, "client": client.name}
        told = {**asked, "decisions": [asdict(row) for row in rows]}
        told |= {} if found is None else {"live": found._asdict()}
        print_json(told)
        return
    if found is None:
        _draw(rows)
    else:
        _draw_live(rows, found, several=len(plan.candidates) > 1)


def _dialect(endpoint: str) -> str:
    """The dialect in which `endpoint` is called."""
    from outwait.dialects.providers import PROVIDERS

    known = {name: way.dialect for provider in PROVIDERS.values() for name, way in provider.ways.items()}
    if endpoint not in known:
        raise typer.BadParameter(f"one of {', '.join(sorted(known))}; not {endpoint!r}", param_hint="--endpoint")
    return known[endpoint]


def _catalog(config: str | None) -> Catalog:
    """The configured catalog; without channels, one that would take any model, so that the numbers can be shown."""
    from outwait.config import catalog as catalogs
    from outwait.config.load import load

    try:
        catalog = catalogs.build(load(config, serving=False))
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    if catalog.channels:
        return catalog
    typer.echo("No channels are configured: these numbers hold for any channel.", err=True)
    return replace(catalog, channels=(Channel("(any)", "openai", "http://localhost/v1"),))


def _principal(catalog: Catalog, name: str | None) -> Principal:
    if name is None:
        return _ANYBODY
    for principal in catalog.keys.values():
        if principal.name == name:
            return principal
    known = ", ".join(principal.name for principal in catalog.keys.values()) or "none"
    raise typer.BadParameter(f"there is no client key named {name!r}; known: {known}", param_hint="--key")


def _headers(lines: list[str]) -> dict[str, str]:
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise typer.BadParameter(f"takes 'name: value', not {line!r}", param_hint="--header")
        headers[name.strip().lower()] = value.strip()
    return headers


def _refused(refused: Fault, *, as_json: bool) -> NoReturn:
    if as_json:
        told = {"status": refused.status, "code": refused.code, "message": refused.message, "param": refused.param}
        print_json({"refused": told})
    else:
        typer.secho(f"The gateway would answer {refused.status} {refused.code}: {refused.message}", fg="red", err=True)
    raise typer.Exit(1)


def _draw(rows: tuple[Row, ...]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("", "what", "value", "because")
    group = ""
    for row in rows:
        table.add_row("" if row.group == group else row.group, row.name, row.value, row.reason)
        group = row.group
    Console(highlight=False, markup=False).print(table)


def _draw_live(rows: tuple[Row, ...], live: explain_live.Live, *, several: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("", "what", "value", "because", "learned")
    group = ""
    for row in rows:
        learned = explain_live.words(live.learned, row.name, several=several) if row.group == "clock" else ""
        table.add_row("" if row.group == group else row.group, row.name, row.value, row.reason, learned)
        group = row.group
    console = Console(highlight=False, markup=False)
    console.print(table)
    if not live.learned:
        console.print(f"Worker {live.worker} has learned nothing of this yet.")
