import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.access.keys import bearer, extract, lookup
from outwait.config.secret import digest
from outwait.core.principal import Principal


@pytest.mark.parametrize(
    "value, secret",
    [
        ("Bearer ow-1", "ow-1"),
        ("bearer  ow-1 ", "ow-1"),
        ("BEARER ow-1", "ow-1"),
        ("Bearer ", ""),
        ("Basic b3ctMQ==", None),
        ("ow-1", None),
    ],
)
def test_bearer(value: str, secret: str | None) -> None:
    assert bearer(value) == secret


def test_keys_are_tried_in_order_without_duplicates_and_empty_ones() -> None:
    headers = {"authorization": "Bearer a", "x-api-key": " b ", "x-goog-api-key": "a"}
    assert extract(headers) == ("a", "b")
    assert extract({"authorization": "Basic a", "x-api-key": "", "x-goog-api-key": "c"}) == ("c",)
    assert extract({}) == ()


def test_lookup_is_by_digest() -> None:
    dev = Principal("dev")
    keys = {digest("ow-1"): dev}
    assert lookup("ow-1", keys) is dev
    assert lookup("ow-2", keys) is None
    assert lookup("\udcff", keys) is None


@given(st.text(max_size=60))
def test_any_authorization_is_read_without_error(value: str) -> None:
    assert all(extract({"authorization": value}))
