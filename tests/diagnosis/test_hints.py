from __future__ import annotations

import pytest

from outwait.diagnosis.hints import blanked


@pytest.mark.parametrize(
    "hint",
    [
        "please check your api key and the model",
        "this may be caused by a rate limit",
        "if the problem persists, sign in again",
        "possible causes: dns, proxy, certificate",
        "可能的原因：余额不足",
        "请检查网络连接",
    ],
)
def test_hints_are_blanked_where_they_stand(hint: str) -> None:
    text = f"connection refused. {hint}"
    found = blanked(text)
    assert len(found) == len(text)
    assert found.strip() == "connection refused."


def test_words_that_only_look_like_hints_are_kept() -> None:
    text = "please check your plan and billing details"
    assert blanked(text) == text
