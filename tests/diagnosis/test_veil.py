from __future__ import annotations

import pytest

from outwait.diagnosis.veil import MASK, veiled


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcd1234",
        "sk-ant-api03-AbCd",
        "ow-4f5e6d7c8b9a0f1e2d3c",
        "gsk_abcdefGHIJ1234567890",
        "AIzaSyA1234567890abcdefghijklmnop",
        "AKIAABCDEFGHIJKLMNOP",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    ],
)
def test_keys_are_masked(secret: str) -> None:
    assert veiled(
        f"Incorrect API key provided: {secret}."
    ) == f"Incorrect API key provided: {MASK}" or secret not in veiled(f"Incorrect API key provided: {secret}.")
    assert secret not in veiled(f"see {secret} here")


def test_credentials_are_masked() -> None:
    assert veiled("Authorization: Bearer abcdef123456") == f"Authorization: Bearer {MASK}"
    assert veiled("http://me:secret@proxy:3128/") == f"http://{MASK}@proxy:3128/"
    assert veiled("https://host/v1?key=abcdefgh1234") == f"https://host/v1?key={MASK}"
    assert veiled('"api_key": "abcdefgh1234"') == f'"api_key": "{MASK}"'


def test_the_rest_stays() -> None:
    for text in ("connect ECONNREFUSED 127.0.0.1:11434", "task-list of the desk-top", "Basic realm=x"):
        assert veiled(text) == text
