"""What a configuration must have beyond its own rules: certificates that load, channels that can be
addressed, and a driver for the database.

Checked before anything starts and before a reload is taken up, so that a worker never finds out by dying.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from outwait.config import catalog as catalogs
from outwait.config.errors import ConfigError, Problem
from outwait.config.settings import Settings
from outwait.upstream.address import AddressBook, InvalidAddress
from outwait.wire import tls


def check(settings: Settings) -> None:
    """Raises ConfigError with everything that would not work."""
    problems = [*_certificate(settings), *_channels(settings), *_store(settings)]
    if problems:
        raise ConfigError(problems, settings.origin.file)


def _certificate(settings: Settings) -> Iterator[Problem]:
    section = settings.server.tls
    if section is None:
        return
    try:
        tls.server_context(section.cert, section.key)
    except OSError as error:
        what = f"cannot be used: {error.strerror or error}"
        expected = "a PEM certificate chain in `cert` and its private key in `key`, not encrypted"
        yield Problem("server.tls", what, expected=expected)


def _store(settings: Settings) -> Iterator[Problem]:
    """The database itself is for whoever opens it: it may come up after us. Nothing of it is loaded here."""
    if settings.store.url is not None and find_spec("psycopg") is None:
        yield Problem("store.url", "needs the driver of PostgreSQL", expected="pip install 'outwait[postgres]'")


def _channels(settings: Settings) -> Iterator[Problem]:
    for index, channel in enumerate(catalogs.build(settings).channels):
        path = f"channels[{index}]"
        try:
            AddressBook([channel])
        except InvalidAddress as error:
            yield Problem(path, str(error))
        if channel.ca_file is not None:
            try:
                tls.client_context(channel.ca_file)
            except OSError as error:
                what = f"cannot be used: {error.strerror or error}"
                yield Problem(f"{path}.ca_file", what, repr(channel.ca_file), "PEM certificates of authorities")
