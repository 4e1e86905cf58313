from __future__ import annotations

from typing import Any

import pytest
from tests.toolkit.simulate.conftest import asked, refusal

from outwait.toolkit.simulate.dialect import Envelope
from outwait.toolkit.simulate.openai_chat import OPENAI_CHAT as SPEECH

USER = {"role": "user", "content": "go"}


def calling(*idents: str) -> dict[str, Any]:
    function = {"name": "look", "arguments": "{}"}
    calls = [{"id": ident, "type": "function", "function": function} for ident in idents]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def result(ident: str, content: object = "sunny") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": ident, "content": content}


def body(*messages: object) -> dict[str, Any]:
    return {"model": "fast", "messages": list(messages)}


def test_the_deployment_of_a_path_is_the_model() -> None:
    assert SPEECH.ask(body(USER), Envelope(model="deployed")).model == "deployed"


def test_results_are_quoted_in_the_order_given() -> None:
    messages = (USER, calling("a", "b"), result("b", [{"type": "text", "text": "dull"}]), result("a"))
    said = asked(SPEECH, "tools-2", body(*messages))
    assert "".join(said.choices[0].pieces) == "Results: dull; sunny"
    assert said.choices[0].finish == "stop"
    assert asked(SPEECH, "tools-2", body(*messages, USER)).question.results == ("dull", "sunny")
    later = (*messages, {"role": "assistant", "content": "done"}, USER)
    assert asked(SPEECH, "tools-2", body(*later)).choices[0].tools


def test_a_call_of_a_custom_tool_is_taken() -> None:
    call = {"id": "a", "type": "custom", "custom": {"name": "look", "input": "x"}}
    assert SPEECH.ask(body(USER, {"role": "assistant", "tool_calls": [call]}, result("a"))).results == ("sunny",)


@pytest.mark.parametrize(
    "messages,said",
    [
        (({"content": "x"},), "Invalid 'messages[0].role'"),
        (({"role": "model", "content": "x"},), "Invalid 'messages[0].role'"),
        (({"role": "user", "content": 1},), "Invalid 'messages[0].content'"),
        (({"role": "user", "content": ["x"]},), "Invalid 'messages[0].content[0].type'"),
        (({"role": "user", "content": [{"type": "input_text"}]},), "Invalid 'messages[0].content[0].type'"),
        ((USER, result("a")), "Invalid 'messages[1].role'"),
        ((USER, calling("a")), "did not have response messages: a"),
        ((USER, calling("a"), USER), "did not have response messages: a"),
        ((USER, calling("a", "b"), result("a"), calling("c"), result("c")), "did not have response messages: b"),
        ((USER, calling("a"), result("b")), "'tool_call_id' of 'b' not found"),
        ((USER, calling("a"), result("a"), result("a")), "answered twice"),
        ((USER, calling("a"), {"role": "tool", "content": "x"}), "Invalid 'messages[2].tool_call_id'"),
        ((USER, calling("a"), result("a", None)), "Invalid 'messages[2].content'"),
        ((USER, calling()), "Invalid 'messages[1].tool_calls'"),
        ((USER, calling("a", "a")), "Duplicate"),
        ((USER, {"role": "assistant", "tool_calls": [{}]}), "Invalid 'messages[1].tool_calls[0].id'"),
        ((USER, {"role": "assistant", "tool_calls": [{"id": "a", "type": []}]}), "tool_calls[0].type'"),
        (
            (USER, {"role": "assistant", "tool_calls": [{"id": "a", "type": "function"}]}),
            "tool_calls[0].function.name'",
        ),
        (
            (USER, {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "b"}}]}),
            "tool_calls[0].function.arguments'",
        ),
    ],
)
def test_messages_that_do_not_fit_are_refused(messages: tuple[object, ...], said: str) -> None:
    param, told = refusal(SPEECH, body(*messages))
    assert (param, said in told) == ("messages", True)
