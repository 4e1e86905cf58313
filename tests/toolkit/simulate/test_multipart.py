from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.toolkit.simulate.multipart import Upload, parse

KIND = 'multipart/form-data; boundary="b 1"'


def part(name: str, data: bytes, more: str = "") -> bytes:
    head = f'--b 1\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + data + b"\r\n"


END = b"--b 1--\r\n"


def test_fields_and_files_are_told_apart() -> None:
    named = b'--b 1\r\ncontent-disposition: form-data; name="f"; filename="a.wav"\r\n'
    file = named + b"Content-Type: audio/wav\r\n\r\n\0\r\n\r\n"
    form = parse(KIND, part("model", "fäst".encode()) + file + END)
    assert form == {"model": "fäst", "f": Upload("a.wav", "audio/wav", b"\0\r\n")}


def test_names_with_brackets_are_lists() -> None:
    form = parse(KIND, part("image[]", b"1", '; filename="x"') + part("image[]", b"2", '; filename="y"') + END)
    kind = "application/octet-stream"
    assert form == {"image": [Upload("x", kind, b"1"), Upload("y", kind, b"2")]}


def test_a_list_does_not_mix_with_a_field() -> None:
    assert parse(KIND, part("a", b"1") + part("a[]", b"2") + END) == {"a": "1"}


@pytest.mark.parametrize(
    "kind,body",
    [
        ("application/json", b"{}"),
        ("", b""),
        ("multipart/form-data", b""),
        ('multipart/form-data; boundary="ü"', b""),
        (KIND, b""),
        (KIND, part("a", b"1")),
        (KIND, b"x\r\n" + part("a", b"1") + END),
        (KIND, b"--b 1\r\n\r\nx\r\n" + END),
        (KIND, b'--b 1\r\nContent-Disposition: form-data; name="a"\r\n' + END),
        (KIND, part("a", b"\xff") + END),
    ],
)
def test_what_is_no_form_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(ValueError):
        parse(kind, body)


@given(st.binary())
def test_any_file_arrives_as_it_was(data: bytes) -> None:
    if b"\r\n--b 1" not in b"\r\n" + data:
        assert parse(KIND, part("f", data, '; filename="x"') + END)["f"] == Upload(
            "x", "application/octet-stream", data
        )
