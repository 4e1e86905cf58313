"""`outwait serve`: run the gateway, or only check what would run."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from outwait.app.supervisor import Supervisor
from outwait.config.errors import ConfigError
from outwait.config.load import load
from outwait.config.settings import Settings
from outwait.config.summary import summary
from outwait.ledger import logs

Config = Annotated[
    str | None,
    typer.Option("--config", "-c", help="outwait.yaml. Looked for here, in ~/.config/outwait and /etc/outwait if not given."),
]


def serve(
    config: Config = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of server.host.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on, instead of server.port; 0 takes a free one.")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes, instead of server.workers.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Read the configuration, show what would run, and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --check: the same as JSON.")] = False,
) -> None:
    """Run the gateway.

    Without a configuration file, set OPENAI_API_KEY, ANTHROPIC_API_KEY or GEMINI_API_KEY: each makes a channel, and a client
    key is made and shown once. SIGTERM or Ctrl-C drains: running answers may finish; a second one stops at once. SIGHUP
    reads the configuration again.
    """
    overrides = _overrides(host=host, port=port, workers=workers)
    settings = load_or_exit(config, {**os.environ, **overrides})
    if check:
        _show(settings, as_json=as_json)
        return
    if settings.origin.fresh_key is not None:
        overrides["OUTWAIT_KEYS"] = json.dumps([{"name": "default", "key": settings.origin.fresh_key}])
    logs.configure(settings.log.level, settings.log.format, settings.secrets())
    supervisor = Supervisor(settings, config, overrides, lambda url: _announce(url, settings))
    try:
        status = asyncio.run(supervisor.run())
    except OSError as error:
        server = settings.server
        typer.secho(f"Cannot listen on {server.host}:{server.port}: {error.strerror or error}.", fg="red", err=True)
        typer.echo("Another program may use that port: choose one with --port, or find it with `ss -ltnp`.", err=True)
        raise typer.Exit(1) from error
    raise typer.Exit(status)


def load_or_exit(config: str | None, env: dict[str, str] | None = None, *, serving: bool = True) -> Settings:
    """The settings, or every problem with them on standard error and exit status 2."""
    try:
        return load(config, env=env, serving=serving)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


def _overrides(*, host: str | None, port: int | None, workers: int | None) -> dict[str, str]:
    """Command-line options as the environment variables that workers read them from."""
    given = {"HOST": host, "PORT": port, "WORKERS": workers}
    return {f"OUTWAIT_SERVER__{name}": str(value) for name, value in given.items() if value is not None}


def _announce(url: str, settings: Settings) -> None:
    console = Console(stderr=True, highlight=False)
    console.print(f"[bold]outwait[/bold] listens on [bold]{url}[/bold]  (OpenAI base URL: {url}/v1)")
    for channel in settings.channels:
        console.print(f"  channel {channel.name}: {', '.join(channel.models) or 'all models'} -> {channel.base_url}")
    if settings.origin.fresh_key is not None:
        console.print(f"  client key for this run: [bold]{settings.origin.fresh_key}[/bold]  (shown once)")
    elif not settings.keys:
        console.print("  no client keys are configured: everybody on this machine may use it")
    for note in settings.origin.notes:
        console.print(f"  note: {note}")


def _show(settings: Settings, *, as_json: bool) -> None:
    facts = summary(settings)
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=2))
        return
    console = Console(highlight=False)
    where = settings.origin.file or "the environment (no file)"
    console.print(f"The configuration is good: {where}")
    console.print(f"It would listen on {facts['url']} with {settings.server.workers} worker(s).")
    table = Table("channel", "dialect", "models", "base URL", "credentials", "priority")
    for channel in settings.channels:
        models = ", ".join(channel.models) or "all"
        row = (channel.name, channel.dialect, models, channel.base_url, str(len(channel.credentials())), str(channel.priority))
        table.add_row(*row)
    console.print(table)
    keys = ", ".join(key.name for key in settings.keys) or "none: open to everybody on this machine"
    console.print(f"Client keys: {keys}. Timeout preset: {settings.timeouts.preset}.")
    for note in settings.origin.notes:
        console.print(f"Note: {note}")
