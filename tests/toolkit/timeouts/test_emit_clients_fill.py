from __future__ import annotations

import json
import shlex
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from outwait.policy.globs import literal
from outwait.toolkit.timeouts.advice import Advice, Facts, Place, advise
from outwait.toolkit.timeouts.emit_clients_fill import ADOPTED, OTHER_CALL, fill, model, notes, shell


def advice(**facts: object) -> Advice:
    return advise(Facts(**facts))  # type: ignore[arg-type]  # the names of fields


def test_places_are_filled_with_the_clients_own_spans() -> None:
    made = advice(model="o3")
    client = replace(made.chain.client, connect=2, write=3, idle=1.25, total=7260)
    made = replace(made, chain=replace(made.chain, client=client))
    assert fill("@connect@ @write@ @idle@ @total@", made) == "2 3 1.25 7260"
    assert fill("@idle_ms@ @total_ms@ @idle_whole@", made) == "1250 7260000 2"
    assert fill("@retries@", made) == str(made.retries)


def test_addresses_are_literals_without_a_slash_too_many() -> None:
    made = advice(place=Place(url="https://gateway.example/"))
    assert fill("@root@ @url@", made) == '"https://gateway.example" "https://gateway.example/v1"'


def test_an_unknown_place_is_an_error() -> None:
    with pytest.raises(KeyError):
        fill("@no_such@", advice(model="o3"))


@pytest.mark.parametrize(
    "facts, family, name",
    [
        ({"model": "deepseek-r1"}, "openai", "deepseek-r1"),
        ({"scenario": "reasoning"}, "openai", "o3"),
        ({"model": "o1*"}, "openai", "o3"),  # a glob is no name
        ({"scenario": "chat"}, "openai", "gpt-4.1"),
        ({"scenario": "deep"}, "anthropic", "claude-sonnet-4-5"),
    ],
)
def test_the_model_asked_for(facts: dict[str, object], family: str, name: str) -> None:
    assert model(advice(**facts), family) == name


@given(st.text(max_size=30))
def test_what_a_user_names_stays_a_literal(name: str) -> None:
    assume(literal(name))
    made = replace(advice(model="o3"), facts=Facts(model=name or "x"))
    filled = fill("@model@", made)
    assert filled.isascii()
    assert json.loads(filled) == (name or "x")


@given(st.text(max_size=30))
def test_a_word_of_the_shell_is_one_word(text: str) -> None:
    word = shell(text)
    assert word.isascii()
    assert word.isprintable()
    assert len(shlex.split(word)) == 1


def test_notes_speak_of_retries_where_there_are_some() -> None:
    assert ADOPTED in notes(advice(model="gpt-4o"))
    assert ADOPTED not in notes(advice(model="gpt-4o"), retried=False)
    assert OTHER_CALL in notes(advice(scenario="image"))
    assert OTHER_CALL not in notes(advice(scenario="chat"))
