from __future__ import annotations

import pytest

from outwait.dialects.profiles import BY_AGENT, BY_STAINLESS, UNKNOWN, profile


@pytest.mark.parametrize(
    "headers, name",
    [
        ({}, "unknown"),
        ({"user-agent": "Mozilla/5.0"}, "unknown"),
        ({"user-agent": "OpenAI/Python 3.54.0", "x-stainless-lang": "python"}, "sdk-python"),
        ({"user-agent": "OpenAI/JS 6", "x-stainless-lang": "js"}, "sdk-js"),
        ({"user-agent": "okhttp/4.12.0"}, "okhttp"),
        ({"user-agent": "Go-http-client/1.1"}, "go"),
        ({"user-agent": "curl/8.5", "x-stainless-lang": "cobol"}, "curl"),
        ({"user-agent": "Mozilla/5.0 CherryStudio/1.2"}, "cherry-studio"),
        ({"user-agent": "claude-cli/2.3.1 (external, cli)", "x-stainless-lang": "js"}, "claude-cli"),
        ({"user-agent": "google-genai-sdk/3.4.0 gl-python/3.11.2"}, "genai-python"),
        ({"x-stainless-lang": "Ruby"}, "sdk-ruby"),
        ({"x-stainless-lang": "cobol"}, "unknown"),
    ],
)
def test_a_client_is_known_by_its_headers(headers: dict[str, str], name: str) -> None:
    assert profile(headers).name == name


def test_rows_are_in_lower_case_and_in_range() -> None:
    rows = [found for _, found in BY_AGENT] + [*BY_STAINLESS.values(), UNKNOWN]
    assert all(text == text.lower() for text, _ in BY_AGENT)
    assert {row.chat for row in rows} <= {"comment", "event", "whitespace", "nudge"}
    assert {row.messages for row in rows} <= {"ping", "delta"}
    assert {row.responses for row in rows} <= {"event", "comment", "steady"}
    assert {row.gemini for row in rows} <= {"event", "whitespace"}
    assert all(1 <= span <= 300 for row in rows for span in (row.after, row.every) if span is not None)
