"""`outwait serve`: run the gateway, or only check what would run."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from outwait.config.errors import ConfigError

if TYPE_CHECKING:
    from outwait.app.takeover import Offer, Predecessor
    from outwait.config.settings import Settings

Config = Annotated[
    str | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="The configuration; else $OUTWAIT_CONFIG, or outwait.yaml here, in ~/.config/outwait or /etc/outwait.",
    ),
]
EXAMPLES = """Examples:

OPENAI_API_KEY=... outwait serve    (no file: one channel, and a client key that is shown once)

outwait serve --config outwait.yaml --workers 4

outwait serve --check    (is the configuration good, and what would run?)

outwait serve --config outwait.yaml --takeover    (instead of the one that runs, and nobody notices)

Signals: TERM or INT lets running answers finish for server.drain, a second one ends them; HUP rereads the file; USR2
starts a fresh gateway with the same arguments, which takes over: for a new version.

Exit status: 0 ended in order, 1 could not start or was cut short, 2 usage or configuration.
"""
_OPTION = "OUTWAIT_SERVER__"


def serve(
    *,
    config: Config = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of server.host.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port, instead of server.port; 0 takes a free one.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Worker processes, instead of server.workers.")
    ] = None,
    takeover: Annotated[
        bool,
        typer.Option(
            "--takeover",
            help="Take the place of the gateway that runs with this data_dir, if one does: no connection is lost. It"
            " finishes what it has begun, and ends; if this one cannot start, it serves on.",
        ),
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Show what would run, or what is wrong, and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --check: as JSON.")] = False,
) -> None:
    """Run the gateway.

    Without a configuration file, set OPENAI_API_KEY, ANTHROPIC_API_KEY or
    GEMINI_API_KEY: each makes a channel, and a client key is made and shown once.
    """
    if as_json and not check:
        raise typer.BadParameter("goes with --check", param_hint="--json")
    if takeover and check:
        raise typer.BadParameter("goes without --check", param_hint="--takeover")
    overrides = _overrides(host=host, port=port, workers=workers)
    try:
        settings = _read(config, overrides)
    except ConfigError as error:
        _refuse(error, as_json=as_json)
    if check:
        _show(settings, as_json=as_json)
        return
    raise typer.Exit(_run(settings, config, overrides, takeover=takeover))


def _read(config: str | None, overrides: Mapping[str, str]) -> Settings:
    """The settings, proven to work. Raises ConfigError."""
    from outwait.app import preflight
    from outwait.config.load import load

    settings = load(config, env={**os.environ, **overrides})
    preflight.check(settings)
    return settings


def _run(settings: Settings, config: str | None, overrides: dict[str, str], *, takeover: bool) -> int:
    from outwait.app.renewal import renewal
    from outwait.app.supervisor import Supervisor
    from outwait.app.takeover import TakeoverError
    from outwait.ledger import logs

    more = {}
    if settings.origin.fresh_key is not None:  # a reload must not make another one, nor a gateway that takes over
        more["OUTWAIT_KEYS"] = json.dumps([{"name": "default", "key": settings.origin.fresh_key}])
        overrides.update(more)
    logs.configure(settings.log.level, settings.log.format, settings.secrets())
    try:
        predecessor = _predecessor(settings) if takeover else None
    except TakeoverError as error:
        typer.secho(str(error), fg="red", err=True)
        return 1
    supervisor = Supervisor(
        settings, lambda: _read(config, overrides), lambda url: _announce(url, settings), predecessor, renewal(more)
    )
    try:
        supervisor.bind()
    except OSError as error:
        _tell_taken(settings, error, takeover=takeover)
        return 1
    return asyncio.run(supervisor.run())


def _predecessor(settings: Settings) -> Predecessor | None:
    """The gateway that runs with this data_dir, its sockets in hand. Raises TakeoverError."""
    from outwait.app import takeover

    found = takeover.ask(Path(settings.data_dir), settings.server)
    if found is None:
        typer.echo(
            f"No gateway serves with data_dir {settings.data_dir}: nothing to take over, starting anew.", err=True
        )
    else:
        typer.echo(f"Taking over from process {found.offer.pid}, outwait {found.offer.version}.", err=True)
    return found


def _tell_taken(settings: Settings, error: OSError, *, takeover: bool) -> None:
    """Say why the port cannot be had, and what would help."""
    server = settings.server
    typer.secho(f"Cannot listen on {server.host}:{server.port}: {error.strerror or error}.", fg="red", err=True)
    rival = _rival(settings) if error.errno == errno.EADDRINUSE and not takeover else None
    if rival is not None and server.port == rival.bound:
        typer.echo(
            f"The gateway with process id {rival.pid}, of the same data_dir, listens there. To put this one in its"
            " place without losing a connection: outwait serve --takeover.",
            err=True,
        )
        return
    way = "Choose another port with --port, or see who has this one with `ss -ltnp`, and another host with --host."
    typer.echo(way, err=True)


def _rival(settings: Settings) -> Offer | None:
    """The gateway that runs with this data_dir, if one does that can be asked."""
    from outwait.app import takeover

    try:
        return takeover.who(Path(settings.data_dir))
    except takeover.TakeoverError:
        return None


def _overrides(*, host: str | None, port: int | None, workers: int | None) -> dict[str, str]:
    """Command-line options as the environment variables that mean the same."""
    given = {"HOST": host, "PORT": port, "WORKERS": workers}
    return {f"{_OPTION}{name}": str(value) for name, value in given.items() if value is not None}


def _refuse(error: ConfigError, *, as_json: bool) -> NoReturn:
    """Tell every problem, and end with exit status 2."""
    if as_json:
        told = {"good": False, "file": error.file, "problems": [asdict(problem) for problem in error.problems]}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        typer.echo(str(error).replace(f"${_OPTION}HOST: ", "--host: "), err=True)
    raise typer.Exit(2) from error


def _announce(url: str, settings: Settings) -> None:
    base = url.replace("//0.0.0.0:", "//localhost:").replace("//[::]:", "//localhost:")
    lines = [f"outwait listens on {url}"]
    lines += [
        f"  channel {channel.name}: {', '.join(channel.models) or 'all models'} -> {channel.base_url}"
        for channel in settings.channels
    ]
    if settings.origin.fresh_key is not None:
        lines.append(f"  client key for this run, shown once: {settings.origin.fresh_key}")
    elif not settings.keys:
        lines.append("  no client keys are configured: everybody on this machine may use it")
    lines.append(f"  OpenAI clients: base URL {base}/v1")
    lines.append(f"  Anthropic and Google clients: base URL {base}")
    lines.extend(f"  note: {note}" for note in settings.origin.notes)
    typer.echo("\n".join(lines), err=True)


def _show(settings: Settings, *, as_json: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    from outwait.config.summary import summary

    facts = summary(settings)
    if as_json:
        typer.echo(json.dumps({"good": True, **facts}, ensure_ascii=False, indent=2))
        return
    typer.echo(f"The configuration is good: {settings.origin.file or 'from the environment (no file)'}")
    count = settings.server.workers
    typer.echo(f"It would listen on {facts['url']} with {count} worker{'s' if count > 1 else ''}.")
    table = Table("channel", "dialect", "models", "base URL", "credentials", "priority")
    for channel in settings.channels:
        models = ", ".join(channel.models) or "all"
        credentials = str(len(channel.credentials()))
        table.add_row(channel.name, channel.dialect, models, channel.base_url, credentials, str(channel.priority))
    Console(highlight=False, markup=False).print(table)
    typer.echo(f"Client keys: {_keys(settings)}. Timeout preset: {settings.timeouts.preset}.")
    for note in settings.origin.notes:
        typer.echo(f"Note: {note}")


def _keys(settings: Settings) -> str:
    if settings.origin.fresh_key is not None:
        return "one, made at each start and shown then"
    return ", ".join(key.name for key in settings.keys) or "none, open to everybody on this machine"
