"""`outwait serve`: run the gateway, or only check what would run."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from outwait.cli import ending
from outwait.cli.ending import Unwritten
from outwait.cli.telling import AsJson, print_json
from outwait.config.errors import ConfigError, Problem

if TYPE_CHECKING:
    from outwait.app.renewal import Renewal
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

outwait serve --json    (one object on stdout when it serves: its URLs, and the client key if one was made)

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
    as_json: AsJson = False,
) -> None:
    """Run the gateway.

    Without a configuration file, set OPENAI_API_KEY, ANTHROPIC_API_KEY or
    GEMINI_API_KEY: each makes a channel, and a client key is made and shown once.
    """
    if takeover and check:
        raise typer.BadParameter("goes without --check", param_hint="--takeover")
    overrides = _overrides(host=host, port=port, workers=workers)
    try:
        settings = _read(config, overrides)
        _placed(settings)
    except ConfigError as error:
        _refuse(error, as_json=as_json)
    if check:
        _show(settings, as_json=as_json)
        return
    announcer = Announcer(settings, as_json=as_json, steadfast=takeover)
    raise typer.Exit(_run(settings, config, overrides, announcer, takeover=takeover))


def _read(config: str | None, overrides: Mapping[str, str]) -> Settings:
    """The settings, proven to work. Raises ConfigError."""
    from outwait.app import preflight
    from outwait.config.load import load

    settings = load(config, env={**os.environ, **overrides})
    preflight.check(settings)
    return settings


def _placed(settings: Settings) -> None:
    """Raises ConfigError where nothing can be kept: the working directory was removed, and data_dir is below it."""
    try:
        Path(settings.data_dir).absolute()
    except OSError as error:
        what = "is below the working directory, which is not there any more"
        expected = "an absolute path, or a start in a directory that is there"
        raise ConfigError(
            [Problem("data_dir", what, repr(settings.data_dir), expected)], settings.origin.file
        ) from error


def _run(
    settings: Settings, config: str | None, overrides: dict[str, str], announcer: Announcer, *, takeover: bool
) -> int:
    from outwait.app.renewal import renewal
    from outwait.ledger import logs

    more = {}
    if settings.origin.fresh_key is not None:  # a reload must not make another one, nor a gateway that takes over
        more["OUTWAIT_KEYS"] = json.dumps([{"name": "default", "key": settings.origin.fresh_key}])
        overrides.update(more)
    logs.configure(settings.log.level, settings.log.format, settings.secrets())
    try:
        return _supervised(settings, lambda: _read(config, overrides), announcer, renewal(more), takeover=takeover)
    finally:
        logs.release()


def _supervised(
    settings: Settings, reread: Callable[[], Settings], announcer: Announcer, renew: Renewal, *, takeover: bool
) -> int:
    from outwait.app.supervisor import Supervisor
    from outwait.app.takeover import TakeoverError

    try:
        predecessor = _predecessor(settings) if takeover else None
    except TakeoverError as error:
        announcer.failed(str(error))
        return 1
    supervisor = Supervisor(settings, reread, announcer.serves, predecessor, renew)
    try:
        supervisor.bind()
    except OSError as error:
        announcer.failed(*_taken(settings, error, takeover=takeover))
        return 1
    announcer.starts()
    status = asyncio.run(supervisor.run())
    announcer.over(status)
    return status


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


def _taken(settings: Settings, error: OSError, *, takeover: bool) -> tuple[str, str]:
    """Why the port cannot be had, and what would help."""
    server = settings.server
    told = f"Cannot listen on {server.host}:{server.port}: {error.strerror or error}."
    rival = _rival(settings) if error.errno == errno.EADDRINUSE and not takeover else None
    if rival is not None and server.port == rival.bound:
        return told, (
            f"The gateway with process id {rival.pid}, of the same data_dir, listens there. To put this one in its"
            " place without losing a connection: outwait serve --takeover."
        )
    way = "Choose another port with --port, or see who has this one with `ss -ltnp`, and another host with --host."
    return told, way


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
        print_json(told)
    else:
        typer.echo(str(error).replace(f"${_OPTION}HOST: ", "--host: "), err=True)
    raise typer.Exit(2) from error


class Announcer:
    """Tells how the start goes: people on stderr, or with `as_json` programs, which get one object on stdout.

    `steadfast`: a stdout that cannot be written ends no gateway that others rely on by then.
    """

    def __init__(self, settings: Settings, *, as_json: bool, steadfast: bool = False) -> None:
        self._settings = settings
        self._as_json = as_json
        self._steadfast = steadfast
        self._told = False

    def starts(self) -> None:
        """The port is ours, and nobody answers there yet: who waits for the first answer has the key by then."""
        key = self._settings.origin.fresh_key
        if key is not None and not self._as_json:
            typer.echo(f"client key for this run, shown once: {key}", err=True)

    def serves(self, url: str) -> None:
        """All workers serve at `url`. Raises Unwritten."""
        settings = self._settings
        base = url.replace("//0.0.0.0:", "//localhost:").replace("//[::]:", "//localhost:")
        self._told = True
        if self._as_json:
            try:
                print_json(_up(url, base, settings))
            except Unwritten as error:
                if not self._steadfast:
                    raise
                ending.told(error)
            return
        lines = [f"outwait listens on {url}"]
        lines += [
            f"  channel {channel.name}: {', '.join(channel.models) or 'all models'} -> {channel.base_url}"
            for channel in settings.channels
        ]
        if not settings.keys:
            lines.append("  no client keys are configured: everybody on this machine may use it")
        lines.append(f"  OpenAI clients: base URL {base}/v1")
        lines.append(f"  Anthropic and Google clients: base URL {base}")
        lines.extend(f"  note: {note}" for note in settings.origin.notes)
        typer.echo("\n".join(lines), err=True)

    def failed(self, *told: str) -> None:
        """It cannot start: the reason, and maybe what would help."""
        self._told = True
        if self._as_json:
            print_json({"good": False, "error": " ".join(told)})
            return
        typer.secho(told[0], fg="red", err=True)
        for more in told[1:]:
            typer.echo(more, err=True)

    def over(self, status: int) -> None:
        """It ended with `status`. The log has said why; a program that still waits for its object gets one."""
        if self._as_json and not self._told:
            why = "It could not start; the log says why." if status else "It was told to end before it served."
            print_json({"good": False, "error": why})


def _up(url: str, base: str, settings: Settings) -> dict[str, object]:
    """The gateway that serves at `url`, for programs. `base`: the same as this machine's clients reach it."""
    return {
        "good": True,
        "url": url,
        "base_urls": {"openai": f"{base}/v1", "anthropic": base, "gemini": base},
        "client_key": settings.origin.fresh_key,
        "open_access": not settings.keys,
        "pid": os.getpid(),
        "workers": settings.server.workers,
        "channels": [
            {"name": channel.name, "models": list(channel.models) or ["*"], "base_url": channel.base_url}
            for channel in settings.channels
        ],
        "notes": list(settings.origin.notes),
    }


def _show(settings: Settings, *, as_json: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    from outwait.config.summary import summary

    facts = summary(settings)
    if as_json:
        print_json({"good": True, **facts})
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
