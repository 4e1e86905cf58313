from __future__ import annotations

import tracemalloc
from contextlib import suppress

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import Fault, Refusal
from outwait.dialects.passthrough import form

NAMES = frozenset({"model", "stream"})


def part(value: bytes, *headers: bytes, name: bytes = b'"model"') -> bytes:
    lines = headers or (b"Content-Disposition: form-data; name=" + name,)
    return b"--B\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + value + b"\r\n"


END = b"--B--\r\n"
PLAIN = b"Content-Disposition: form-data; name=model"
FILE = part(
    b"\x00\xff\r\n--\r\n\r\nA",
    b'Content-Disposition: form-data; name="file"; filename="a;b.wav"',
    b"Content-Type: audio/wav",
)


def found(body: bytes) -> dict[str, bytes]:
    return {name: body[at.start : at.end] for name, at in form.fields(body, b"B", NAMES).items()}


def refused(body: bytes) -> Fault:
    with pytest.raises(Refusal) as caught:
        form.fields(body, b"B", NAMES)
    return caught.value.fault


def told(body: bytes) -> str:
    fault = refused(body)
    assert (fault.code, fault.status) == ("bad_request", 400)
    return fault.message.removeprefix("The form in the request body is malformed: ")


# -------------------------------------------------------------------------------------------------------- what passes
@pytest.mark.parametrize(
    "body, fields",
    [
        (part(b"m") + END, {"model": b"m"}),
        (part(b"m") + FILE + part(b"true", name=b"stream") + b"--B--", {"model": b"m", "stream": b"true"}),
        (b"\r\n" + part(b"m") + END, {"model": b"m"}),
        (part(b"") + END, {"model": b""}),
        (part(b"m", b"content-disposition:form-data;name=model") + END, {"model": b"m"}),
        (part(b"m", b'Content-Disposition: FORM-DATA ; NAME="model" ;') + END, {"model": b"m"}),
        (
            part(b"m", b"X: y", b'Content-Disposition: form-data; name="model"', b"Content-Type: text/plain") + END,
            {"model": b"m"},
        ),
        (
            part(b"m", b'Content-Disposition: form-data; name="model"', b"Content-Transfer-Encoding: 8bit") + END,
            {"model": b"m"},
        ),
        (part(b"x", name=b'"prompt"') + END, {}),
        (part(b"x", name=b'"say \\"model\\""') + END, {}),
        (part(b"x", name=b'"\xff"') + END, {}),
        (FILE + END, {}),
        (b"--B--", {}),
    ],
)
def test_fields(body: bytes, fields: dict[str, bytes]) -> None:
    assert found(body) == fields


def test_what_a_real_client_sends() -> None:
    sent = httpx2.Request(
        "POST", "http://h/", data={"model": "gpt-ü", "stream": "true"}, files={"file": ('ä".mp3', b"--\r\n" * 99)}
    )
    body = sent.read()
    boundary = form.boundary_of(sent.headers["content-type"])
    places = form.fields(body, boundary, NAMES)
    assert {name: body[at.start : at.end] for name, at in places.items()} == {
        "model": "gpt-ü".encode(),
        "stream": b"true",
    }


# --------------------------------------------------------------------------------------------------- what is refused
@pytest.mark.parametrize(
    "body, why",
    [
        (b"", "does not begin with its boundary"),
        (b"preamble\r\n" + part(b"m") + END, "does not begin with its boundary"),
        (part(b"m"), "ends before its closing boundary"),
        (part(b"m")[:-3], "ends before its closing boundary"),
        (part(b"m") + b"--B", "ends before its closing boundary"),
        (part(b"m") + b"--B-", "ends before its closing boundary"),
        (part(b"m") + b"--Bx\r\n", "a boundary has no end of its line"),
        (b"--B\r\nContent-Disp", "ends inside a part's headers"),
        (b"--B \r\n" + part(b"m")[5:] + END, "a boundary has no end of its line"),
        (b"--B\n" + part(b"m")[5:] + END, "a boundary has no end of its line"),
        (part(b"m") + END + b"more", "something follows its closing boundary"),
        (part(b"a\n--B\nb") + END, "its boundary stands inside a part"),
        (part(b"a--B") + END, "its boundary stands inside a part"),
        (part(b"--B\r\n") + END, "its boundary stands inside a part"),
        (part(b"m", b'Content-Disposition: form-data; name="a--B"') + END, "inside a part's headers"),
        (part(b"m", b"X: " + b"y" * 9000) + END, "a part's headers are too long"),
        (part(b"m", b"X-Only: y") + END, "each part must have one Content-Disposition"),
        (part(b"m", PLAIN, PLAIN) + END, "each part must have one Content-Disposition"),
        (b"--B\r\n\r\nm\r\n" + END, "a part has a malformed header"),
        (part(b"m", b"no colon") + END, "a part has a malformed header"),
        (part(b"m", b'Content-Disposition: form-data;\r\n name="model"') + END, "a part has a malformed header"),
        (part(b"m", b'Content-Disposition: form-data;\n name="model"') + END, "a part has a malformed header"),
        (part(b"m", b"Content-Disposition: attachment; name=model") + END, "Content-Disposition is malformed"),
        (part(b"m", b'Content-Disposition: form-data; name="model') + END, "Content-Disposition is malformed"),
        (part(b"m", b"Content-Disposition: form-data") + END, "a part has no name"),
        (part(b"m", b"Content-Disposition: form-data; name=a; name=model") + END, "names it in two ways"),
        (part(b"m", b"Content-Disposition: form-data; name=a; name*=UTF-8''model") + END, "names it in two ways"),
        (part(b"m", b"Content-Length: 1", b"Content-Length: 1") + END, "malformed Content-Length"),
        (part(b"m", b"Content-Length: one") + END, "malformed Content-Length"),
        (part(b"m", PLAIN, b"Content-Length: 2") + END, "is not its length"),
        (part(b"m", PLAIN, b"Content-Length: " + b"1" * 5000) + END, "is not its length"),
        (part(b"x", name=b"a") * (form.PARTS_LIMIT + 1) + END, f"more than {form.PARTS_LIMIT} parts"),
    ],
)  # fmt: skip
def test_what_could_be_read_in_two_ways(body: bytes, why: str) -> None:
    assert why in told(body)


