from __future__ import annotations

import gzip
import itertools
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.wire.coding import STEP, CodingError, Decoder

TEXT = b'{"choices": [{"delta": {"content": "hello"}}]}' * 400


def raw_deflate(data: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return engine.compress(data) + engine.flush()


CODINGS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress),
    ("x-gzip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
]


def decoded(decoder: Decoder, *pieces: bytes) -> bytes:
    out = b""
    for piece in pieces:
        decoder.feed(piece)
        while data := decoder.pull():
            assert len(data) <= STEP
            out += data
    decoder.finish()
    return out


@pytest.mark.parametrize("number", range(len(CODINGS)))
@given(cuts=st.lists(st.integers(0, 400), max_size=6))
def test_any_split_decodes_to_the_same(number: int, cuts: list[int]) -> None:
    name, encode = CODINGS[number]
    data = encode(TEXT)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in itertools.pairwise(edges)]
    assert decoded(Decoder(name, 1 << 20), *pieces) == TEXT


def test_gzip_members_follow_one_another() -> None:
    assert decoded(Decoder("gzip", 1 << 20), gzip.compress(b"one ") + gzip.compress(b"two")) == b"one two"


def test_an_empty_body_is_whole() -> None:
    assert decoded(Decoder("gzip", 1)) == b""


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br", "compress"])
def test_unknown_codings_are_refused(coding: str) -> None:
    with pytest.raises(CodingError, match="not asked for"):
        Decoder(coding, 1)


@pytest.mark.parametrize(
    "coding, data",
    [("gzip", b"plain text"), ("gzip", gzip.compress(TEXT) + b"junk"), ("deflate", zlib.compress(TEXT) + b"more")],
)
def test_broken_data_is_refused(coding: str, data: bytes) -> None:
    with pytest.raises(CodingError):
        decoded(Decoder(coding, 1 << 20), data)


def test_a_cut_body_is_not_whole() -> None:
    with pytest.raises(CodingError, match="ends early"):
        decoded(Decoder("gzip", 1 << 20), gzip.compress(TEXT)[:-4])


def test_the_total_is_capped() -> None:
    with pytest.raises(CodingError, match="larger than 1000"):
        decoded(Decoder("gzip", 1000), gzip.compress(TEXT))


def test_a_bomb_is_found_long_before_it_is_unpacked() -> None:
    decoder = Decoder("gzip", 256 << 20)
    decoder.feed(gzip.compress(bytes(60 << 20)))
    for _ in range(12 << 20 >> 16):
        try:
            assert decoder.pull()
        except CodingError as error:
            found = str(error)
            break
    else:
        found = "nothing"
    assert "200 times" in found
