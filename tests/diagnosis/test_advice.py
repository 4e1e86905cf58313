from __future__ import annotations

from outwait.cli.commands import app
from outwait.diagnosis.advice import ADVICE, COMMANDS
from outwait.diagnosis.causes import CAUSES


def test_each_cause_has_its_advice_in_both_languages() -> None:
    assert set(ADVICE) == set(CAUSES)
    for advice in ADVICE.values():
        for said in (advice.meaning, advice.now, advice.change):
            assert said.en
            assert not said.zh.isascii()
        assert set(advice.confirm) <= set(COMMANDS)


def test_the_commands_exist() -> None:
    known = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    assert {command.split()[1] for command in COMMANDS.values()} <= known
