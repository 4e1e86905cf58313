"""Deltas make answers, and answers deltas: together they are the identity."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from outwait.core.delta import (
    Answer,
    Began,
    Called,
    Choice,
    Cited,
    Counted,
    Declined,
    Delta,
    Mused,
    Said,
    Showed,
    Stopped,
)
from outwait.core.part import Citation, Denial, Media, Part, Text, Thought, ToolCall, ToolResult
from outwait.core.reply import Usage
from outwait.dialects.gather import Gather, deltas_of, says

WORDS = st.text(min_size=1, max_size=8)
IMAGE = Media("image", "image/png", data="aGk=")


def gather(*deltas: Delta) -> Answer:
    made = Gather()
    for delta in deltas:
        made.add(delta)
    return made.answer()


def parts() -> st.SearchStrategy[tuple[Part, ...]]:
    """Parts of one choice, as an answer can have them: two neighbours of one kind would be one part."""
    texts: st.SearchStrategy[Part] = st.builds(
        Text, WORDS, st.lists(st.builds(Citation, url=WORDS), max_size=2).map(tuple)
    )
    thoughts: st.SearchStrategy[Part] = st.builds(Thought, WORDS, st.none() | WORDS, st.none() | WORDS, dialect=WORDS)
    calls: st.SearchStrategy[Part] = st.builds(ToolCall, WORDS, WORDS, WORDS, st.booleans(), st.none() | WORDS)
    others: st.SearchStrategy[Part] = st.builds(Denial, WORDS) | st.just(IMAGE)
    return st.lists(texts | thoughts | calls | others, max_size=6).filter(_apart).map(tuple)


def _apart(found: list[Part]) -> bool:
    grown = (Text, Thought, Denial)
    return not any(type(a) is type(b) and isinstance(a, grown) for a, b in pairwise(found))


REASONS = st.sampled_from(["stop", "length", "tool_calls"])
ANSWERS = st.builds(
    Answer,
    WORDS,
    WORDS,
    st.none() | st.integers(0, 9),
    st.lists(st.builds(Choice, parts(), REASONS, st.none() | WORDS), min_size=1, max_size=3).map(tuple),
    st.none() | st.builds(Usage, st.integers(0, 9), st.integers(0, 9)),
)


@given(ANSWERS)
def test_an_answer_told_in_deltas_is_the_same_answer(answer: Answer) -> None:
    assert gather(*deltas_of(answer)) == answer


def test_what_no_model_says_is_no_delta() -> None:
    answer = Answer(choices=(Choice((ToolResult("c", ()), Text("a"))),))
    assert deltas_of(answer) == (Began(), Said("a"), Stopped("stop"))


def test_pieces_of_one_kind_become_one_part() -> None:
    made = gather(Began("i", "m", 1), Mused("a"), Mused("b", signature="s"), Said("c"), Said("d"), Stopped("stop"))
    assert made == Answer("i", "m", 1, (Choice((Thought("ab", "s"), Text("cd"))),))


def test_a_signature_ends_a_thought() -> None:
    made = gather(Mused("a", signature="s", dialect="x"), Mused("b"), Mused(sealed="z"), Stopped("stop"))
    assert made.choices[0].parts == (Thought("a", "s", dialect="x"), Thought("b", sealed="z"))


def test_another_item_is_another_thought() -> None:
    made = gather(Mused("a", ident="1"), Mused("b", ident="1"), Mused("c", ident="2"))
    assert made.choices[0].parts == (Thought("ab", ident="1"), Thought("c", ident="2"))


def test_calls_grow_side_by_side() -> None:
    made = gather(
        Called(0, id="a", name="f"),
        Called(1, id="b", name="g", arguments="{"),
        Called(0, arguments="{}", signature="s"),
        Called(1, arguments="}"),
        Stopped("tool_calls"),
    )
    assert made.choices[0].parts == (ToolCall("a", "f", "{}", signature="s"), ToolCall("b", "g", "{}"))


def test_citations_and_logprobs_stay_with_their_words() -> None:
    cited = Citation(url="u")
    made = gather(Said("a", logprobs=({"token": "a"},)), Cited(cited), Said("b", logprobs=({"token": "b"},)))
    assert made.choices[0] == Choice((Text("ab", (cited,)),), logprobs=({"token": "a"}, {"token": "b"}))
    told = [delta for delta in deltas_of(made) if isinstance(delta, Said)]
    assert told == [Said("ab", logprobs=({"token": "a"}, {"token": "b"}))]


def test_the_last_count_holds_and_choices_stay_apart() -> None:
    made = gather(Said("b", 1), Declined("a", 0), Counted(Usage(1)), Counted(Usage(2)), Stopped("stop", 1, "!"))
    assert made.usage == Usage(2)
    assert made.choices == (Choice((Denial("a"),)), Choice((Text("b"),), "stop", "!"))


def test_what_says_something() -> None:
    words: list[Delta] = [Said("a"), Declined("a"), Mused("a"), Mused(sealed="s"), Called(0), Showed(IMAGE)]
    frame: list[Delta] = [Said(""), Mused(signature="s"), Began(), Stopped("stop"), Counted(Usage())]
    assert all(map(says, words))
    assert not any(map(says, frame))
