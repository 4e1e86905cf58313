from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.toolkit.simulate.conftest import asked, refusal

from outwait.toolkit.simulate.answer import signature
from outwait.toolkit.simulate.anthropic import ANTHROPIC as SPEECH
from outwait.toolkit.simulate.anthropic import ANTHROPIC_COUNT
from outwait.toolkit.simulate.anthropic_request import NEWEST
from outwait.toolkit.simulate.dialect import BadCallError, Envelope

OLD = Envelope(headers={"anthropic-version": "2023-06-01"})
NEW = Envelope(headers={"anthropic-version": NEWEST})


def user(*blocks: object) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks) or "go"}


def assistant(*blocks: object) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def call(ident: str = "toolu_1") -> dict[str, Any]:
    return {"type": "tool_use", "id": ident, "name": "look", "input": {}}


def result(ident: str = "toolu_1", content: object = "sunny") -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": ident, "content": content}


def body(*messages: object, **more: object) -> dict[str, Any]:
    return {"model": "fast", "max_tokens": 2000, "messages": list(messages), **more}


def test_a_question_is_read() -> None:
    tools = [
        {"name": "look", "input_schema": {"type": "object"}},
        {"type": "web_search_20250305", "name": "web_search"},
    ]
    image = {"type": "image", "source": {"type": "url", "url": "x"}}
    system = [text("be brief") | {"cache_control": {"type": "ephemeral"}}]
    asked_ = body(user(text("two words"), image), system=system, tools=tools, stream=True)
    question = SPEECH.ask(asked_, OLD)
    assert (question.text, question.words, question.tools, question.stream) == ("two words", 4, ("look",), True)


def test_messages_of_one_role_are_one_turn_and_system_messages_are_none() -> None:
    system = {"role": "system", "content": "a hint"}
    messages = (user(), assistant(text("ok")), assistant(call()), system, user(result()), user(text("and?")))
    question = SPEECH.ask(body(*messages), NEW)
    assert (question.results, question.text, question.words) == (("sunny",), "and?", 6)


def test_results_are_quoted_in_the_order_given() -> None:
    results = (result("toolu_2", [text("dull")]), result())
    messages = (user(), assistant(text("let me see"), call(), call("toolu_2")), user(*results))
    said = asked(SPEECH, "tools-2", body(*messages), OLD)
    assert "".join(said.choices[0].pieces) == "Results: dull; sunny"
    later = (*messages, assistant(text("done")), user())
    assert asked(SPEECH, "tools-2", body(*later), OLD).choices[0].tools


def test_the_last_turn_may_be_the_assistants_and_empty() -> None:
    for last in (assistant(text("")), assistant(), assistant(text("The answer is"))):
        assert SPEECH.ask(body(user(), last), OLD).text == "go"


@pytest.mark.parametrize(
    "messages,where,said",
    [
        ((assistant(text("x")),), "messages", "first message must use the user role"),
        (({"role": "system", "content": "x"},), "messages", "first message must use the user role"),
        (({"role": "tool", "content": "x"},), "messages.0.role", "Input should be one of"),
        ((user(), assistant(call("a:b"))), "messages.1.content.0.id", "matches '[a-zA-Z0-9_-]+'"),
        ((user(), assistant(call() | {"name": "look up"})), "messages.1.content.0.name", "matches '[a-zA-Z0-9_-]+'"),
        ((user(), assistant(call())), "messages.1", "`tool_use` ids were found without `tool_result` blocks"),
        ((user(), assistant(call()), user()), "messages.1", "immediately after: toolu_1"),
        ((user(), assistant(call(), call("toolu_2")), user(result())), "messages.1", "immediately after: toolu_2"),
        ((user(result()),), "messages.0.content.0", "unexpected `tool_use_id` found"),
        ((user(), assistant(call()), user(result(), result("x"))), "messages.2.content.1", "unexpected `tool_use_id`"),
        ((user(), assistant(call()), user(result(), result())), "messages.2.content.1", "must have a single result"),
        ((user(), assistant(call()), user(text("so"), result())), "messages.2", "must come first"),
        ((user(), assistant(call(), call()), user(result())), "messages.1.content", "ids must be unique"),
        ((user(call()),), "messages.0.content.0", "`tool_use` blocks can not be in user messages"),
        ((user(text(" ")),), "messages.0.content.0", "non-whitespace text"),
        (({"role": "user", "content": []},), "messages.0", "non-empty content"),
        ((user(), assistant(text("so "))), "messages.1", "trailing whitespace"),
        ((user(text("x") | {"id": 1}),), "messages.0.content.0.id", "Extra inputs are not permitted"),
        ((user({"type": "image_url"}),), "messages.0.content.0.type", "Input should be one of"),
        ((user(call() | {"input": "{}"}),), "messages.0.content.0.input", "Input should be a valid object"),
        (
            (user(), assistant({"type": "thinking", "thinking": "x"})),
            "messages.1.content.0.signature",
            "Field required",
        ),
    ],
)
def test_messages_that_do_not_fit_are_refused(messages: tuple[object, ...], where: str, said: str) -> None:
    param, told = refusal(SPEECH, body(*messages), OLD)
    assert (param, said in told) == (where, True)


