"""The command `outwait` and its subcommands. Exit status: 0 good, 1 bad news, 2 usage or configuration."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from outwait.cli import channels, check, diagnose, explain, helping, net, path, serve, timeouts, top
from outwait.cli.demo import demo
from outwait.cli.simulate import simulate
from outwait.core.tongue import Tongue

app = typer.Typer(
    name="outwait",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(epilog=serve.EXAMPLES)(serve.serve)
app.command()(demo)
app.command()(simulate)
app.command(epilog=explain.EXAMPLES)(explain.explain)
app.command(epilog=channels.EXAMPLES)(channels.channels)
app.command(epilog=check.EXAMPLES)(check.check)
app.command(epilog=net.EXAMPLES)(net.net)
app.command(epilog=path.EXAMPLES)(path.path)
app.command(epilog=diagnose.EXAMPLES)(diagnose.diagnose)
app.command(epilog=timeouts.EXAMPLES)(timeouts.timeouts)
app.command(epilog=top.EXAMPLES)(top.top)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"outwait {version('outwait')}")
        raise typer.Exit


@app.callback(epilog="Exit status: 0 good, 1 bad news, 2 usage or configuration, 130 ended by Ctrl-C.")
def options(
    *,
    _: Annotated[
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """An LLM API gateway that outwaits the slowest model.

    Start with `outwait demo`, which shows what it is for, then `outwait serve`.
    """


def run() -> None:
    """Run the command line, with its help in the reader's language. Raises SystemExit."""
    command = typer.main.get_command(app)
    if helping.tongue_asked(sys.argv[1:], os.environ) is Tongue.ZH:
        from outwait.cli.zh.words import words

        helping.translate(command, words())
    command()
