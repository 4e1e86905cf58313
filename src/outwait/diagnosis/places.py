"""Where a call went, as far as its error says: a host and a URL that a suggested command can name."""

from __future__ import annotations

import re
from typing import Final

_HOST: Final = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?"
_URL: Final = re.compile(
    rf"\bhttps?://(?:[^/@\s\"'<>]{{1,200}}@)?({_HOST}(?::[0-9]{{1,5}})?)(/[A-Za-z0-9._~/%:-]{{0,300}})?"
)
_NAMED: Final = (
    re.compile(rf"host='({_HOST})'"),
    re.compile(rf"(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH) ({_HOST})"),
    re.compile(rf"\blookup ({_HOST})(?= on |:)"),
    re.compile(rf"(?:resolve host:?|Failed to connect to|connect to host|Failed to resolve|host:) '?({_HOST})\b"),
    re.compile(rf"\bdial tcp ({_HOST}):[0-9]"),
    re.compile(r"<title>([a-z0-9][a-z0-9.-]{2,100}\.[a-z]{2,12}) \|"),
)
_PROJECTS: Final = re.compile(
    r"(?:^|\.)(?:github\.com|githubusercontent\.com|cloudflare\.com|readthedocs\.io|w3\.org|nodejs\.org)$"
    r"|^(?:docs?|help|support|platform|console|status|community|learn)\."
)
_TRAILING: Final = ".:,;%~-"


def url_of(text: str) -> str | None:
    """The first URL of `text` that may be the one called; without credentials and query, "" never."""
    for found in _URL.finditer(text):
        if not _PROJECTS.search(found[1].partition(":")[0].lower()):
            scheme = found[0].partition("://")[0]
            return f"{scheme}://{found[1]}{(found[2] or '').rstrip(_TRAILING)}"
    return None


def host_of(text: str) -> str | None:
    """The host that was called, with its port where it is no common one."""
    for expression in _NAMED:
        found = expression.search(text)
        if found is not None and not _PROJECTS.search(found[1].lower()):
            return found[1]
    url = url_of(text)
    return None if url is None else url.split("/")[2]
