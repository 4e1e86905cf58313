"""Every sentence stands in both languages, and names the same values in both."""

from __future__ import annotations

from string import Formatter

import pytest

from outwait.core.tongue import Said
from outwait.toolkit.net import notes, words, words_steps
from outwait.toolkit.net.judge import RULES, WORDS


def sayings() -> list[Said]:
    found = [said for row in WORDS.values() for said in (row.summary, *row.advice)]
    for module in (words, words_steps, notes):
        for value in vars(module).values():
            rows = value.values() if isinstance(value, dict) else [value]
            found += [each for each in rows if isinstance(each, Said)]
    return found


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("said", sayings(), ids=lambda said: said.en[:40])
def test_both_languages_say_the_same(said: Said) -> None:
    assert names(said.en) == names(said.zh)
    assert said.en
    assert said.en.isascii()
    if said.en != said.zh:  # else it is a command, or a name
        assert not said.zh.isascii() or said.zh == ""


def test_every_rule_has_its_row() -> None:
    assert set(WORDS) == {rule.name for rule in RULES}
    for name, row in WORDS.items():
        assert bool(row.advice) == (name != "well")
