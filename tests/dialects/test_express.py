"""Nothing a client said is lost in silence: taken, dropped by a table and told, or refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from outwait.core.ask import Ask, Message, Output, Reasoning, Sampling, Tool, ToolChoice
from outwait.core.fault import Refusal, fault
from outwait.core.part import Text
from outwait.dialects import express
from outwait.dialects.dialect import Translation

ASKED: dict[str, Any] = {
    "limit": 9,
    "stop": ("x",),
    "count": 2,
    "user": "u",
    "metadata": {"a": "b"},
    "tier": "flex",
    "store": True,
    "verbosity": "low",
    "modalities": ("audio",),
    "tools": (Tool("f"),),
    "choice": ToolChoice("auto"),
    "output": Output("json"),
    "reasoning": Reasoning("low"),
}


def side(
    takes: frozenset[str] = frozenset(),
    drops: dict[str, str] | None = None,
    losable: dict[str, str] | None = None,
    names: dict[str, str] | None = None,
) -> Translation:
    def unused(*_: object) -> Any:
        raise AssertionError

    return Translation(unused, unused, unused, unused, unused, names or {}, takes, drops or {}, losable or {})


def ask(**fields: Any) -> Ask:
    return Ask("m", (Message("user", (Text("hi"),)),), **fields)


@pytest.mark.parametrize("field", ASKED)
def test_a_field_is_taken_or_dropped_by_its_clients_name_or_refused(field: str) -> None:
    asked, source = ask(**{field: ASKED[field]}), side(names={field: "theirs"})
    assert express.check(asked, source, side(frozenset({field})), "aim") == ()
    assert express.check(asked, source, side(drops={field: "harmless"}), "aim") == ("theirs",)
    with pytest.raises(Refusal) as refused:
        express.check(asked, source, side(), "aim")
    assert refused.value.fault.code == "not_expressible"
    assert refused.value.fault.param == "theirs"
    assert "'theirs' cannot be expressed in the aim protocol" in refused.value.fault.message


def test_sampling_is_checked_field_by_field() -> None:
    asked = ask(sampling=Sampling(temperature=0.0, seed=1, logprobs=False))
    assert list(express.given(asked)) == ["sampling.temperature", "sampling.seed"]
    target = side(frozenset({"sampling.temperature"}), {"sampling.seed": "a hint"})
    assert express.check(asked, side(names={"sampling.seed": "seed"}), target, "aim") == ("seed",)


def test_what_holds_anyway_is_not_asked_for() -> None:
    asked = ask(count=1, store=False, output=Output("text"), modalities=("text",), usage=True, stream=True)
    assert list(express.given(asked)) == []


def test_further_fields_are_losable_or_refused() -> None:
    asked = ask(rest={"cache_key": "x", "webhook": "y"})
    assert express.check(asked, side(losable={"cache_key": "a", "webhook": "b"}), side(), "aim") == (
        "cache_key",
        "webhook",
    )
    with pytest.raises(Refusal, match="'webhook' cannot be expressed"):
        express.check(asked, side(losable={"cache_key": "a"}), side(), "aim")
    assert express.without_rest(asked).rest == {}
    assert express.without_rest(ask()) == ask()


def test_a_refusal_can_say_what_of_a_field() -> None:
    with pytest.raises(Refusal, match="A sound cannot be expressed in the x protocol") as refused:
        express.refuse("messages", "x", "a sound")
    assert refused.value.fault.param == "messages"


NAMES = {"messages": "contents", "messages.name": "contents.label"}


@pytest.mark.parametrize(
    "field, name",
    [
        ("messages", "contents"),
        ("messages.name", "contents.label"),
        ("messages.cache", "contents.cache"),
        ("messages.cache.ttl", "contents.cache.ttl"),
        ("tools.cache", "tools.cache"),
        ("user", "user"),
    ],
)
def test_what_stands_inside_a_field_is_called_after_it(field: str, name: str) -> None:
    assert express.named(field, NAMES) == name


def test_a_refusal_is_told_in_the_clients_words() -> None:
    assert express.retold(fault("not_expressible", param="messages"), NAMES).param == "contents"
    nameless = fault("not_expressible")
    assert express.retold(nameless, NAMES) is nameless


def test_names_are_told_once() -> None:
    assert express.merge(("a", "b"), ("b", "c")) == ("a", "b", "c")
