"""`outwait simulate`: a provider whose model names are scripts, for tests and demos."""

from __future__ import annotations

import asyncio
import signal
from typing import Annotated

import typer
import uvloop
from rich.console import Console

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
) -> None:
    """A provider for tests and demos, speaking OpenAI, Azure, Anthropic and Gemini. The model's name is the script.

    `silent-20s` says nothing for 20 s and then answers; `silent-5s+drip-50ms` combines; `outwait simulate` prints them
    all. What was received is at /simulate/calls (DELETE forgets it).
    """
    console = Console(highlight=False)
    try:
        simulator = Simulator(
            seed=seed,
            key=key,
            aliases=_aliases(alias or []),
            models=[name.strip() for name in (models or "").split(",") if name.strip()],
            on_call=lambda call: console.print(line(call), markup=False, soft_wrap=True),
            stateless=stateless,
        )
    except ScriptError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    try:
        uvloop.run(serve(simulator, console, port, host))
    except OSError as error:
        typer.secho(f"Cannot listen on {host}:{port}: {error.strerror or error}.", fg="red", err=True)
        raise typer.Exit(1) from error


async def serve(simulator: Simulator, console: Console, port: int, host: str) -> None:
    """Serve until SIGINT or SIGTERM."""
    listen.raise_descriptors()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    url = await simulator.start(port, host)
    also = f"The SDKs of Anthropic and Google take {url.removesuffix('/v1')}."
    welcome = f"A simulated provider listens on {url} (Ctrl-C ends it). {also}\n\n{GRAMMAR}\n"
    console.print(welcome, markup=False, soft_wrap=True)
    try:
        await ended.wait()
    finally:
        await simulator.stop()


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