def test_thoughts_come_back_as_they_were_signed() -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": signature("hm")}
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    messages = (user(), assistant(thought, call()), user(result()))
    assert SPEECH.ask(body(*messages, **thinking), OLD).results == ("sunny",)
    forged = refusal(SPEECH, body(user(), assistant(thought | {"signature": "x"}, call()), user(result())), OLD)
    assert "Invalid `signature` in `thinking` block" in forged[1]
    missing = refusal(SPEECH, body(user(), assistant(call()), user(result()), **thinking), OLD)
    assert "must start with a thinking block" in missing[1]


@pytest.mark.parametrize(
    "more,where",
    [
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": 1024}, "max_tokens"),
        ({"max_completion_tokens": 5}, "max_completion_tokens"),
        ({"temperature": 0.5}, "temperature"),
        ({"top_k": 3}, "top_k"),
        ({"tool_choice": {"type": "any"}}, "tool_choice"),
        ({"tool_choice": "auto"}, "tool_choice"),
        ({"thinking": {"type": "enabled", "budget_tokens": 100}}, "thinking.budget_tokens"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools.0.type"),
        ({"tools": [{"name": "look", "parameters": {}}]}, "tools.0.input_schema"),
        ({"tools": ["look"]}, "tools.0"),
        ({"stop_sequences": "x"}, "stop_sequences"),
        ({"stream": 1}, "stream"),
    ],
)
def test_a_wrong_field_is_named(more: dict[str, object], where: str) -> None:
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    assert refusal(SPEECH, body(user(), **thinking | more), OLD)[0] == where


@pytest.mark.parametrize(
    "messages,more,where",
    [
        ((user(),), {"temperature": 1}, "temperature"),
        ((user(),), {"top_p": None}, "top_p"),
        ((user(), assistant({"type": "document", "source": {"type": "url", "url": "x"}}), user()), {},
         "messages.1.content.0.type"),
        ((user(text("x") | {"citations": [{"type": "char_location"}]}),), {}, "messages.0.content.0.citations"),
    ],
)  # fmt: skip
def test_the_newest_version_takes_less(messages: tuple[object, ...], more: dict[str, object], where: str) -> None:
    assert SPEECH.ask(body(*messages, **more), OLD).model == "fast"
    assert refusal(SPEECH, body(*messages, **more), NEW)[0] == where


def test_the_version_must_be_told() -> None:
    assert refusal(SPEECH, body(user())) == ("anthropic-version", "anthropic-version: header is required")
    param, told = refusal(SPEECH, body(user()), Envelope(headers={"anthropic-version": "2030-01-01"}))
    assert (param, '"2030-01-01" is not a valid version' in told) == ("anthropic-version", True)


def test_a_count_needs_no_limit_and_takes_none() -> None:
    assert ANTHROPIC_COUNT.ask({"model": "fast", "messages": [user()]}, OLD).words == 1
    assert refusal(ANTHROPIC_COUNT, body(user()), OLD)[0] == "max_tokens"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["user", "assistant", "text", "tool_use", " "]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "role", "content", "id", "text", "name", "input"]), inner)
    ),
)
FIELDS = ["messages", "system", "tools", "thinking", "tool_choice", "max_tokens"]


@given(st.dictionaries(st.sampled_from(FIELDS), JSON), st.sampled_from([OLD, NEW]))
def test_any_object_is_a_question_or_is_refused(given_: dict[str, object], envelope: Envelope) -> None:
    told = "model"
    try:
        SPEECH.ask(body(user()) | given_, envelope)
    except BadCallError as error:
        told = str(error.param)
    assert told.partition(".")[0] in ("model", *FIELDS)
