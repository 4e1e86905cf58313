"""What is kept of prompts and answers can be read with the key only, and only where it was put.

Each value is bound to its place (a label), so that nobody who can write to the database can show one client the answer
of another. Several keys are a rotation: the first one encrypts, all of them decrypt.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from outwait.store.errors import StoreError

KEY_FILE: Final = "secret.key"
_HOW = "one is made by `openssl rand -base64 32 | tr '+/' '-_'`"


class Seal:
    """Encrypts and decrypts. `names` are fingerprints of the keys, the encrypting one first."""

    __slots__ = ("_fernet", "names")

    def __init__(self, keys: Sequence[str]) -> None:
        raw = [_decoded(key, number) for number, key in enumerate(keys, 1)]
        if not raw:
            raise StoreError(f"the list of encryption keys is empty; {_HOW}")
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in raw])
        self.names = tuple(blake2b(key, digest_size=8, person=b"outwait").hexdigest() for key in raw)

    def close(self, data: bytes, label: str) -> bytes:
        """`data` encrypted, for the place `label`. The token's own date is not used."""
        token = self._fernet.encrypt_at_time(b"%s\0%s" % (label.encode(), data), 0)
        return base64.urlsafe_b64decode(token)  # a quarter less to store

    def open(self, sealed: bytes, label: str) -> bytes:
        """What `close` was given. Raises StoreError when it was sealed with another key or for another place."""
        mark = b"%s\0" % label.encode()
        try:
            data = self._fernet.decrypt(base64.urlsafe_b64encode(sealed))
        except InvalidToken:
            data = b""
        if not data.startswith(mark):
            raise StoreError(
                f"{label}: it cannot be decrypted; its key is not among the present ones, or it was changed"
            )
        return data[len(mark) :]


def _decoded(key: str, number: int) -> bytes:
    try:
        raw = base64.b64decode(key.strip().encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raw = b""
    if len(raw) != 32:
        raise StoreError(f"encryption key {number} is not 32 bytes in url-safe base64; {_HOW}")
    return raw


def load_keys(data_dir: Path) -> tuple[str, ...]:
    """The keys in `secret.key`, one per line; made when there is none. The caller holds the directory's lock."""
    file = data_dir / KEY_FILE
    try:
        text = file.read_text("ascii")
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{file} cannot be read ({type(error).__name__}): it holds the encryption key") from None
    keys = tuple(line.strip() for line in text.splitlines() if line.strip())
    return keys or (_made(file),)


def _made(file: Path) -> str:
    """A fresh key, on the disk before it is used: a database without its key is lost."""
    key = base64.urlsafe_b64encode(os.urandom(32)).decode()
    fresh = file.with_name(f"{file.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
            out.write(key + "\n")
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(file)
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise StoreError(f"the encryption key could not be written to {file}: {error.strerror}") from None
    return key
