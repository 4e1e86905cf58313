from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from outwait.toolkit.simulate.answer import Answer, Question, answer, likelihood, signature, words
from outwait.toolkit.simulate.script import parse


def ask(name: str, text: str = "why?", seed: int = 0, **more: object) -> Answer:
    question = Question(name, False, text, len(text.split()), **more)  # type: ignore[arg-type]
    return answer(question, parse(name), seed, created=1, ident="chatcmpl-1")


def test_the_same_seed_and_question_give_the_same_words_streamed_or_not() -> None:
    streamed = answer(Question("fast", True, "why?", 1), parse("fast"), 0, created=9, ident="other")
    assert ask("fast").choices == streamed.choices
    assert ask("fast", seed=1).choices != ask("fast").choices
    assert ask("fast", text="how?").choices != ask("fast").choices


def test_words_are_the_same_on_every_machine() -> None:
    assert "".join(words("fixed", 6)) == "Road measure near summer question evening."
    assert words("fixed", 0) == ()


def test_usage_counts_words() -> None:
    said = ask("think-2s", count=2)
    assert said.reasoned == len(said.reasoning) == 8
    assert said.said == 2 * 40 + 8
    assert ask("empty").said == 0


def test_a_limit_cuts_and_says_so() -> None:
    choice = ask("fast", most=7).choices[0]
    assert (len(choice.pieces), choice.finish) == (7, "length")
    assert ask("fast", most=40).choices[0].finish == "stop"


@given(st.text())
def test_an_echo_is_the_question(text: str) -> None:
    assert "".join(ask("echo", text=text).choices[0].pieces) == text


@given(st.integers(0, 100_000))
def test_a_big_answer_has_its_size(size: int) -> None:
    assert len("".join(ask(f"big-{size}b").choices[0].pieces)) == size


def test_tool_calls_name_offered_functions_and_carry_json() -> None:
    choice = ask("tools-3", tools=("look", "find")).choices[0]
    assert [tool.name for tool in choice.tools] == ["look", "find", "look"]
    assert len({tool.id for tool in choice.tools}) == 3
    assert all(json.loads("".join(tool.pieces))["city"] for tool in choice.tools)
    assert choice.finish == "tool_calls"


def test_each_choice_is_an_answer_of_its_own() -> None:
    first, second = ask("fast", count=2).choices
    assert first != second


def test_a_refusal_has_no_content() -> None:
    choice = ask("refusal").choices[0]
    assert choice.refusal
    assert not choice.pieces


def test_tools_that_have_answered_are_quoted_once() -> None:
    choice = ask("tools-3", results=("one", "two")).choices[0]
    assert ("".join(choice.pieces), choice.tools, choice.finish) == ("Results: one; two", (), "stop")
    assert not ask("fast", results=("one",)).choices[0].pieces[0].startswith("Results")


def test_what_was_heard_is_echoed_whatever_the_limit() -> None:
    assert "".join(ask("echo-request", heard='{"a": 1}', most=1).choices[0].pieces) == '{"a": 1}'


def test_no_more_is_cached_than_was_asked() -> None:
    assert (ask("fast").cached, ask("cached-9").cached, ask("cached-2", text="a b c").cached) == (0, 1, 2)


def test_a_signature_belongs_to_its_text() -> None:
    assert signature("a") == signature("a") != signature("b")


def test_alternatives_are_less_likely_each() -> None:
    assert likelihood("word", 0) == [("word", -0.04)]
    (_, sure), *others = likelihood("word", 3)
    assert [text for text, _ in others] == ["word", "word1", "word2"]
    assert [logprob for _, logprob in others] == sorted((logprob for _, logprob in others), reverse=True)
    assert others[0][1] == sure
