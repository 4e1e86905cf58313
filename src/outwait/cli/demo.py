"""`outwait demo`: watch a silent model, a proxy that cuts silence, and outwait keeping the same call alive."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer
from rich.console import Console

from outwait.cli import demo_view as view
from outwait.cli.demo_gateway import GatewayError
from outwait.cli.demo_scene import Audience, Setting, Track, play, problems, tracks

INSTALL = "The demo calls with the official openai SDK, which is not installed:\n\n  pip install 'outwait[demo]'\n"


def demo(
    *,
    silence: Annotated[float, typer.Option(min=2, max=40, help="Seconds of silence after which the proxy cuts.")] = 4,
    thinking: Annotated[float, typer.Option(min=3, max=45, help="Seconds for which the model is silent.")] = 12,
    as_json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Plain lines instead of a moving picture.")] = False,
) -> None:
    """Make the same call four times: streamed and as JSON, without outwait and with it.

    Everything runs on this machine, without any key. Exit status 0: both direct calls died of the cut, and both calls
    through outwait got the whole right answer.
    """
    if thinking < silence + 1:
        raise typer.BadParameter(f"--thinking must be at least --silence + 1 ({silence + 1:g} s), or nothing is cut.")
    sdk = sdk_version()
    if sdk is None:
        typer.secho(INSTALL, fg="red", err=True)
        raise typer.Exit(1)
    raise typer.Exit(show(Setting(silence, thinking), sdk, as_json=as_json, plain=plain))


def show(setting: Setting, sdk: str, *, as_json: bool = False, plain: bool = False) -> int:
    """Play the scene and tell what happened; returns the exit status."""
    console = Console(highlight=False)
    calls = tracks()
    if not as_json:
        console.print(view.opening(setting, sdk), "\n")
    try:
        log = _watched(setting, calls, console, as_json=as_json, plain=plain)
        found = problems(setting, calls)
    except GatewayError as error:
        log, found = error.log, [str(error)]
    except asyncio.CancelledError:
        typer.echo("The demo was told to end before it was over.", err=True)
        return 1
    if as_json:
        typer.echo(json.dumps(facts(setting, sdk, calls, found, log), indent=2))
        return 1 if found else 0
    console.print("", view.table(calls), sep="\n")
    console.print(view.conclusion(setting, calls, found), style="red" if found else "green", markup=False)
    if log is not None:
        console.print(f"The gateway's log: {log}", markup=False, soft_wrap=True)
    return 1 if found else 0


async def _played(setting: Setting, calls: list[Track], audience: Audience) -> str | None:
    """Play, and leave nothing running when the demo itself is told to end (Ctrl-C cancels by itself)."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await play(setting, calls, audience)


def _watched(setting: Setting, calls: list[Track], console: Console, *, as_json: bool, plain: bool) -> str | None:
    if as_json:
        return asyncio.run(_played(setting, calls, view.silent()))
    if plain or not console.is_terminal:
        return asyncio.run(_played(setting, calls, view.plain(console)))
    with view.Stage(console, setting, calls, time.monotonic) as audience:
        return asyncio.run(_played(setting, calls, audience))


def facts(setting: Setting, sdk: str, calls: list[Track], found: list[str], log: str | None) -> dict[str, object]:
    """What happened, for programs. Times in seconds."""
    return {
        "held": not found,
        "silence": setting.silence,
        "thinking": setting.thinking,
        "sdk": {"name": "openai", "version": sdk, "max_retries": 0, "python": sys.version.split()[0]},
        "calls": [
            {
                "call": each.title,
                "way": each.way,
                "stream": each.stream,
                "right": each.right,
                "result": each.result,
                "status": each.status,
                "cut": each.count("cut") > 0,
                "seconds": None if each.seconds is None else round(each.seconds, 3),
                "heartbeats": each.count("beat"),
                "heartbeat_times": [round(seconds, 3) for seconds, kind in each.marks if kind == "beat"],
                "upstream_calls": each.upstream_calls,
            }
            for each in calls
        ],
        "problems": found,
        "log": log,
    }


def sdk_version() -> str | None:
    """The version of the openai SDK; None when it is not installed."""
    try:
        import openai  # noqa: F401 - whether it can be imported is the question; it is slow, so before the clocks run
    except ImportError:
        return None
    try:
        return version("openai")
    except PackageNotFoundError:
        return "(unknown version)"
