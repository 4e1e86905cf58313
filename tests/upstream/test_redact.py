from __future__ import annotations

import pytest

from outwait.upstream.redact import redact, redact_bytes

KEY = "sk-" + "proj-Ab12Cd34Ef56"


@pytest.mark.parametrize(
    "text",
    [
        f"Incorrect API key provided: {KEY}. You can find",
        "Incorrect API key provided: sk-proj-Ab******Ef56.",
        f"Authorization: Bearer {KEY}",
        '{"api_key": "plain-Ef56-word"}',
        f"https://user:{KEY}@host/",
    ],
)
def test_keys_and_their_fragments_go(text: str) -> None:
    clean = redact(text)
    assert "Ef56" not in clean
    assert "Ab" not in clean


def test_the_channels_own_secrets_go_whatever_they_look_like() -> None:
    assert "correct horse" not in redact("you sent 'correct horse' to us", ("correct horse",))


@pytest.mark.parametrize(
    "text", ["The model `gpt-4o` does not exist", "request id: 2024052310260941388", "a task-list"]
)
def test_ordinary_words_stay(text: str) -> None:
    assert redact(text, ("short",)) == text


def test_bytes_that_are_no_text_stay() -> None:
    assert redact_bytes(b"\xff\x00 " + KEY.encode()).startswith(b"\xff\x00 ")
    assert KEY.encode() not in redact_bytes(b"\xff\x00 " + KEY.encode())
