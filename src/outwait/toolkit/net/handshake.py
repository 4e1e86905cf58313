"""TLS on an open connection: as a client would, and where that fails once more without judging, to show the peer."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from outwait.toolkit.net import certificate
from outwait.toolkit.net.findings import Certificate, Shook, Tls
from outwait.toolkit.net.line import Line
from outwait.toolkit.net.request import printable

Opener = Callable[[], Awaitable[Line | None]]
"""Makes a further connection to the same address; None if that fails."""
# What OpenSSL calls a record that is none (openssl/sslerr.h).
_NOT_TLS: Final = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "UNKNOWN_PROTOCOL",
    "PACKET_LENGTH_TOO_LONG",
    "RECORD_TOO_SMALL",
)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to believe: the system's authorities and those of `ca_file`, when they speak of `host`."""

    host: str
    ca_file: Path | None = None


async def shake(line: Line, trust: Trust, again: Opener, timeout: float, now: float) -> tuple[Line | None, Tls]:
    """A handshake on `line` for `trust.host`, at Unix time `now`.

    Returns the line to go on with: `line` itself, or, when its certificate is not to be trusted, another one on which
    that was not asked. None when there is none. Takes at most twice `timeout` seconds.

    After a handshake that somebody ended, `without_name` says whether it is the name that he minds.
    """
    first = await _once(line, _strict(trust), trust.host, timeout)
    if first.shook is Shook.OK:
        return line, first
    if first.shook is Shook.UNTRUSTED:
        return await _unjudged(first, trust, again, timeout, now)
    if first.shook in (Shook.RESET, Shook.CLOSED, Shook.SILENT):
        return None, replace(first, without_name=await _by_name(again, trust.host, timeout / 2))
    return None, first


async def _once(line: Line, context: ssl.SSLContext, host: str, timeout: float) -> Tls:
    loop = asyncio.get_running_loop()
    began = loop.time()
    code: int | None = None
    detail, shook = "", Shook.OK
    try:
        async with asyncio.timeout(timeout):
            await line.handshake(context, _sni(host))
    except ssl.SSLCertVerificationError as error:
        shook, detail, code = Shook.UNTRUSTED, error.verify_message, error.verify_code
    except ssl.SSLError as error:
        shook, detail = refusal(error.reason or "", line.seen), error.reason or str(error)
    except EOFError:
        shook = Shook.CLOSED if line.seen[:1] in (b"", b"\x15", b"\x16") else Shook.NOT_TLS
    except ConnectionError as error:
        shook, detail = Shook.RESET, error.strerror or ""
    except TimeoutError:
        shook = Shook.SILENT
    except OSError as error:
        shook, detail = Shook.FAILED, error.strerror or str(error)
    found = Tls(shook, loop.time() - began, detail=detail, acknowledged=line.acknowledged(), info=line.info)
    if shook is Shook.OK and line.tls is not None:
        cipher = (line.tls.cipher() or ("",))[0]
        return replace(found, chain=chain_of(line.tls), version=line.tls.version() or "", cipher=cipher)
    if shook is Shook.UNTRUSTED:
        return replace(found, detail=f"{code}: {detail}")
    return replace(found, spoken=printable(line.seen)) if shook is Shook.NOT_TLS else found


async def _unjudged(first: Tls, trust: Trust, again: Opener, timeout: float, now: float) -> tuple[Line | None, Tls]:
    """The same without judging, so that the certificate can be shown and the server spoken to."""
    code, _, words = first.detail.partition(": ")
    line = await again()
    if line is None:
        return None, replace(first, detail=words, problems=certificate.problems((), trust.host, now, int(code)))
    second = await _once(line, _blind(), trust.host, timeout)
    wrong = certificate.problems(second.chain, trust.host, now, int(code))
    told = replace(second, shook=Shook.UNTRUSTED, seconds=first.seconds, detail=words, problems=wrong)
    if second.shook is Shook.OK:
        return line, told
    line.close()
    return None, told


async def _by_name(again: Opener, host: str, timeout: float) -> bool | None:
    """Whether a hello without the name is answered, and one with it, once more, is not; None if that is not known."""
    without = await _answered(again, None, timeout)
    if not without:
        return without
    return True if await _answered(again, _sni(host), timeout) is False else None


async def _answered(again: Opener, name: str | None, timeout: float) -> bool | None:
    """Whether a hello for `name` (None: for nobody) comes to an answer; None if it could not be tried."""
    line = await again()
    if line is None:
        return None
    try:
        async with asyncio.timeout(timeout):
            await line.handshake(_blind(), name)
    except ssl.SSLError:
        return True  # declined, which is an answer
    except (OSError, EOFError):
        return bool(line.seen)
    else:
        return True
    finally:
        line.close()


def refusal(reason: str, seen: bytes) -> Shook:
    """What OpenSSL's `reason` for an end of the handshake means; `seen`: the first bytes of the peer."""
    if reason in _NOT_TLS or (seen and seen[0] not in (0x15, 0x16)):
        return Shook.NOT_TLS
    if "ALERT" in reason or reason in ("UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE", "WRONG_SSL_VERSION"):
        return Shook.ALERT
    return Shook.FAILED


def chain_of(tls: ssl.SSLObject) -> tuple[Certificate, ...]:
    """The certificates as the peer sent them; where Python cannot say (before 3.13 only inside), its own alone."""
    inner: Any = tls if hasattr(tls, "get_unverified_chain") else getattr(tls, "_sslobj", None)
    raw: list[bytes] = []
    if hasattr(inner, "get_unverified_chain"):
        raw = [_der(each) for each in inner.get_unverified_chain() or ()]
    leaf = tls.getpeercert(binary_form=True)
    raw = raw or ([leaf] if leaf else [])
    return tuple(found for each in raw if (found := certificate.read(each)) is not None)


def _der(each: Any) -> bytes:
    return each if isinstance(each, bytes) else ssl.PEM_cert_to_DER_cert(each.public_bytes())


async def preferred(again: Opener, host: str, timeout: float) -> str:
    """The protocol the peer chooses when it is offered HTTP/2 too (ALPN); "" if it names none or that fails."""
    line = await again()
    if line is None:
        return ""
    try:
        async with asyncio.timeout(timeout):
            await line.handshake(_blind(("h2", "http/1.1")), _sni(host))
        return (line.tls.selected_alpn_protocol() or "") if line.tls is not None else ""
    except (OSError, EOFError):
        return ""
    finally:
        line.close()


async def speaks(again: Opener, host: str, timeout: float) -> bool:
    """Whether a TLS handshake can be done there."""
    line = await again()
    if line is None:
        return False
    try:
        async with asyncio.timeout(timeout):
            await line.handshake(_blind(), _sni(host))
    except (OSError, EOFError):
        return line.seen[:1] == b"\x16"
    else:
        return True
    finally:
        line.close()


def _sni(host: str) -> str:
    return host.rstrip(".").partition("%")[0]


def _strict(trust: Trust) -> ssl.SSLContext:
    """As clients judge: SSL_CERT_FILE and SSL_CERT_DIR count too (OpenSSL), and what the caller names."""
    context = ssl.create_default_context()
    if trust.ca_file is not None:
        context.load_verify_locations(trust.ca_file)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _blind(protocols: Sequence[str] = ("http/1.1",)) -> ssl.SSLContext:
    """Takes any certificate: it looks, and sends nothing that is secret."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(list(protocols))
    return context
