"""The kinds of value a field can have: spans of time, sizes, names, addresses, secrets; each says what it expects.

A check fails with `wrong(...)`, whose text is the *expectation*; the place, the value and the line are added where
problems are told (config.explain).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_core import PydanticCustomError

from outwait.policy import cors, durations, globs

DAY: Final = 86400.0
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(b|kb|kib|k|mb|mib|m|gb|gib|g)?\s*\Z", re.IGNORECASE)
_UNIT = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")  # RFC 9110, 5.6.2
_VISIBLE = re.compile(r"[\x21-\x7e]+\Z")  # what a credential may hold without breaking a header
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "upgrade", "te", "trailer", "proxy-connection"})
_OURS = _HOP_BY_HOP | {"host", "content-length", "transfer-encoding", "expect", "accept-encoding"}


def wrong(expected: str, **about: object) -> PydanticCustomError:
    """The error of a check; `about` may hold `at` (a path below the field), `what` (the problem in words)."""
    return PydanticCustomError("outwait", "{expected}", {"expected": expected, **about})


def _span(low: float, high: float) -> Callable[[object], float]:
    limits = f"a time from {durations.tell(low)} to {durations.tell(high)}, such as 90, 90s or 15m"

    def check(value: object) -> float:
        try:
            seconds = durations.parse(value)
        except ValueError:
            raise wrong(limits) from None
        if not low <= seconds <= high:
            raise wrong(limits)
        return seconds

    return check


def _size(value: object) -> int:
    limits = "a size in bytes, such as 65536, 64KB or 20MB"
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise wrong(limits)
    match = _SIZE.match(str(value))
    if match is None:
        raise wrong(limits)
    size = float(match[1]) * _UNIT[(match[2] or "")[:1].lower()]
    if not 1 <= size <= 2**40:
        raise wrong(limits + ", at most 1024GB")
    return int(size)


def _name(value: str) -> str:
    if not _NAME.match(value):
        raise wrong("a name of letters, digits, `.`, `_` and `-`, at most 64 of them, beginning with a letter or digit")
    return value


def _glob(value: str) -> str:
    if not value or any(letter.isspace() or not letter.isprintable() for letter in value):
        raise wrong("a model name or a pattern such as `gpt-*`")
    return value


def _model(value: str) -> str:
    expected = "a model's name, at most 256 characters"
    if len(value) > 256:
        raise wrong(expected)
    if not globs.literal(_glob(value)):
        raise wrong(expected, what="is a pattern")
    return value


def _secret(value: SecretStr) -> SecretStr:
    secret = value.get_secret_value()
    if not secret:
        raise wrong("a key", what="is empty (is its variable set to an empty text?)")
    if not _VISIBLE.match(secret):
        raise wrong("a key of visible ASCII characters without blanks or line breaks")
    return value


def _base_url(value: str) -> str:
    example = "a URL such as https://api.openai.com/v1"
    if any(letter.isspace() or not letter.isprintable() for letter in value):
        raise wrong(example)
    try:
        url = urlsplit(value)
        host, port = url.hostname, url.port
    except ValueError:
        raise wrong(example) from None
    if url.scheme not in {"http", "https"} or not host or port == 0:
        raise wrong(example)
    if url.username or url.password:
        raise wrong("a URL without user and password; use `api_key` or `headers`")
    if url.query or url.fragment:
        raise wrong("a URL without `?` and `#`")
    if url.path.rstrip("/").endswith(("/chat/completions", "/completions", "/responses", "/models")):
        raise wrong("the address before the endpoint, such as https://api.openai.com/v1")
    if _forbidden(host):
        raise wrong("an address that is not link-local or a cloud's metadata service")
    return value.rstrip("/")


def _forbidden(host: str) -> bool:
    """Whether `host` is a literal address nobody may be sent to (names are judged once they are resolved)."""
    if host.rstrip(".").lower() == "metadata.google.internal":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    inner = getattr(address, "ipv4_mapped", None) or address
    return bool(inner.is_link_local or inner.is_unspecified or inner.is_multicast)


def _host(value: str) -> str:
    host = value.removeprefix("[").removesuffix("]")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252})", host) or re.fullmatch(r"[0-9.]+", host):
            raise wrong("an IP address or a host name, without scheme and port") from None
    return host


def _origin(value: str) -> str:
    try:
        return cors.tidied(value)
    except ValueError as error:
        expected = (
            'an origin such as https://chat.example.com, "http://localhost:*" for any port, or "*" for every page'
        )
        raise wrong(expected, **({"what": f"{value[:80]!r} {error}"} if str(error) else {})) from None


def _origins(value: object) -> object:
    """One stands for a list of it, and `off` for none."""
    if _word(value) == "off":
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        raise wrong("an address, or a network such as 10.0.0.0/8") from None


def _file(value: str) -> str:
    path = Path(value).expanduser()
    if not path.is_file():
        raise wrong("the path of a file that exists")
    return str(path)


def _directory(value: str) -> str:
    if not value.strip() or "\0" in value:
        raise wrong("the path of a directory")
    return str(Path(value).expanduser())


def _header_name(value: str) -> str:
    if not _TOKEN.match(value):
        raise wrong("a header name")
    if value.lower() in _OURS:
        raise wrong("a header that the gateway does not set itself")
    return value.lower()


def _header_value(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[\x20-\x7e\x80-\xff\t]*", value.get_secret_value()):
        raise wrong("a header value in one line")
    return value


def _word(value: object) -> object:
    """YAML 1.1 reads `off`, `no`, `on` and `yes` as booleans; where a word is wanted, they are words."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else _lower(value)


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _share(value: object) -> float:
    limits = "a share from 0 to 1, or a percentage such as 2%"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise wrong(limits)
    try:
        share = float(value[:-1]) / 100 if isinstance(value, str) and value.endswith("%") else float(value)
    except ValueError:
        raise wrong(limits) from None
    if not 0 <= share <= 1:
        raise wrong(limits)
    return share


