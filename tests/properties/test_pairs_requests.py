"""A request between any two dialects: what the second one is told says the same as what the first one asked."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples
from tests.properties.pairs import UPSTREAMS, called, side

from outwait.core.ask import Ask, Message, Output, Reasoning, Sampling, Tool, ToolChoice
from outwait.core.part import Denial, Media, Part, Text, ToolCall, ToolResult
from outwait.dialects import bridge
from outwait.dialects.effort import effort_of
from outwait.dialects.express import without_rest
from outwait.dialects.table import DIALECTS
from outwait.toolkit.simulate.anthropic import ANTHROPIC
from outwait.toolkit.simulate.dialect import Envelope
from outwait.toolkit.simulate.gemini import GEMINI
from outwait.toolkit.simulate.openai_chat import OPENAI_CHAT
from outwait.toolkit.simulate.openai_responses import OPENAI_RESPONSES

PAIRS = list(permutations(DIALECTS, 2))
SPEECHES = {"openai": OPENAI_CHAT, "responses": OPENAI_RESPONSES, "anthropic": ANTHROPIC, "gemini": GEMINI}
PNG = "iVBORw0KGgoAAAAN"
LIMIT = 100_000  # tokens; beside the greatest budget to think with

words = st.text(min_size=1, max_size=6).filter(str.strip)
shares = st.floats(0, 1)
penalties = st.floats(-2, 2)
values = st.none() | st.booleans() | st.integers(-9, 9) | words
arguments = st.dictionaries(words, values, max_size=2).map(json.dumps)
schemas = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["string", "integer"]), max_size=2).map(
    lambda kinds: {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in kinds.items()},
        "required": list(kinds),
        "additionalProperties": False,
    }
)
media = st.sampled_from([
    Media("image", "image/png", PNG),
    Media("image", "image/png", PNG, detail="high"),
    Media("image", url="https://example.com/a.png"),
    Media("document", "application/pdf", "JVBERi0xLjQ=", name="a.pdf"),
])  # fmt: skip
texts: st.SearchStrategy[Part] = st.builds(Text, words)
denials: st.SearchStrategy[Part] = st.builds(Denial, words)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


@st.composite
def talks(draw: st.DrawFn, tools: tuple[Tool, ...], *, fails: bool) -> tuple[Message, ...]:
    """System prompts, then turns that end with the user or with the results of tools. `fails`: tools may say so."""
    prompts = draw(st.lists(st.sampled_from(["system", "developer"]), max_size=2))
    made = [Message(role, (draw(texts),)) for role in prompts]
    made.append(Message("user", tuple(draw(st.lists(texts | media, min_size=1, max_size=3)))))
    for turn in range(draw(st.integers(0, 2))):
        said: list[Part] = draw(st.lists(texts | denials, max_size=1))
        offered = draw(st.lists(st.sampled_from(tools), max_size=2)) if tools else []
        calls = [
            ToolCall(f"call_{turn}_{place}", tool.name, draw(words if tool.custom else arguments), tool.custom)
            for place, tool in enumerate(offered)
        ]
        made.append(Message("assistant", (*said, *calls) or (Text("Well."),)))
        if calls:
            results = (
                ToolResult(
                    call.id,
                    tuple(draw(st.lists(texts | st.just(Text('{"a": 1}')), max_size=1))),
                    call.name,
                    failed=fails and draw(st.booleans()),
                    custom=call.custom,
                )
                for call in calls
            )
            made.append(Message("tool", tuple(results)))
        if not calls or draw(st.booleans()):
            made.append(Message("user", (draw(texts),)))
    return tuple(made)


@st.composite
def choices(draw: st.DrawFn, tools: tuple[Tool, ...]) -> ToolChoice | None:
    mode = draw(st.sampled_from([None, "auto", "none", "required", "named"]))
    names = (draw(st.sampled_from(tools)).name,) if mode == "named" else ()
    parallel = draw(st.sampled_from([None, True, False]))
    return None if mode is None and parallel is None else ToolChoice(mode, names, parallel)


@st.composite
def samplings(draw: st.DrawFn, takes: frozenset[str]) -> Sampling:
    drawn = {
        "temperature": shares,
        "top_p": shares,
        "top_k": st.integers(1, 99),
        "seed": st.integers(0, 999),
        "frequency_penalty": penalties,
        "presence_penalty": penalties,
    }
    made: dict[str, Any] = {name: draw(maybe(values)) for name, values in drawn.items() if f"sampling.{name}" in takes}
    if "sampling.logprobs" in takes and draw(st.booleans()):
        made |= {"logprobs": True, "top_logprobs": draw(maybe(st.integers(0, 5)))}
    return Sampling(**made)


@st.composite
def asks(draw: st.DrawFn, own: str, aim: str) -> Ask:
    """What both protocols can say."""
    both = {own, aim}
    takes = _takes(own) & _takes(aim)
    custom = st.booleans() if both == {"openai", "responses"} else st.just(False)
    kinds = draw(st.lists(custom, max_size=2))
    tools = tuple(
        Tool(f"tool_{place}", draw(maybe(words)), None if free else draw(schemas), custom=free)
        for place, free in enumerate(kinds)
    )
    efforts = ["minimal", "low", "medium", "high"] + ["none", "xhigh", "max"] * ("gemini" not in both)
    forms = [Output("text"), *([] if "anthropic" in both else [Output("json")])]
    fields = {
        "count": st.integers(1, 3),
        "user": words,
        "metadata": st.dictionaries(words, words, max_size=2),
        "store": st.booleans(),
        "verbosity": st.sampled_from(["low", "medium", "high"]),
        "output": st.sampled_from(forms) | st.builds(Output, st.just("schema"), schemas, st.just("form")),
        "reasoning": st.builds(Reasoning, st.sampled_from(efforts)),
        "tier": st.sampled_from(["auto", "default"]),
    }
    made: dict[str, Any] = {name: draw(maybe(values)) for name, values in fields.items() if name in takes}
    return Ask(
        "m",
        draw(talks(tools, fails=both == {"anthropic", "gemini"})),
        draw(st.booleans()),
        tools,
        draw(choices(tools)) if tools else None,
        sampling=draw(samplings(takes)),
        limit=LIMIT if "anthropic" in both else draw(maybe(st.integers(16, LIMIT))),
        stop=tuple(draw(st.lists(words, max_size=2, unique=True))) if "stop" in takes else (),
        **made,
    )


def _takes(name: str) -> frozenset[str]:
    return side(name).takes


# -- what two requests say, without what protocols may leave out


def said(asked: Ask, dropped: frozenset[str]) -> dict[str, Any]:
    """`asked` as plain values. `dropped`: neutral names of what a dialect's table let `word` leave out."""
    told = {
        "stream": asked.stream,
        "turns": _turns(asked),
        "tools": [(tool.name, tool.description, tool.schema or {}, tool.custom) for tool in asked.tools],
        "choice": ("auto", ()) if asked.choice is None else (asked.choice.mode or "auto", asked.choice.names),
        "choice.parallel": _parallel(asked.choice),
        "output": _form(asked.output),
        "reasoning": _effort(asked.reasoning),
        "limit": asked.limit,
        "stop": asked.stop,
        "count": asked.count,
        "user": asked.user,
        "metadata": asked.metadata,
        "tier": asked.tier,
        "store": asked.store is True,  # what Responses would do unasked, they are asked not to do
        "verbosity": asked.verbosity,
    }
    told |= {f"sampling.{name}": getattr(asked.sampling, name) for name in Sampling.__struct_fields__}
    told["sampling.logprobs"] = asked.sampling.logprobs is True
    return {name: value for name, value in told.items() if name not in dropped}


