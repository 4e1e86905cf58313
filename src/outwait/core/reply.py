"""What comes back: heads, usage, and what a reply's bytes were found to mean."""

from __future__ import annotations

import msgspec

from outwait.core.fault import Fault


class Head(msgspec.Struct, frozen=True, gc=False):
    """The head of a reply as the client will see it (before hop-by-hop and outwait headers are added)."""

    status: int
    content_type: str
    headers: tuple[tuple[str, str], ...] = ()


class Usage(msgspec.Struct, frozen=True, gc=False):
    """Tokens as the upstream counted them.

    `input` are all of the prompt, those read from a cache (`cached`) and written to one (`cache_write`) among them;
    `output` are all that were generated, `reasoning` among them.
    """

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0
    cache_write: int = 0


class Ending(msgspec.Struct, frozen=True, gc=False):
    """How a reply ended: the last bytes for the client, and the fault if it was not whole."""

    data: bytes = b""
    fault: Fault | None = None
    usage: Usage | None = None
