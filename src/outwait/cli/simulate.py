"""`outwait simulate`: a provider whose model names are scripts, for tests and demos."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Annotated, NoReturn

import typer
import uvloop
from rich.console import Console

from outwait.cli.ending import Unwritten
from outwait.cli.telling import AsJson, print_json
from outwait.toolkit.simulate.record import Received
from outwait.toolkit.simulate.script import GRAMMAR, ScriptError
from outwait.toolkit.simulate.server import Simulator
from outwait.wire import listen


def simulate(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 9100,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    models: Annotated[
        str | None, typer.Option(help="Names /v1/models lists, separated by commas, instead of examples of all.")
    ] = None,
    alias: Annotated[
        list[str] | None, typer.Option(help="NAME=SCRIPT: a further model name, such as o3=silent-20s. Repeatable.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="The one API key that is taken; any, or none, if not given.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same words.")] = 0,
    stateless: Annotated[
        bool,
        typer.Option("--stateless", help="Keep no responses: background, store and what is continued are overlooked."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """A provider for tests and demos, speaking OpenAI, Azure, Anthropic and Gemini. The model's name is the script.

    `silent-20s` says nothing for 20 s and then answers; `silent-5s+drip-50ms` combines; `outwait simulate` prints them
    all. What was received is at /simulate/calls (DELETE forgets it).
    """
    if not host.strip():
        raise typer.BadParameter("takes an address, such as 127.0.0.1; 0.0.0.0 is all of them", param_hint="--host")
    audience = Audience(Console(highlight=False, stderr=as_json), as_json=as_json)
    try:
        simulator = Simulator(
            seed=seed,
            key=key,
            aliases=_aliases(alias or []),
            models=[name.strip() for name in (models or "").split(",") if name.strip()],
            on_call=audience.called,
            stateless=stateless,
        )
    except ScriptError as error:
        _refuse(str(error), 2, as_json=as_json)
    try:
        uvloop.run(serve(simulator, audience, port, host))
    except (OSError, UnicodeError) as error:  # a name that no lookup takes is the second
        why = getattr(error, "strerror", None) or error
        _refuse(f"Cannot listen on {host}:{port}: {why}.", 1, as_json=as_json)


class Audience:
    """Whom it is told to that the provider listens, and each call: people on stdout. With `as_json`, programs get one
    object there, and people the calls on stderr.

    `ended`: set when nobody can be told any more, with the reason in `trouble`.
    """

    def __init__(self, console: Console, *, as_json: bool = False) -> None:
        self._console = console
        self._as_json = as_json
        self.ended = asyncio.Event()
        self.trouble: Unwritten | None = None

    def listens(self, url: str) -> None:
        """It listens at `url`, as OpenAI's SDKs take it. Raises Unwritten."""
        root = url.removesuffix("/v1")
        if self._as_json:
            urls = {"openai": url, "anthropic": root, "gemini": root}
            print_json({"url": url, "base_urls": urls, "calls": f"{root}/simulate/calls", "pid": os.getpid()})
            return
        also = f"The SDKs of Anthropic and Google take {root}."
        welcome = f"A simulated provider listens on {url} (Ctrl-C ends it). {also}\n\n{GRAMMAR}\n"
        self._console.print(welcome, markup=False, soft_wrap=True)

    def called(self, call: Received) -> None:
        """A call is over."""
        try:
            self._console.print(line(call), markup=False, soft_wrap=True)
        except Unwritten as error:
            self.trouble = error
            self.ended.set()


async def serve(simulator: Simulator, audience: Audience, port: int, host: str) -> None:
    """Serve until SIGINT or SIGTERM. Raises OSError when the port cannot be had, Unwritten when stdout cannot be."""
    listen.raise_descriptors()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, audience.ended.set)
    url = await simulator.start(port, host)
    try:
        audience.listens(url)
        await audience.ended.wait()
    finally:
        await simulator.stop()
    if audience.trouble is not None:
        raise audience.trouble


def _refuse(told: str, status: int, *, as_json: bool) -> NoReturn:
    """Say why nothing is served, and end with `status`."""
    if as_json:
        print_json({"error": told})
    else:
        typer.secho(told, fg="red" if status == 1 else None, err=True)
    raise typer.Exit(status)


def line(call: Received) -> str:
    """One finished call in one line."""
    kind = "stream" if call.stream else "JSON"
    return (
        f"{call.number:5}  {call.seconds or 0:8.3f} s  {call.outcome:<7} {call.status or '-':>3}  {kind:<6} "
        f"{call.sent:>9} B in {call.pieces:>5}  {call.model[:60]}"
    )


def _aliases(given: list[str]) -> dict[str, str]:
    aliases = {}
    for each in given:
        name, sign, script = each.partition("=")
        if not (name and sign and script):
            raise typer.BadParameter(f"--alias takes NAME=SCRIPT, such as o3=silent-20s, not {each!r}.")
        aliases[name] = script
    return aliases
