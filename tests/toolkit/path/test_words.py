from __future__ import annotations

import re
from collections.abc import Iterator

from outwait.core.tongue import Said
from outwait.toolkit.path import words
from outwait.toolkit.path.advice import Verdict
from outwait.toolkit.path.beating import Result
from outwait.toolkit.path.judge import How
from outwait.toolkit.path.question import Form, Part


def everything() -> Iterator[Said]:
    for name, value in vars(words).items():
        if not name.isupper():
            continue
        if isinstance(value, Said):
            yield value
        elif isinstance(value, dict):
            yield from value.values()
        elif isinstance(value, tuple):
            yield from (each for each in value if isinstance(each, Said))


def test_both_languages_have_the_same_places() -> None:
    assert len(list(everything())) > 40
    for said in everything():
        english, chinese = (sorted(set(re.findall(r"\{(\w+)\}", text))) for text in said)
        assert english == chinese, said


def test_nothing_is_left_out() -> None:
    for table, kind in (
        (words.FORMS, Form), (words.PARTS, Part), (words.HOWS, How), (words.VERDICTS, Verdict), (words.RESULTS, Result)
    ):  # fmt: skip
        assert set(table) == set(kind)
