from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.toolkit.simulate.conftest import asked, refusal

from outwait.toolkit.simulate.dialect import BadCallError, Envelope
from outwait.toolkit.simulate.gemini import GEMINI as SPEECH
from outwait.toolkit.simulate.gemini_plain import GEMINI_COUNT, GEMINI_EMBED, GEMINI_EMBED_BATCH
from outwait.toolkit.simulate.gemini_request import DUMMIES, SIGNED

FAST = Envelope(model="fast")


def user(*parts: object) -> dict[str, Any]:
    return {"role": "user", "parts": list(parts) or [{"text": "go"}]}


def model(*parts: object) -> dict[str, Any]:
    return {"role": "model", "parts": list(parts)}


def call(name: str = "look", **more: object) -> dict[str, Any]:
    return {"functionCall": {"name": name, "args": {"some_key": 1}, **more}}


def result(name: str = "look", response: object = None, **more: object) -> dict[str, Any]:
    return {"functionResponse": {"name": name, "response": response or {"result": "sunny"}, **more}}


def body(*contents: object, **more: object) -> dict[str, Any]:
    return {"contents": list(contents), **more}


def test_a_question_is_read_in_either_spelling() -> None:
    declared = {"name": "look", "parameters": {"type": "OBJECT", "properties": {"snake_case": {"type": "STRING"}}}}
    image = {"inline_data": {"mime_type": "image/png", "data": "AAAA"}}
    asked_ = body(
        user({"text": "two words"}, image),
        system_instruction={"parts": [{"text": "be brief"}]},
        tools=[{"function_declarations": [declared]}],
        generation_config={"max_output_tokens": 7, "candidate_count": 2},
    )
    question = SPEECH.ask(asked_, FAST)
    assert (question.model, question.text, question.words, question.tools) == ("fast", "two words", 4, ("look",))
    assert (question.most, question.count) == (7, 2)
    tools: Any = question.body["tools"]
    assert tools[0]["functionDeclarations"] == [declared]


def test_results_are_quoted_in_the_order_given() -> None:
    contents = (
        user(),
        model({"text": "let me see"}, call() | {"thoughtSignature": SIGNED}, call("find")),
        user(result("find", {"rain": 1}), result()),
    )
    said = asked(SPEECH, "tools-2", body(*contents), FAST)
    assert "".join(said.choices[0].pieces) == 'Results: {"rain": 1}; sunny'
    assert asked(SPEECH, "tools-2", body(*contents, model({"text": "ok"}), user()), FAST).choices[0].tools


@pytest.mark.parametrize(
    "contents,said",
    [
        ((), "contents is not specified"),
        (({"role": "assistant", "parts": [{"text": "x"}]},), "Please use a valid role: user, model."),
        (({"role": "user"},), "contents[0].parts: contents.parts must not be empty."),
        ((user({}),), "contents[0].parts[0].data: required oneof field 'data'"),
        ((user({"text": "x", "inlineData": {"mimeType": "a/b", "data": ""}}),), "required oneof field 'data'"),
        ((user(), model(call("")), user(result())), "function_call.name: Name cannot be empty."),
        ((user(), model(call()), user(result(""))), "function_response.name: Name cannot be empty."),
        ((user(), model(call()), user({"functionResponse": {"name": "look"}})), "response must be set"),
        ((user(result()),), "comes immediately after a function call turn"),
        ((user(), model(call())), "number of function response parts"),
        ((user(), model(call()), user()), "number of function response parts"),
        ((user(), model(call(), call()), user(result())), "number of function response parts"),
        ((user(), model(call()), user(result("find"))), "named find answers no function call"),
        ((user(), model(call(id="a")), user(result(id="b"))), "named look and id b answers no function call"),
        ((model(call()), user(result())), "immediately after a user turn"),
        ((user(call()), model(result())), "immediately after a user turn"),
        ((user({"inlineData": {"mimeType": "image/png", "data": "!"}}),), "(TYPE_BYTES), Base64 decoding failed"),
        ((user(), model(call() | {"thoughtSignature": "AAAA"}), user(result())), "Thought signature is not valid."),
        ((user({"type": "text", "text": "x"}),), "Unknown name \"type\" at 'contents[0].parts[0]': Cannot find field."),
        ((user(), model({"functionCall": {"name": "look", "args": "{}"}})), "Invalid value at 'contents[1]"),
    ],
)
def test_contents_that_do_not_fit_are_refused(contents: tuple[object, ...], said: str) -> None:
    param, told = refusal(SPEECH, body(*contents), FAST)
    assert (str(param).partition("[")[0], said in told) == ("contents", True)


