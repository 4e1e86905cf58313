"""Takes away what is of the machine that made a text: paths, ports, addresses in memory, dates of this minute."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

SERVER: Final = "192.0.2.10"  # an address for documentation (RFC 5737), as a provider's would stand there
_RULES: Final = (
    (r"\b0x[0-9a-f]{6,16}\b", "0x7f4b2c0d5e10"),
    (r"/[\w./-]*/lib/python3\.11/(?!site-packages)", "/usr/lib/python3.11/"),
    (r"/[\w./-]*/site-packages/", "/app/venv/lib/python3.11/site-packages/"),
    (r"(?:file://)?/[\w./-]*/node_modules/", "/app/node_modules/"),
    (r"(?<=192\.0\.2\.10:)\d{5}(?=->)", "50412"),
    (r"(?<=192\.0\.2\.10:)\d{5}(?= \[)", "50412"),  # HAProxy's log: the client
    (r"(?<=localPort: )\d+", "50412"),
    (r"(?<=[\[( ])(pid )?\d{3,7}#\d+(?=:)", "31#31"),
    (r"\[pid \d+:tid \d+\]", "[pid 31:tid 140245]"),
    (r"(?<=/app)/[\w-]+(?=/app\.py)", ""),
    (r"(?<= on )[\d.]+(?=:53\b)", "192.0.2.53"),
    (r"[ \t]+$", ""),
)


def scrub(text: str, ports: Mapping[int, int], folders: tuple[str, ...]) -> str:
    """`text` for the corpus. `ports`: as they were -> as they shall be; `folders`: where the programs ran."""
    for folder in folders:
        text = text.replace(folder, "/app")
    for was, shall in ports.items():
        text = re.sub(rf"\b{was}\b", str(shall), text)
    text = text.replace("127.0.0.1", SERVER)
    text = re.sub(r"\blocalhost\b", "api.example.com", text)
    for pattern, instead in _RULES:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return text.strip("\n")
