"""The grammar of on_disconnect."""

from __future__ import annotations

import pytest

from outwait.core.plan import OnDisconnect
from outwait.policy.disconnect import parse


@pytest.mark.parametrize(
    "text, choice",
    [
        ("finish", (OnDisconnect.FINISH, None)),
        ("cancel", (OnDisconnect.CANCEL, None)),
        (" linger ", (OnDisconnect.LINGER, None)),
        ("linger:30s", (OnDisconnect.LINGER, 30)),
        ("linger:2m", (OnDisconnect.LINGER, 120)),
        ("linger:0", (OnDisconnect.LINGER, 0)),
    ],
)
def test_choices(text: str, choice: tuple[OnDisconnect, float | None]) -> None:
    assert parse(text) == choice


@pytest.mark.parametrize(
    "junk", ["", "stop", "FINISH", "finish:30s", "linger:", "linger:soon", "linger:2d", "linger:-1"]
)
def test_junk(junk: str) -> None:
    with pytest.raises(ValueError, match=r"on_disconnect|linger|duration"):
        parse(junk)
