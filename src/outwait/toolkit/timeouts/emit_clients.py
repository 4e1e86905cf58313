"""Settings of clients: SDKs, HTTP libraries, command lines."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from outwait.toolkit.timeouts.emit_clients_curl import CURL
from outwait.toolkit.timeouts.emit_clients_node import NODE
from outwait.toolkit.timeouts.emit_clients_python import PYTHON
from outwait.toolkit.timeouts.snippet import Emitter

CLIENTS: Final[Mapping[str, Emitter]] = MappingProxyType({**PYTHON, **NODE, **CURL})
