"""Takes secrets out of what is quoted: keys, bearer credentials, passwords in URLs and proxies' authorization."""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "[masked]"
_SECRETS: Final = (
    (re.compile(r"(?i)\b(bearer|basic)(\s{1,8})(?!realm\b)[A-Za-z0-9._~+/=-]{6,4000}"), rf"\1\2{MASK}"),
    (re.compile(r"(?<=://)[^/@\s]{1,200}@"), f"{MASK}@"),
    (
        re.compile(r"(?<![A-Za-z0-9])(?:sk|ow|pk|rk|gsk|xai|nvapi|pplx|fw|r8|hf|ghp|glpat)[-_][A-Za-z0-9_*.-]{8,4000}"),
        MASK,
    ),
    (re.compile(r"AIza[0-9A-Za-z_-]{20,4000}|(?<![A-Z0-9])AKIA[0-9A-Z]{16}"), MASK),
    (re.compile(r"eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{4,4000}(?:\.[A-Za-z0-9_-]{0,4000})?"), MASK),
    (
        re.compile(
            r"(?i)((?:api[-_ ]?key|apikey|access[-_]?token|secret|password|authorization|cookie|[?&]key)"
            r"(?: provided)?[\"']?\s{0,4}[:=]\s{0,4}[\"']?)(?!bearer|basic|\[masked)[^\s\"'<>,;&}]{6,4000}"
        ),
        rf"\1{MASK}",
    ),
)


def veiled(text: str) -> str:
    """`text` without what looks like a secret."""
    for expression, instead in _SECRETS:
        text = expression.sub(instead, text)
    return text
