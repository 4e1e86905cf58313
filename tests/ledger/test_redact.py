import json

from hypothesis import given
from hypothesis import strategies as st

from outwait.config.secret import MASK
from outwait.ledger.redact import LONGEST, NOT_LOGGED, Redactor

CANARY = "canary+secret/of=the?operator"


def test_configured_secrets_are_masked_exactly_wherever_they_stand() -> None:
    redactor = Redactor([CANARY, CANARY[:10], ""])
    assert redactor.text(f"a{CANARY}b {CANARY[:10]}") == f"a{MASK}b {MASK}"
    assert redactor.text("plain words") == "plain words"


def test_values_under_secret_names_are_masked_and_numbers_are_not() -> None:
    cleaned = Redactor().fields(
        {
            "Authorization": "abc",
            "x-api-key": "abc",
            "api_keys": ["abc"],
            "key": {"name": "dev"},
            "tokens": 5,
            "cookie": b"abc",
        }
    )
    assert cleaned == {
        "Authorization": MASK,
        "x-api-key": MASK,
        "api_keys": MASK,
        "key": {"name": "dev"},
        "tokens": 5,
        "cookie": MASK,
    }


def test_what_people_ask_and_models_answer_is_dropped() -> None:
    cleaned = Redactor().value({"messages": [{"content": "hi"}], "call": {"body": b"hi", "input": "hi", "model": "m"}})
    assert cleaned == {"messages": NOT_LOGGED, "call": {"body": NOT_LOGGED, "input": NOT_LOGGED, "model": "m"}}


def test_any_value_becomes_plain_data() -> None:
    deep: list[object] = []
    for _ in range(50):
        deep = [deep]
    cleaned = Redactor().value({1: (b"abc", {2}, None, True, 1.5), "deep": deep, "error": ValueError(f"sk-{'a1' * 8}")})
    assert cleaned["1"] == ["[3 bytes]", [2], None, True, 1.5]  # type: ignore[index]
    assert cleaned["error"] == MASK  # type: ignore[index]
    assert "too deep" in json.dumps(cleaned)


def test_ids_stay_readable_and_keys_do_not() -> None:
    ident, response = "ow_00a3f2" + "1b" * 8, "resp_00a3f2" + "1b" * 8
    event, hook = "evt_" + "2c" * 16, "wh_" + "3d" * 16
    redactor = Redactor()
    for said in (
        f"exchange {ident} goes on here",
        f"{response} ended: {event}, told as {hook}",
        f"/v1/exchanges/{ident}?x",
    ):
        assert redactor.text(said) == said
    assert redactor.fields({"exchange": ident, "response": [response]}) == {"exchange": ident, "response": [response]}
    assert redactor.text(f"{ident} of ow-{'Zz09_' * 6}ab") == f"{ident} of {MASK}"
    assert redactor.text(f"{ident} with sk-proj-{'aB3' * 8}") == f"{ident} with {MASK}"
    assert Redactor([ident]).text(f"exchange {ident}") == f"exchange {MASK}"


def test_long_texts_are_cut_after_they_are_cleaned() -> None:
    text = Redactor([CANARY]).text("x" * (LONGEST - 5) + CANARY + "y" * 100)
    assert len(text) == LONGEST + 1
    assert "canary" not in text


def test_lone_surrogates_can_be_written() -> None:
    assert Redactor().text("a\udcffb").encode() == b"a?b"


@given(st.text(max_size=300), st.text(max_size=300), st.text(st.characters(codec="utf-8"), min_size=6, max_size=60))
def test_no_secret_survives(before: str, after: str, secret: str) -> None:
    assert secret not in Redactor([secret]).text(before + secret + after).replace(MASK, "")
