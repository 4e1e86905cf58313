from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.toolkit.simulate import script as grammar
from outwait.toolkit.simulate.script import (
    EXAMPLES,
    STEPS,
    Content,
    End,
    Fate,
    HeadNow,
    Pace,
    Pings,
    Script,
    ScriptError,
    Silent,
    Stall,
    Think,
    parse,
)

# A spelling -> what it must mean.
MEANINGS = {
    "fast": Script(),
    "silent-20s": Script(prelude=(Silent(20),)),
    "head-then-silent-20s": Script(prelude=(HeadNow(), Silent(20))),
    "head+silent-1m30s": Script(prelude=(HeadNow(), Silent(90))),
    "think-10s": Script(prelude=(Think(10),)),
    "pings-20s": Script(prelude=(Pings(20),)),
    "stall-20s-after-5": Script(stalls=(Stall(20, 5),)),
    "stall-2s-after-9+stall-1s-after-5": Script(stalls=(Stall(1, 5), Stall(2, 9))),
    "drip-50ms": Script(pace=Pace(0.05, 0.05)),
    "jitter-10ms-200ms": Script(pace=Pace(0.01, 0.2)),
    "long-2000": Script(amount=2000),
    "big-1mb": Script(content=Content.BIG, amount=1 << 20),
    "big-64kb": Script(content=Content.BIG, amount=64 << 10),
    "big-100b": Script(content=Content.BIG, amount=100),
    "tools-2": Script(content=Content.TOOLS, amount=2),
    "echo": Script(content=Content.ECHO),
    "refusal": Script(content=Content.REFUSAL),
    "empty": Script(content=Content.EMPTY),
    "logprobs+drip-5ms": Script(logprobs=True, pace=Pace(0.005, 0.005)),
    "flaky-2+silent-1s": Script(flaky=2, prelude=(Silent(1),)),
    "error-504-after-5s": Script(end=End(Fate.ERROR, 5.0, 504)),
    "error-429-retry-after-2": Script(end=End(Fate.ERROR, None, 429, None, 2)),
    "error-429-retry-after-2s": Script(end=End(Fate.ERROR, None, 429, None, 2)),
    "error-429-insufficient_quota": Script(end=End(Fate.ERROR, None, 429, "insufficient_quota")),
    "error-429-rate_limit-retry-after-2-after-5s": Script(end=End(Fate.ERROR, 5.0, 429, "rate_limit", 2)),
    "error-in-stream-after-3": Script(end=End(Fate.ERROR_INSIDE, 3)),
    "error-in-stream": Script(end=End(Fate.ERROR_INSIDE)),
    "reset-after-3s": Script(end=End(Fate.RESET, 3.0)),
    "reset-after-3": Script(end=End(Fate.RESET, 3)),
    "close-after-3": Script(end=End(Fate.CLOSE, 3)),
    "truncate": Script(end=End(Fate.TRUNCATE)),
    "truncate-after-4": Script(end=End(Fate.TRUNCATE, 4)),
    "hang": Script(end=End(Fate.HANG)),
    "garbage": Script(end=End(Fate.GARBAGE)),
    "garbage-http": Script(end=End(Fate.GARBAGE_HTTP)),
    "html-502": Script(end=End(Fate.HTML, None, 502)),
    "empty-body": Script(end=End(Fate.EMPTY_BODY)),
    "refuse-stream": Script(end=End(Fate.REFUSE_STREAM)),
    "silent-5s-then-drip-50ms+close-after-7": Script(
        prelude=(Silent(5),), pace=Pace(0.05, 0.05), end=End(Fate.CLOSE, 7)
    ),
}


@pytest.mark.parametrize("name", MEANINGS)
def test_a_name_means_what_it_says(name: str) -> None:
    assert parse(name) == MEANINGS[name]


def test_a_span_is_told_from_a_count_by_its_type() -> None:
    by_time, by_pieces = parse("reset-after-3s").end, parse("reset-after-3").end
    assert by_time is not None
    assert by_pieces is not None
    assert isinstance(by_time.after, float)
    assert isinstance(by_pieces.after, int)


