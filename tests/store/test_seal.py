from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from outwait.store.errors import StoreError
from outwait.store.seal import KEY_FILE, Seal, load_keys

ONE = base64.urlsafe_b64encode(b"1" * 32).decode()
TWO = base64.urlsafe_b64encode(b"2" * 32).decode()


@given(st.binary(max_size=300), st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=20))
def test_what_is_closed_opens_in_its_place_only(data: bytes, label: str) -> None:
    seal = Seal([ONE])
    closed = seal.close(data, label)
    assert seal.open(closed, label) == data
    with pytest.raises(StoreError, match="cannot be decrypted"):
        seal.open(closed, label + "x")
    with pytest.raises(StoreError, match="cannot be decrypted"):
        seal.open(closed[:-1] + bytes([closed[-1] ^ 1]), label)
    with pytest.raises(StoreError, match="cannot be decrypted"):
        Seal([TWO]).open(closed, label)


def test_the_first_key_closes_and_all_open() -> None:
    old, both, new = Seal([ONE]), Seal([TWO, ONE]), Seal([TWO])
    assert both.open(old.close(b"x", "l"), "l") == b"x"
    assert new.open(both.close(b"x", "l"), "l") == b"x"
    assert both.names == new.names + old.names


def test_tokens_are_kept_short_and_dateless() -> None:
    closed = Seal([ONE]).close(b"x" * 1000, "l")
    assert len(closed) < 1100
    assert Fernet(ONE).extract_timestamp(base64.urlsafe_b64encode(closed)) == 0


@pytest.mark.parametrize("key", ["", "short", "é" * 43, ONE[:-4], "!" * 44])
def test_a_key_that_is_none_is_refused_without_being_told(key: str) -> None:
    with pytest.raises(StoreError, match="encryption key 2 is not 32 bytes") as told:
        Seal([ONE, key])
    assert not key or key not in str(told.value)
    with pytest.raises(StoreError, match="empty"):
        Seal([])


def test_a_key_is_made_once(tmp_path: Path) -> None:
    [key] = load_keys(tmp_path)
    assert load_keys(tmp_path) == (key,)
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [KEY_FILE]
    Seal([key])


def test_a_file_may_hold_several_keys(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text(f"{TWO}\n\n  {ONE}\n")
    assert load_keys(tmp_path) == (TWO, ONE)


def test_a_key_left_half_written_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / f"{KEY_FILE}.new").write_text("abc")
    assert len(load_keys(tmp_path)) == 1


def test_a_key_that_cannot_be_read_or_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"could not be written to .*secret\.key"):
        load_keys(tmp_path / "missing")
    (tmp_path / KEY_FILE).write_bytes(b"\xff")
    with pytest.raises(StoreError, match=r"secret\.key cannot be read"):
        load_keys(tmp_path)