def _turns(asked: Ask) -> list[tuple[str, list[Any]]]:
    """Instructions before everything else, turns of one role as one: all that Anthropic and Gemini can say."""
    turns: list[tuple[str, list[Any]]] = [("system", [])]
    for message in asked.messages:
        role = "system" if message.role == "developer" else message.role
        parts = [made for part in message.parts if (made := _part(part)) is not None]
        if role == "system":
            turns[0][1].extend(parts)
        elif turns[-1][0] == role:
            turns[-1][1].extend(parts)
        else:
            turns.append((role, parts))
    return turns


def _part(part: Part) -> Any:
    if isinstance(part, Text | Denial):  # a refusal is words where it has no form of its own
        return part.text or None
    if isinstance(part, ToolCall):
        return (part.id, part.name, part.arguments if part.custom else json.loads(part.arguments), part.custom)
    if isinstance(part, ToolResult):
        told = [_result(text.text) for text in part.parts if isinstance(text, Text) and text.text]
        return part.id, part.name, part.failed, told
    assert isinstance(part, Media)
    return part.kind, part.data, part.url


def _result(text: str) -> Any:
    """Gemini's results are objects: one that stands there as text is an object there, written anew on the way back."""
    return json.loads(text) if text.startswith("{") else text


def _parallel(choice: ToolChoice | None) -> bool:
    """Calls may be parallel unless it is said that they may not; where none may be made it does not matter."""
    return choice is None or choice.parallel is not False or choice.mode == "none"


def _form(output: Output | None) -> Any:
    return None if output is None or output.kind == "text" else (output.kind, output.schema)


def _effort(reasoning: Reasoning | None) -> str | None:
    if reasoning is None:
        return None
    return reasoning.effort if reasoning.budget is None else effort_of(reasoning.budget)


@pytest.mark.parametrize("own, aim", PAIRS)
@settings(max_examples=examples(40))
@given(data=st.data())
def test_both_say_the_same(own: str, aim: str, data: st.DataObject) -> None:
    meant = data.draw(asks(own, aim))
    first = side(own).word(meant, UPSTREAMS[own])
    call = called(own, first.body, stream=meant.stream)
    asked = side(own).ask(call)
    second = bridge.word(call, DIALECTS[own], DIALECTS[aim], UPSTREAMS[aim])
    heard = side(aim).ask(called(aim, second.body, stream=meant.stream))
    lost = _lost(first.dropped, own), _lost(side(aim).word(without_rest(asked), UPSTREAMS[aim]).dropped, aim)
    assert said(asked, lost[0]) == said(meant, lost[0])
    assert said(heard, lost[1]) == said(asked, lost[1])
    assert not heard.rest
    SPEECHES[aim].ask(json.loads(second.body), Envelope("m", headers={"anthropic-version": "2023-06-01"}))


def _lost(dropped: tuple[str, ...], by: str) -> frozenset[str]:
    assert set(dropped) <= side(by).drops.keys()
    return frozenset(dropped)
