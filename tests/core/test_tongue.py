from __future__ import annotations

import pytest

from outwait.core.tongue import Said, Tongue, tongue_of

HELLO = Said("{count} answers lost", "丢失 {count} 个回答")


def test_a_sentence_is_said_in_both_languages() -> None:
    assert HELLO.told(Tongue.EN, count=0) == "0 answers lost"
    assert HELLO.told(Tongue.ZH, count=0) == "丢失 0 个回答"


def test_braces_are_left_alone_where_nothing_is_put_in() -> None:
    assert Said("{}", "{}").told(Tongue.EN) == "{}"


@pytest.mark.parametrize(
    "environ,tongue",
    [
        ({}, Tongue.EN),
        ({"LANG": "zh_CN.UTF-8"}, Tongue.ZH),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, Tongue.EN),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, Tongue.ZH),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "zh_TW"}, Tongue.ZH),
        ({"LANG": "de_DE.UTF-8"}, Tongue.EN),
        ({"OUTWAIT_LANG": "zh", "LC_ALL": "en_US.UTF-8"}, Tongue.ZH),
    ],
)
def test_the_locale_chooses(environ: dict[str, str], tongue: Tongue) -> None:
    assert tongue_of(environ) is tongue
