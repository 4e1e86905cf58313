"""The command `outwait` and its subcommands. Exit status: 0 good, 1 bad news, 2 usage or configuration."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from outwait.cli.demo import demo
from outwait.cli.explain import explain
from outwait.cli.serve import serve
from outwait.cli.simulate import simulate

app = typer.Typer(
    name="outwait",
    help="An LLM API gateway that outwaits the slowest model.\n\n"
    "Start with `outwait demo`, which shows what it is for, then `outwait serve`.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(serve)
app.command()(demo)
app.command()(simulate)
app.command()(explain)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"outwait {version('outwait')}")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """An LLM API gateway that outwaits the slowest model."""


def main() -> None:
    """Run the command line."""
    app()
