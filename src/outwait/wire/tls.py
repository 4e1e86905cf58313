"""TLS contexts of both sides, with the same floor: TLS 1.2, HTTP/1.1 by ALPN, no compression.

Promises: a client context verifies certificate and name unless the operator said otherwise. The installed OpenSSL
decides the ciphers, since its maintainers know better than a list in a source file.
"""

from __future__ import annotations

import ssl

_ALPN = ["http/1.1"]


def server_context(cert: str, key: str | None = None) -> ssl.SSLContext:
    """For a listener: PEM files of `cert` (chain) and `key`, or both in `cert`. Raises OSError (SSLError is one)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(_ALPN)
    context.load_cert_chain(cert, key)
    return context


def client_context(ca_file: str | None = None, *, verify: bool = True) -> ssl.SSLContext:
    """For upstream connections: trust the system's authorities, or only those in `ca_file`.

    `verify=False` accepts any certificate for any name. Raises OSError when `ca_file` cannot be used.
    """
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(_ALPN)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
