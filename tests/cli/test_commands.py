from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest
from typer.testing import CliRunner

from outwait.cli.commands import app

COMMANDS = ("serve", "demo", "simulate", "explain", "check", "diagnose", "net", "timeouts", "path")


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "140")


def test_without_a_command_the_help_is_shown() -> None:
    done = CliRunner().invoke(app, [])
    assert done.exit_code in (0, 2)  # click 8.2 made it a usage error
    assert "outwait demo" in done.output
    for name in COMMANDS:
        assert f" {name} " in done.output
    assert "Exit status" in done.output


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version(option: str) -> None:
    assert CliRunner().invoke(app, [option]).output == f"outwait {version('outwait')}\n"


@pytest.mark.parametrize("option", ["--help", "-h"])
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, option: str) -> None:
    done = CliRunner().invoke(app, [name, option])
    assert done.exit_code == 0
    assert f" {name} [OPTIONS]" in done.output


@pytest.mark.parametrize(
    "name", [each.name or each.callback.__name__ for each in app.registered_commands if each.callback]
)
def test_every_command_has_its_facts_for_programs(name: str) -> None:
    done = CliRunner().invoke(app, [name, "--help"])
    assert "--json" in done.output


def test_an_unknown_command_ends_with_2() -> None:
    assert CliRunner().invoke(app, ["sirve"]).exit_code == 2


def test_the_module_is_the_command_and_help_loads_no_gateway() -> None:
    program = (
        "import sys, runpy; sys.argv = ['outwait', '--version']\n"
        "try: runpy.run_module('outwait', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print([name for name in ('pydantic', 'prometheus_client') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == f"outwait {version('outwait')}\n[]\n"