@pytest.mark.parametrize(
    "body, code, why",
    [
        (part(b"a") + part(b"b") + END, "duplicate_key", "names 'model' twice"),
        (part(b"a", name=b'"mo\\del"') + END, "invalid_value", "without escapes"),
        (
            part(b"a", b'Content-Disposition: form-data; name="model"; filename="x"') + END,
            "invalid_value",
            "must not be a file",
        ),
        (
            part(b"a", b'Content-Disposition: form-data; name="model"; filename*=x') + END,
            "invalid_value",
            "must not be a file",
        ),
        (
            part(b"bQ==", b'Content-Disposition: form-data; name="model"', b"Content-Transfer-Encoding: Base64") + END,
            "invalid_value",
            "must not be encoded",
        ),
    ],
)
def test_control_fields_are_plain_and_there_once(body: bytes, code: str, why: str) -> None:
    fault = refused(body)
    assert (fault.code, fault.param) == (code, "model")
    assert why in fault.message


@pytest.mark.parametrize(
    "content_type, boundary",
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('Multipart/Form-Data;charset=utf-8; Boundary="a b:c"', b"a b:c"),
        ("multipart/form-data; boundary=----WebKitFormBoundary7MA4;", b"----WebKitFormBoundary7MA4"),
        (r'multipart/form-data; boundary="a\bc"', b"abc"),
    ],
)
def test_boundaries(content_type: str, boundary: bytes) -> None:
    assert form.boundary_of(content_type) == boundary


@pytest.mark.parametrize(
    "content_type, why",
    [
        ("multipart/form-data", "must name one boundary"),
        ("multipart/form-data; boundary=a; boundary=b", "must name one boundary"),
        ("multipart/form-data; boundary=", "1 to 70"),
        ("multipart/form-data; boundary=" + "a" * 71, "1 to 70"),
        ('multipart/form-data; boundary="a "', "1 to 70"),
        ("multipart/form-data; boundary=ä", "1 to 70"),
        ("multipart/form-data; boundary", "content type is malformed"),
        ("multipart/mixed; boundary=a", "content type is malformed"),
    ],
)
def test_content_types_without_a_good_boundary(content_type: str, why: str) -> None:
    with pytest.raises(Refusal) as caught:
        form.boundary_of(content_type)
    assert why in caught.value.fault.message


# ------------------------------------------------------------------------------------------------------- changes
def test_a_value_is_changed_where_it_stands() -> None:
    body = FILE + part(b"old") + part(b"true", name=b"stream") + END
    field = form.fields(body, b"B", NAMES)["model"]
    assert form.changed(body, field, b"quite-new") == body.replace(b"old", b"quite-new")


def test_a_parts_own_length_changes_with_it() -> None:
    body = part(b"old", b"Content-Length:  3 ", b"Content-Disposition: form-data; name=model") + END
    field = form.fields(body, b"B", NAMES)["model"]
    changed = form.changed(body, field, b"quite-new-1")
    assert changed == body.replace(b"old", b"quite-new-1").replace(b" 3 ", b" 11 ")
    assert found(changed) == {"model": b"quite-new-1"}


VALUE = st.binary(max_size=60).filter(lambda value: b"--B" not in value)


@given(
    st.lists(st.tuples(st.sampled_from([b"file", b"prompt", b"image[]"]), VALUE), max_size=5),
    VALUE,
    VALUE,
    st.integers(0, 5),
)
def test_any_contents_are_told_apart(others: list[tuple[bytes, bytes]], old: bytes, new: bytes, place: int) -> None:
    parts = [part(value, name=name) for name, value in others]
    before, after = b"".join(parts[:place]), b"".join(parts[place:])
    body = before + part(old) + after + END
    field = form.fields(body, b"B", NAMES)["model"]
    assert body[field.start : field.end] == old
    assert form.changed(body, field, new) == before + part(new) + after + END


@given(st.binary(max_size=80), st.integers(0, 400))
def test_every_cut_body_is_refused(value: bytes, cut: int) -> None:
    body = part(b"m") + part(value.replace(b"--B", b""), name=b"f") + b"--B--"
    refused(body[: min(cut, len(body) - 1)])


@given(
    st.lists(
        st.sampled_from(
            [
                b"--B",
                b"--",
                b"\r\n",
                b"\r",
                b"\n",
                b":",
                b'"',
                b"\\",
                b"Content-Disposition: form-data; name=",
                b"model",
                b";",
            ]
        ),
        max_size=30,
    )
)
def test_nonsense_is_refused_or_read_but_never_more(pieces: list[bytes]) -> None:
    with suppress(Refusal):
        places = form.fields(b"".join(pieces), b"B", NAMES)
        assert places.keys() <= NAMES


def test_files_are_not_copied() -> None:
    body = part(b"m") + part(b"\0" * (8 << 20), name=b"f") + END
    tracemalloc.start()
    try:
        form.fields(body, b"B", NAMES)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
