"""What workers of one host write to each other: words about endpoints, and waits that were seen; JSON, with a version.

    {"v": 1, "words": [{"what": "ejected", "channel": "openai", "mark": "9f…", "endpoint": "openai/gpt-5"}, …],
     "waits": […]}

While one gateway takes another's place, workers of two versions stand side by side. A field or a word that is not known
is passed over; a letter of another version is not read. Times are spans, never dates. A channel is named with its
`mark`, a digest of where it leads and as whom: words about another one of that name are of no use here.

    ejected, suspect, healthy   how an endpoint is        dead, revived   a channel's key was refused, or works again
    cut                         its limit was cut         probe           a free probe of a channel has ended
    rest                        a key of it was told to be left alone for so many seconds
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated, Final

import msgspec

VERSION: Final = 1
LARGEST: Final = 1 << 18  # bytes of a letter; what is more is sent in several
WORDS: Final = 1024  # in a letter
LONGEST: Final = 1000  # characters of a name or a detail

_Text = Annotated[str, msgspec.Meta(max_length=LONGEST)]
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e9)]


class What(StrEnum):
    """What a word says."""

    EJECTED = "ejected"
    SUSPECT = "suspect"
    HEALTHY = "healthy"
    CUT = "cut"
    REST = "rest"
    DEAD = "dead"
    REVIVED = "revived"
    PROBE = "probe"


class Word(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """`endpoint`: its whole name, "" for a word about a channel. `key`: the credential's place. `seconds`: a rest has
    left, or a probe took. Of a probe: `age` (seconds since its end), `failed` (the fault's code, also of a dead key's
    refusal), `detail`, `asked`.
    """

    what: _Text
    channel: _Text
    mark: _Text
    endpoint: _Text = ""
    key: Annotated[int, msgspec.Meta(ge=0)] = 0
    seconds: _Seconds = 0.0
    age: _Seconds = 0.0
    failed: _Text = ""
    detail: _Text = ""
    asked: _Text = ""


class Letter(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """`v`: its version. `waits`: as another worker's `Learning.drain` told them, not yet looked at."""

    v: int
    words: Annotated[list[Word], msgspec.Meta(max_length=WORDS)] = []
    waits: list[object] = []


class _Versioned(msgspec.Struct, frozen=True, gc=False):
    v: int


class Unreadable(ValueError):  # noqa: N818 - it says what the letter is
    """No letter, or a broken one. The text says what is wrong."""


class Strange(ValueError):  # noqa: N818 - the same
    """A letter of another version."""


def read(data: bytes) -> Letter:
    """The letter in `data`. Raises Unreadable, Strange."""
    if len(data) > LARGEST:
        raise Unreadable(f"a letter has at most {LARGEST} bytes")
    try:
        version = msgspec.json.decode(data, type=_Versioned).v
        if version != VERSION:
            raise Strange(f"version {version} is not known here")
        return msgspec.json.decode(data, type=Letter)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from error


def write(words: Sequence[Word], waits: Sequence[object] = ()) -> Iterator[bytes]:
    """The letters that say all of it, words first. What does not fit into a letter by itself is left out."""
    encoder = msgspec.json.Encoder()
    for name, items in (("words", words), ("waits", waits)):
        batch: list[bytes] = []
        room = 0
        for item in map(encoder.encode, items):
            if len(item) > room or len(batch) == WORDS:
                if batch:
                    yield _sealed(name, batch)
                batch, room = [], LARGEST - len(_sealed(name, []))
            if len(item) <= room:
                batch.append(item)
                room -= len(item) + 1
        if batch:
            yield _sealed(name, batch)


def _sealed(name: str, items: Sequence[bytes]) -> bytes:
    return b'{"v":%d,"%s":[%s]}' % (VERSION, name.encode("ascii"), b",".join(items))
