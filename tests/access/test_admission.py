import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.access.admission import ANONYMOUS, admit
from outwait.config.secret import digest
from outwait.core.catalog import Catalog
from outwait.core.fault import Fault, Refusal
from outwait.core.principal import Principal

DEV = Principal("dev")
CATALOG = Catalog(keys={digest("ow-right"): DEV})


def refused(headers: dict[str, str]) -> Fault:
    with pytest.raises(Refusal) as caught:
        admit(headers, CATALOG)
    assert (caught.value.fault.code, caught.value.fault.status) == ("invalid_api_key", 401)
    return caught.value.fault


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer ow-right"},
        {"x-api-key": "ow-right"},
        {"x-goog-api-key": "ow-right"},
        {"authorization": "Basic abc", "x-api-key": "ow-right"},
        {"authorization": "Bearer a-proxy's-own", "x-api-key": "ow-right"},
    ],
)
def test_the_key_is_found_wherever_sdks_put_it(headers: dict[str, str]) -> None:
    assert admit(headers, CATALOG) is DEV


@pytest.mark.parametrize(
    "headers, told",
    [
        ({}, "No key was sent. Send an outwait key as"),
        ({"authorization": "Bearer "}, "is empty"),
        ({"authorization": "Bearer"}, "is empty"),
        ({"x-api-key": ""}, "is empty"),
        ({"authorization": "Basic d3Jvbmc6eA=="}, "not of the form"),
        ({"authorization": "ow-right"}, "not of the form"),
        ({"authorization": "Bearer wrong-key"}, "mistyped"),
        ({"x-goog-api-key": "wrong-key"}, "mistyped"),
        ({"authorization": "Bearer sk-wrong"}, "provider's key"),
    ],
)
def test_each_mistake_has_its_own_words(headers: dict[str, str], told: str) -> None:
    assert told in refused(headers).message


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=40))
def test_no_refusal_echoes_the_key(secret: str) -> None:
    for headers in (
        {"authorization": f"Bearer ~{secret}"},
        {"authorization": f"~{secret}"},
        {"x-api-key": f"~{secret}"},
    ):
        assert f"~{secret}" not in str(refused(headers))


def test_open_access_lets_everybody_in_whatever_they_send() -> None:
    catalog = Catalog(open_access=True)
    assert admit({}, catalog) is ANONYMOUS
    assert admit({"authorization": "Bearer sk-anything"}, catalog) is ANONYMOUS


def test_a_catalog_without_keys_is_closed_unless_it_says_otherwise() -> None:
    with pytest.raises(Refusal):
        admit({"authorization": "Bearer ow-right"}, Catalog())