def test_contents_of_one_role_are_one_turn() -> None:
    pieces = (model({"text": "x", "thought": True}), model(call()), model(call(), {"text": ""}))
    answers = ({"role": "function", "parts": [result()]}, {"parts": [result(response={"output": "dull"})]}, user())
    assert SPEECH.ask(body(user(), *pieces, *answers), FAST).results == ("sunny", "dull")


@pytest.mark.parametrize("sealed", [SIGNED, SIGNED.replace("+", "-").replace("/", "_").rstrip("="), *DUMMIES])
def test_known_signatures_are_taken(sealed: str) -> None:
    contents = (user(), model(call() | {"thoughtSignature": sealed}), user(result()))
    assert SPEECH.ask(body(*contents), FAST).results == ("sunny",)


@pytest.mark.parametrize(
    "more,said",
    [
        ({"messages": []}, 'Unknown name "messages": Cannot find field.'),
        ({"stream": True}, 'Unknown name "stream"'),
        ({"generationConfig": {"max_tokens": 1}}, "Unknown name \"maxTokens\" at 'generationConfig'"),
        ({"generationConfig": {"temperature": "1"}}, "Invalid value at 'generationConfig.temperature'"),
        ({"tools": [{"functionDeclarations": [{}]}]}, "tools[0].functionDeclarations[0].name: required"),
        ({"toolConfig": {"functionCallingConfig": {"mode": "auto"}}}, "toolConfig.functionCallingConfig.mode"),
    ],
)
def test_a_wrong_field_is_named(more: dict[str, object], said: str) -> None:
    assert said in refusal(SPEECH, body(user(), **more), FAST)[1]


def test_a_field_of_the_future_is_taken() -> None:
    assert SPEECH.ask(body(user(), x_new_field={"a_b": 1}), FAST).body["x_new_field"]


def test_counts_and_embeddings_are_asked_for() -> None:
    assert GEMINI_COUNT.ask(body(user({"text": "a b"})), FAST).words == 2
    whole = {"generateContentRequest": body(user({"text": "a b"}), systemInstruction=user({"text": "c"}))}
    assert GEMINI_COUNT.ask(whole, FAST).words == 3
    content = {"parts": [{"text": "a b"}]}
    assert GEMINI_EMBED.ask({"content": content, "model": "models/fast"}, FAST).text == "a b"
    assert "content is empty" in refusal(GEMINI_EMBED, {"content": {"parts": []}}, FAST)[1]
    requests = [{"model": "models/fast", "content": content}] * 2
    assert GEMINI_EMBED_BATCH.ask({"requests": requests}, FAST).words == 4
    other = {"requests": [{"model": "models/slow", "content": content}]}
    assert "requests[0].model: must be the model of the path" in refusal(GEMINI_EMBED_BATCH, other, FAST)[1]
    assert "required field is missing" in refusal(GEMINI_EMBED_BATCH, {}, FAST)[1]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["user", "model", "look", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "parts", "text", "functionCall", "functionResponse", "name"]), inner)
    ),
)
FIELDS = ["contents", "tools", "toolConfig", "generationConfig", "systemInstruction"]


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_any_object_is_a_question_or_is_refused(given_: dict[str, object]) -> None:
    told = "contents"
    try:
        SPEECH.ask(given_, FAST)
    except BadCallError as error:
        told = str(error.param)
    assert told.partition("[")[0].partition(".")[0] in FIELDS
