"""Lengths of time and remarks, as the tools' own languages write them."""

from __future__ import annotations

import math

from outwait.core.tongue import Said
from outwait.toolkit.timeouts.chain import Chain


def unit(seconds: float) -> str:
    """`3630s`, or `20500ms` where they are not whole: nginx, HAProxy, Caddy, Traefik (Go) and systemd read it."""
    return f"{round(seconds)}s" if _is_whole(seconds) else f"{math.ceil(1000 * seconds - 0.001)}ms"


def proto(seconds: float) -> str:
    """`3630s` or `20.5s`: a protobuf Duration in JSON, as Envoy reads it."""
    return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"


def whole(seconds: float) -> int:
    """Whole seconds, rounded up, for what knows nothing smaller."""
    return round(seconds) if _is_whole(seconds) else math.ceil(seconds)


def plain(text: str) -> str:
    """`text` as it may stand in a comment: one line of printable ASCII."""
    shown = "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in text)
    return shown[:120]


def why(chain: Chain) -> str:
    """Why the silence an edge allows is as long as it is, for a comment."""
    inner, edge = chain.inner, chain.edge
    name = "the gateway" if inner is chain.gateway else inner.name
    if edge.held_idle:
        return f"all {edge.name} can: {name} goes on for {unit(inner.idle)}, so heartbeats must come"
    return f"longer than {name}, which gives up after {unit(inner.idle)}"


def said(sentence: Said, **values: object) -> Said:
    """`sentence` with its places filled, in both languages."""
    return Said(sentence.en.format(**values), sentence.zh.format(**values))


def aligned(text: str) -> str:
    """`text` with the comments behind settings in one column."""
    rows = [
        line.partition(" # ") if line.lstrip()[:1] not in ("#", "") else (line, "", "") for line in text.splitlines()
    ]
    width = max((len(row[0].rstrip()) for row in rows if row[1]), default=0) + 3
    return "".join(
        f"{setting.rstrip():<{width}}# {comment}\n" if mark else f"{setting}\n" for setting, mark, comment in rows
    )


def _is_whole(seconds: float) -> bool:
    return abs(seconds - round(seconds)) < 0.0005