def test_every_step_has_an_example_that_parses() -> None:
    for name in EXAMPLES:
        parse(name)
    parts = [part for name in EXAMPLES for part in re.split(r"\+|-then-", name)]
    bare = [step.form for step in STEPS if not any(step.pattern.fullmatch(part) for part in parts)]
    assert bare == ["garbage-http", "empty-body"]  # the plainer kinds of these two are in the list


@pytest.mark.parametrize(
    "name,why",
    [
        ("gpt-4o", "is no step"),
        ("", "empty or too long"),
        ("x" * 201, "empty or too long"),
        ("silent-20", "is no step"),
        ("Silent-20s", "is no step"),
        ("silent-20s+", "is no step"),
        ("drip-5ms+jitter-1ms-2ms", "contradicts `drip-5ms`"),
        ("echo+empty", "contradicts `echo`"),
        ("hang+reset", "contradicts `hang`"),
        ("drip-50ms-then-silent-5s", "put it before `drip-50ms`"),
        ("jitter-2s-1s", "the shorter span comes first"),
        ("silent-2d", "at most a day"),
        ("silent-5s5s", "a duration is"),
        ("tools-17", "at most 16"),
        ("big-65mb", "at most 64mb"),
        ("error-200", "is no step"),
    ],
)
def test_what_is_no_script_is_told_why_with_the_grammar(name: str, why: str) -> None:
    with pytest.raises(ScriptError) as caught:
        parse(name)
    assert why in str(caught.value)
    assert grammar.GRAMMAR in str(caught.value)


def test_an_alias_stands_for_its_script() -> None:
    assert parse("o3", {"o3": "silent-20s"}) == parse("silent-20s")
    with pytest.raises(ScriptError, match="`nonsense`"):
        parse("o3", {"o3": "nonsense"})


SPANS = st.sampled_from(["1ms", "50ms", "2s", "1.5s", "1m30s", "1h"])
COUNTS = st.integers(0, 99_999).map(str)
PARTS = {
    "SPAN": SPANS, "COUNT": st.integers(0, 16).map(str), "SIZE": st.sampled_from(["1b", "7kb", "2mb"]),
    "STATUS": st.integers(400, 599).map(str), "CODE": st.sampled_from(["quota", "context_length_exceeded"]),
    "WAIT": st.integers(0, 999).map(str), "WHEN": SPANS | COUNTS, "LOW": st.just("1ms"), "HIGH": st.just("2s"),
}  # fmt: skip


@st.composite
def spelled(draw: st.DrawFn, form: str) -> str:
    """A spelling of `form`, with each optional part in or out."""
    text = re.sub(r"\[([^]]*)\]", lambda part: part[1] if draw(st.booleans()) else "", form)
    return re.sub(r"[A-Z]{3,}", lambda word: draw(PARTS[word[0]]), text)


@st.composite
def steps(draw: st.DrawFn) -> list[str]:
    """Steps that make a script: preludes first, each slot once."""
    chosen = draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=6))
    chosen.sort(key=lambda step: step.slot != "before")
    slots = [step.slot for step in chosen]
    kept = [step for at, step in enumerate(chosen) if step.slot in ("before", "stall") or step.slot not in slots[:at]]
    return [draw(spelled(step.form)) for step in kept]


@given(steps(), st.data())
def test_whatever_the_grammar_makes_parses_the_same_with_either_joint(parts: list[str], data: st.DataObject) -> None:
    name = parts[0]
    for part in parts[1:]:
        name += data.draw(st.sampled_from(["+", "-then-"])) + part
    if len(name) <= grammar.NAME_LENGTH:
        script = parse(name)
        assert script == parse("+".join(parts))
        assert len(script.prelude) == sum(1 for part in parts if re.match("silent|head|pings|think", part))
        assert all(before.after <= after.after for before, after in pairwise(script.stalls))


@given(st.text(alphabet="abcdehilnoprstu-+0123456789ms.", max_size=40) | st.text(max_size=20))
def test_any_text_is_a_script_or_is_refused(text: str) -> None:
    made: Script | str
    try:
        made = parse(text)
    except ScriptError as error:
        made = str(error)
    assert isinstance(made, Script) or grammar.GRAMMAR in made
