from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.wire.endpoint import refusal

REFUSED_4 = ("169.254.169.254", "169.254.0.1", "168.63.129.16", "100.100.100.200", "224.0.0.1", "255.255.255.255")


@pytest.mark.parametrize("address", REFUSED_4)
@pytest.mark.parametrize(
    "form",
    ["{}", "::ffff:{}", "64:ff9b::{}", "64:ff9b:1::{}", "::{}"],
    ids=["plain", "mapped", "nat64", "local", "old"],
)
def test_metadata_is_refused_in_every_form(address: str, form: str) -> None:
    assert refusal(form.format(address)) is not None


@pytest.mark.parametrize("address", ["fe80::1", "fe80::1%eth0", "fd00:ec2::254", "2002:a9fe:a9fe::1", "ff02::1"])
def test_ipv6_metadata_and_link_local_are_refused(address: str) -> None:
    assert refusal(address) is not None


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "100.64.0.1",
        "1.1.1.1",
        "::1",
        "fd00::1",
        "2606:4700::1111",
        "::ffff:10.0.0.1",
    ],
)
def test_public_private_and_loopback_are_allowed(address: str) -> None:
    assert refusal(address) is None


def test_a_name_is_not_judged() -> None:
    with pytest.raises(ValueError, match="example"):
        refusal("example.com")


@given(st.integers(0, 2**32 - 1))
def test_a_mapped_address_is_judged_like_the_plain_one(number: int) -> None:
    plain = IPv4Address(number)
    assert refusal(str(plain)) == refusal(str(IPv6Address(0xFFFF << 32 | number)))
