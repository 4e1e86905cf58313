from __future__ import annotations

from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from outwait.cli import helping
from outwait.core.tongue import Tongue

WORDS = {"Asks  twice.": "问两遍。", "How often.": "次数。"}


def command() -> helping.Command:
    app = typer.Typer()

    @app.command()
    def ask(*, often: Annotated[int, typer.Option(help="How often.")] = 2) -> None:
        """Asks
        twice.
        """

    @app.command()
    def other() -> None:
        """Is not in the table."""

    return typer.main.get_command(app)


def test_help_is_said_in_the_other_language() -> None:
    group = command()
    helping.translate(group, WORDS)
    ask = group.commands["ask"]
    assert ask.help == "问两遍。"
    assert ask.params[0].help == "次数。"
    assert group.commands["other"].help == "Is not in the table."


def test_what_is_missing_is_named() -> None:
    group = command()
    assert helping.untold(group.commands["ask"], {}) == ["Asks\ntwice.", "How often."]
    assert helping.untold(group.commands["ask"], WORDS) == []


@pytest.mark.parametrize(
    "line,environ,tongue",
    [
        ("check --lang zh", {}, Tongue.ZH),
        ("check --lang=zh --help", {}, Tongue.ZH),
        ("--lang en check", {"LANG": "zh_CN.UTF-8"}, Tongue.EN),
        ("check --lang", {"LANG": "zh_CN.UTF-8"}, Tongue.ZH),
        ("check --lang fr", {}, Tongue.EN),
        ("check", {}, Tongue.EN),
        ("", {}, Tongue.EN),
    ],
)
def test_the_command_line_chooses_the_language(line: str, environ: dict[str, str], tongue: Tongue) -> None:
    assert helping.tongue_asked(line.split(), environ) is tongue


def test_the_command_speaks_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    from outwait.cli import commands

    monkeypatch.setenv("COLUMNS", "120")
    done = CliRunner().invoke(commands.app, ["--help"])
    assert "outwaits the slowest model" in done.output
    monkeypatch.setattr("sys.argv", ["outwait", "--lang=zh", "--help"])
    with pytest.raises(SystemExit):
        commands.run()
