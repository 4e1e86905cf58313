from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from tests.toolkit.net import peers
from tests.toolkit.net.cases import DAY, LEAF, NOW

from outwait.toolkit.net.certificate import by_common_name, covers, problems, read, speaks_for
from outwait.toolkit.net.findings import Problem


def test_a_certificate_is_read() -> None:
    made, _ = peers.certificate("api.example.com", (-10, 80), issuer="Some CA", fetchable=True)
    found = read(made.public_bytes(Encoding.DER))
    assert found is not None
    assert (found.subject, found.issuer, found.names) == ("api.example.com", "Some CA", ("api.example.com",))
    assert round((found.not_after - found.not_before) / DAY) == 90
    assert (found.key, found.self_signed, found.fetchable, len(found.fingerprint)) == ("EC secp256r1", False, True, 64)
    own = read(peers.certificate("own")[0].public_bytes(Encoding.DER))
    assert own is not None
    assert (own.self_signed, own.fetchable) == (True, False)


@given(st.binary(max_size=300))
def test_what_is_none_is_none(raw: bytes) -> None:
    assert read(raw) is None


def test_keys_and_names_of_other_kinds() -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import dsa, ed448, ed25519, rsa

    bare = x509.Name([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "DE")])
    for key, told in (
        (rsa.generate_private_key(65537, 2048), "RSA 2048"), (ed25519.Ed25519PrivateKey.generate(), "Ed25519"),
        (ed448.Ed448PrivateKey.generate(), "Ed448"), (dsa.generate_private_key(1024), "DSAPublicKey"),
    ):  # fmt: skip
        builder = x509.CertificateBuilder().subject_name(bare).issuer_name(bare).serial_number(1)
        old, _ = peers.certificate("x")
        builder = builder.not_valid_before(old.not_valid_before_utc).not_valid_after(old.not_valid_after_utc)
        plain = isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
        made = builder.public_key(key.public_key()).sign(key, None if plain else hashes.SHA256())
        found = read(made.public_bytes(Encoding.DER))
        assert found is not None
        assert (found.subject, found.names) == ("C=DE", ())
        assert found.key == told or told == "DSAPublicKey" in type(key.public_key()).__name__


def test_everything_that_is_wrong_is_told() -> None:
    expired = replace(LEAF, not_before=NOW - 90 * DAY, not_after=NOW - DAY)
    signed = replace(expired, self_signed=True)
    assert problems((expired,), "api.example.com", NOW, 10) == (Problem.EXPIRED,)
    assert problems((signed,), "api.example.com", NOW, 18) == (Problem.EXPIRED, Problem.SELF_SIGNED)
    assert problems((LEAF,), "other.example", NOW, 62) == (Problem.WRONG_HOST,)
    assert problems((LEAF,), "api.example.com", NOW - 20 * DAY, 9) == (Problem.NOT_YET_VALID,)
    assert problems((LEAF,), "api.example.com", NOW, 20) == (Problem.UNKNOWN_CA,)
    assert problems((replace(LEAF, fetchable=True),), "api.example.com", NOW, 21) == (Problem.INCOMPLETE_CHAIN,)
    assert problems((LEAF, LEAF), "api.example.com", NOW, 21) == (Problem.UNKNOWN_CA,)
    assert problems((LEAF, LEAF), "api.example.com", NOW, 19) == (Problem.UNKNOWN_CA,)
    assert problems((), "api.example.com", NOW, 66) == (Problem.OTHER,)
    assert problems((expired,), "other.example", NOW, None) == ()  # what OpenSSL takes is taken


@pytest.mark.parametrize(
    "names, common, host, expected",
    [
        ((), "localhost", "LOCALHOST.", True), ((), "*.example.com", "a.example.com", True),
        ((), "localhost", "other", False), ((), "192.0.2.1", "192.0.2.1", False),
        (("192.0.2.1",), "localhost", "localhost", True), (("a.example",), "localhost", "localhost", False),
    ],
)  # fmt: skip
def test_a_common_name_counts_where_no_other_name_is_a_hosts(
    names: tuple[str, ...], common: str, host: str, expected: bool
) -> None:
    """As OpenSSL does it, and so the handshake itself: X509_check_host."""
    leaf = replace(LEAF, names=names, common_names=(common,), self_signed=True)
    assert by_common_name(leaf, host) is speaks_for(leaf, host) is expected
    wrong = () if expected else (Problem.WRONG_HOST,)
    assert problems((leaf,), host, NOW, 18) == (*wrong, Problem.SELF_SIGNED)


def test_the_common_name_is_read() -> None:
    found = read(peers.certificate("api.example.com", host="other.example")[0].public_bytes(Encoding.DER))
    assert found is not None
    assert (found.common_names, speaks_for(found, "api.example.com")) == (("api.example.com",), False)


@pytest.mark.parametrize(
    "name, host, expected",
    [
        ("api.example.com", "API.example.com.", True), ("*.example.com", "api.example.com", True),
        ("*.example.com", "a.b.example.com", False), ("*.example.com", "example.com", False), ("*.com", "a.com", False),
        ("192.0.2.1", "192.0.2.1", True), ("fe80::1", "fe80::1%eth0", True), ("*.0.2.1", "192.0.2.1", False),
        ("api.example.com", "192.0.2.1", False), ("*.example.com", ".example.com", False),
    ],
)  # fmt: skip
def test_whom_a_name_covers(name: str, host: str, expected: bool) -> None:
    assert covers((name,), host) is expected
