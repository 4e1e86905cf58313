import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.config.secret import KEY_LIKE, KEY_LIKE_HINTS, MASK, digest, fresh_key, masked, names_secret

KEYS = [
    "sk-abcdefgh1234",
    "sk-proj-ABCdef123456_x",
    "ow-Zz09-aaaa_bbb",
    "AIza" + "b" * 30,
    "AKIA" + "A1" * 8,
    "gsk_" + "aB3" * 6,
]
ENDS = ["", " goes on", ".", ",", ")", ":", "/cancel", ".json", '"']


def test_a_fresh_key_is_new_long_and_recognised() -> None:
    keys = {fresh_key() for _ in range(20)}
    assert len(keys) == 20
    assert all(key.startswith("ow-") and len(key) >= 35 and KEY_LIKE.search(key) for key in keys)


def test_a_digest_is_sha256_and_takes_any_text() -> None:
    assert digest("abc") == hashlib.sha256(b"abc").digest()
    assert digest("\udcff") != digest("abc")


@pytest.mark.parametrize("key", KEYS)
def test_what_looks_like_a_key_is_masked_wherever_it_stands(key: str) -> None:
    assert masked(f"failed with key={key}, sorry") == f"failed with key={MASK}, sorry"
    assert any(hint in key for hint in KEY_LIKE_HINTS)


def test_credentials_and_userinfo_are_masked() -> None:
    assert masked("Authorization: Bearer abc.def=") == f"Authorization: Bearer {MASK}"
    assert masked("at https://me:pw@host/x") == f"at https://{MASK}@host/x"


@pytest.mark.parametrize(
    "text", ["task-list of o3-pro", "gpt-4o-mini-2024-07-18", "ow_01J0000000", "risk-averse people", "sk-learn"]
)
def test_ordinary_words_stay(text: str) -> None:
    assert masked(text) == text


@given(
    st.integers(0, 16**22 - 1), st.sampled_from(["", "(", "/v1/exchanges/", "exchange ", '"']), st.sampled_from(ENDS)
)
def test_ids_stay(number: int, before: str, after: str) -> None:
    digits = f"{number:022x}"
    told = f"{before}ow_{digits}{after} resp_{digits} evt_{digits}{digits[:10]} wh_{digits[:10]}{digits}"
    assert masked(told) == told


@given(st.from_regex(r"[A-Za-z0-9_-]{32}", fullmatch=True), st.sampled_from(ENDS))
def test_client_keys_do_not(random: str, after: str) -> None:
    assert masked(f"by ow-{random}{after} of ow_{22 * 'a'}") == f"by {MASK}{after} of ow_{22 * 'a'}"


@pytest.mark.parametrize(
    "text",
    ["ow_" + "a1" * 10, "ow_" + "a1" * 12, "ow_" + "A1" * 11, "ow_" + "a1" * 11 + "-x", "ow_" + "a1" * 11 + "_x"],
)
def test_what_is_almost_an_id_is_masked(text: str) -> None:
    assert masked(f"{text} and") == f"{MASK} and"


def test_names_of_secrets() -> None:
    secret = [
        "authorization",
        "Proxy-Authorization",
        "api_key",
        "api_keys",
        "x-api-key",
        "apikey",
        "key",
        "set-cookie",
        "auth_token",
    ]
    plain = ["model", "keyboard", "keepalive", "tokens_used", "name", "token_count"]
    assert all(names_secret(name) for name in secret)
    assert not any(names_secret(name) for name in plain)
