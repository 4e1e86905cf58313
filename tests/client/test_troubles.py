from __future__ import annotations

import importlib

import pytest

from outwait.client.evidence import evidence
from outwait.client.troubles import ANSWERED, CAUSES, ROUGH, TROUBLES, WORDS
from outwait.core.fault import FAULTS, RetryClass
from outwait.policy import retry

# Where libraries that are installed here keep their exceptions. Others are known from their sources.
HOMES = {
    "httpx2": ["httpx2"],
    "httpcore2": ["httpcore2", "httpx2"],
    "urllib3": ["urllib3.exceptions"],
    "requests": ["requests.exceptions"],
    "http": ["http.client"],
    "socket": ["socket"],
    "ssl": ["ssl"],
    "builtins": ["builtins"],
    "openai": ["openai"],
    "anthropic": ["anthropic"],
    "asyncio": ["asyncio"],
    "outwait": ["outwait.client"],
}


def test_the_classes_exist() -> None:
    known = [name.partition(".") for name in sorted({*TROUBLES, *ROUGH, *ANSWERED})]
    assert [
        f"{package}.{kind}"
        for package, _, kind in known
        if package in HOMES and not any(hasattr(importlib.import_module(home), kind) for home in HOMES[package])
    ] == []
    assert {package for package, _, _ in known} - HOMES.keys() == {"httpx", "httpcore", "aiohttp"}


@pytest.mark.parametrize("name", sorted({*TROUBLES, *ROUGH}))
def test_a_row_is_a_fault_with_a_class(name: str) -> None:
    package, _, kind = name.partition(".")
    error = type(kind, (Exception,), {"__module__": package})()
    known = evidence(error)
    assert known is not None
    row = {**ROUGH, **TROUBLES}[name]
    assert known.fault.code == row.code
    assert (known.retry_class is RetryClass.SAFE) == (name.rpartition(".")[2] in SAFE)


# Nothing was sent, or not all of it.
SAFE = frozenset(
    "ConnectError ConnectTimeout PoolTimeout ProxyError WriteError WriteTimeout NewConnectionError NameResolutionError"
    " ConnectTimeoutError EmptyPoolError ClientConnectorDNSError ClientConnectorSSLError ClientConnectorError"
    " ClientConnectorCertificateError ClientProxyConnectionError ConnectionTimeoutError gaierror"
    " SSLCertVerificationError ConnectionRefusedError BrokenPipeError".split()
)


def test_causes_are_those_of_the_house() -> None:
    known = {kind.cause for kind in FAULTS.values()} | set(retry.CAUSES)
    assert {*WORDS.values(), *CAUSES.values()} <= known
    assert all(word == word.lower() for word in WORDS)
