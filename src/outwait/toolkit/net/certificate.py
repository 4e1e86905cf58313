"""Certificates read and judged: for whom, by whom, until when, and everything that is wrong with a chain at once.

OpenSSL stops at the first thing that is wrong, which for an expired self-signed certificate is not the date. Here
each check is made on its own.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID, NameOID

from outwait.toolkit.net.findings import Certificate, Problem
from outwait.toolkit.net.remark import shown

# OpenSSL's verification codes (openssl/x509_vfy.h) and what they say that our own checks cannot see.
_CODES: Final = {
    2: Problem.INCOMPLETE_CHAIN,  # unable to get issuer certificate
    9: Problem.NOT_YET_VALID,
    10: Problem.EXPIRED,
    18: Problem.SELF_SIGNED,
    19: Problem.UNKNOWN_CA,  # self-signed certificate in the chain
    20: Problem.UNKNOWN_CA,  # unable to get local issuer certificate
    21: Problem.INCOMPLETE_CHAIN,  # unable to verify the first certificate
    62: Problem.WRONG_HOST,
    64: Problem.WRONG_HOST,
}


def read(der: bytes) -> Certificate | None:
    """The certificate in `der`; None for what is none."""
    try:
        parsed = x509.load_der_x509_certificate(der)
        names, key = _names(parsed), _key(parsed)
        subject, issuer = shown(_called(parsed.subject)), shown(_called(parsed.issuer))
    except (ValueError, x509.UnsupportedGeneralNameType):
        return None
    return Certificate(
        subject=subject,
        issuer=issuer,
        names=names,
        not_before=parsed.not_valid_before_utc.timestamp(),
        not_after=parsed.not_valid_after_utc.timestamp(),
        key=key,
        fingerprint=parsed.fingerprint(hashes.SHA256()).hex(),
        self_signed=parsed.subject == parsed.issuer,
        fetchable=_fetchable(parsed),
        common_names=_common(parsed.subject),
    )


def problems(chain: Sequence[Certificate], host: str, now: float, code: int | None) -> tuple[Problem, ...]:
    """Everything that is wrong with `chain` for `host` at `now` (Unix time), the plainest first.

    `code`: OpenSSL's verification error, None if it had none: then nothing is wrong but what it names.
    """
    if code is None:
        return ()
    found: list[Problem] = []
    if any(now > each.not_after for each in chain[:2]):
        found.append(Problem.EXPIRED)
    if any(now < each.not_before for each in chain[:2]):
        found.append(Problem.NOT_YET_VALID)
    if chain and not speaks_for(chain[0], host):
        found.append(Problem.WRONG_HOST)
    told = _CODES.get(code, Problem.OTHER)
    if told is Problem.INCOMPLETE_CHAIN and len(chain) > 1:
        told = Problem.UNKNOWN_CA
    if told in (Problem.UNKNOWN_CA, Problem.INCOMPLETE_CHAIN) and len(chain) == 1:
        # A public authority signs with an intermediate, which should have been sent; a private one often has none.
        told = Problem.INCOMPLETE_CHAIN if chain[0].fetchable else Problem.UNKNOWN_CA
    if told not in found:
        found.append(told)
    return tuple(found)


def speaks_for(leaf: Certificate, host: str) -> bool:
    """Whether `leaf` is for `host` in OpenSSL's eyes (X509_check_host), which are those of Python, curl and nginx."""
    return covers(leaf.names, host) or by_common_name(leaf, host)


def by_common_name(leaf: Certificate, host: str) -> bool:
    """Whether only the common name says that `leaf` is for `host`. It counts for hosts, where no other name does; Go
    and browsers never look at it (RFC 9525, 2).
    """
    if _address(host) is not None or any(_address(name) is None for name in leaf.names):
        return False
    return covers(leaf.common_names, host)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.rstrip("."))
    except ValueError:
        return None


def covers(names: Iterable[str], host: str) -> bool:
    """Whether a certificate for `names` is one for `host` (RFC 9525, 6.3: one `*`, for the whole first label)."""
    wanted = host.rstrip(".").lower()
    address = _address(wanted)
    if address is None:
        return any(_matches(name.rstrip(".").lower(), wanted) for name in names)
    return any(_is(name, address) for name in names)


def _matches(name: str, wanted: str) -> bool:
    if not name.startswith("*."):
        return name == wanted
    first, dot, rest = wanted.partition(".")
    return bool(first and dot) and rest == name[2:] and "." in rest


def _is(name: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return ipaddress.ip_address(name) == ipaddress.ip_address(str(address).partition("%")[0])
    except ValueError:
        return False


def _common(subject: x509.Name) -> tuple[str, ...]:
    return tuple(shown(str(part.value)) for part in subject.get_attributes_for_oid(NameOID.COMMON_NAME))


def _names(parsed: x509.Certificate) -> tuple[str, ...]:
    try:
        found = parsed.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    except x509.ExtensionNotFound:
        return ()
    if not isinstance(found, x509.SubjectAlternativeName):
        return ()
    hosts = found.get_values_for_type(x509.DNSName)
    addresses = [str(each) for each in found.get_values_for_type(x509.IPAddress)]
    return tuple(shown(each) for each in (*hosts, *addresses))


def _fetchable(parsed: x509.Certificate) -> bool:
    try:
        found = parsed.extensions.get_extension_for_oid(ExtensionOID.AUTHORITY_INFORMATION_ACCESS).value
    except x509.ExtensionNotFound:
        return False
    issuers = AuthorityInformationAccessOID.CA_ISSUERS
    return isinstance(found, x509.AuthorityInformationAccess) and any(each.access_method == issuers for each in found)


def _called(name: x509.Name) -> str:
    """A name as people say it: its common name and its organisation."""
    kinds = (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
    parts = [str(part.value) for kind in kinds for part in name.get_attributes_for_oid(kind)]
    return ", ".join(dict.fromkeys(parts)) or name.rfc4514_string()


def _key(parsed: x509.Certificate) -> str:
    try:
        key = parsed.public_key()
    except (ValueError, TypeError):
        return "unknown"
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return "Ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else "Ed448"
    return type(key).__name__