def _on_disconnect(value: object) -> str:
    limits = "finish, cancel, linger or linger:TIME such as linger:60s"
    word = _lower(value)
    if not isinstance(word, str):
        raise wrong(limits)
    if word in {"finish", "cancel", "linger"}:
        return word
    kind, _, text = word.partition(":")
    if kind != "linger":
        raise wrong(limits)
    try:
        return f"linger:{_span(0.001, DAY)(text):g}"
    except PydanticCustomError:
        raise wrong(limits) from None


Clock = Annotated[float, BeforeValidator(_span(0.001, 7 * DAY))]
Term = Annotated[float, BeforeValidator(_span(1, 366 * DAY))]
Pause = Annotated[float, BeforeValidator(_span(0, DAY))]
Drain = Annotated[float, BeforeValidator(_span(0, DAY))]
Beat = Annotated[float, BeforeValidator(_span(1, 300))]  # FACTS: below 1 s is noise, above 300 s clients are gone
Size = Annotated[int, BeforeValidator(_size)]
Name = Annotated[str, AfterValidator(_name)]
Glob = Annotated[str, AfterValidator(_glob)]
ModelName = Annotated[str, AfterValidator(_model)]
Secret = Annotated[SecretStr, AfterValidator(_secret)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
Host = Annotated[str, AfterValidator(_host)]
Network = Annotated[str, AfterValidator(_network)]
WebOrigin = Annotated[str, AfterValidator(_origin)]
WebOrigins = Annotated[tuple[WebOrigin, ...], BeforeValidator(_origins)]
ExistingFile = Annotated[str, AfterValidator(_file)]
Directory = Annotated[str, AfterValidator(_directory)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderValue = Annotated[SecretStr, AfterValidator(_header_value)]
Share = Annotated[float, BeforeValidator(_share)]
Departure = Annotated[str, BeforeValidator(_on_disconnect)]
Word = BeforeValidator(_word)
Lower = BeforeValidator(_lower)
