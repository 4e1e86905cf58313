"""The sections of outwait.yaml that say what outlives a call: where it is stored, for how long, and how much."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Final
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

from outwait.config.fields import Size, Term, wrong
from outwait.config.sections import OneOrMore, Section, switch

_SCHEMES: Final = ("postgresql", "postgres", "postgresql+psycopg")
_EXAMPLE: Final = "an address such as postgresql://user:password@host:5432/database"
_KEY: Final = "32 bytes in url-safe base64, as `openssl rand -base64 32 | tr '+/' '-_'` makes them"


def _store_url(value: SecretStr) -> SecretStr:
    """`what` is given with every error, so that no value is told: a password may stand anywhere in it."""
    text = value.get_secret_value()
    if not text:
        raise wrong(_EXAMPLE, what="is empty (is its variable set to an empty text?)")
    if any(letter.isspace() or not letter.isprintable() for letter in text):
        raise wrong(_EXAMPLE, what="holds a blank or a line break")
    scheme = text.partition(":")[0].lower()
    if scheme not in _SCHEMES:
        raise wrong(f"{_EXAMPLE}; without one a file in `data_dir` is used", what="is no address of PostgreSQL")
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise wrong(
            f"{_EXAMPLE}; `@`, `/`, `:` and `#` in a password as %40, %2F, %3A and %23", what="is no URL"
        ) from None
    if not text.lower().startswith(f"{scheme}://") or port == 0:
        raise wrong(_EXAMPLE, what="is no URL")
    if url.fragment:
        raise wrong("a `#` in a password to be written as %23", what="holds a `#`")
    return value


def _seal_key(value: SecretStr) -> SecretStr:
    try:
        raw = base64.b64decode(value.get_secret_value().encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raw = b""
    if len(raw) != 32:
        raise wrong(_KEY, what="is no encryption key")
    return value


StoreUrl = Annotated[SecretStr, AfterValidator(_store_url)]
SealKey = Annotated[SecretStr, AfterValidator(_seal_key)]


class StoreSection(Section):
    """Where it is stored. `url`: of PostgreSQL; None is a SQLite file in `data_dir`. `keys`: what encrypts it, the
    first one new things; none: a key that is made once, in `data_dir`.
    """

    url: StoreUrl | None = None
    keys: Annotated[tuple[SealKey, ...], OneOrMore] = ()

    def address(self) -> str | None:
        """The URL with its password, for whoever opens it."""
        return None if self.url is None else self.url.get_secret_value()

    def encryption(self) -> tuple[str, ...]:
        """The keys, for whoever opens it."""
        return tuple(key.get_secret_value() for key in self.keys)

    def place(self) -> str:
        """Where it is, without user and password."""
        text = self.address()
        if text is None:
            return "data_dir"
        url = urlsplit(text)
        return f"postgresql://{url.netloc.rpartition('@')[2]}{url.path}"

    def secrets(self) -> tuple[str, ...]:
        """The keys, and the password in every form in which it may turn up, with the address around it."""
        found = set(self.encryption())
        text = self.address()
        if text is not None:
            url = urlsplit(text)
            asked = (pair.partition("=") for pair in url.query.split("&"))
            said = [url.password or "", *(word for name, _, word in asked if name.lower().endswith("password"))]
            passwords = {form for word in said for form in (word, unquote(word)) if word}
            found |= {text, *passwords} if passwords else set()
        return tuple(sorted(found))


class KeepSection(Section):
    """How long and how much is kept. `ttl`: answers, from their end, and `responses` those of the Responses API
    (seconds). `size`: bytes of all of them; the oldest go first.
    """

    enabled: bool = True
    ttl: Term = 86400.0
    responses: Term = 30 * 86400.0
    size: Size = 10 * 1024**3


Keeping = Annotated[KeepSection, BeforeValidator(switch)]
