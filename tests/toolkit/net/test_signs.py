from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.toolkit.net.signs import elsewhere, inspector, signed, wants_certificate, wants_tls


@pytest.mark.parametrize(
    "issuer, box",
    [
        ("Zscaler Intermediate Root CA (zscaler.net), Zscaler Inc.", "Zscaler"), ("FortiGate CA", "Fortinet FortiGate"),
        ("mitmproxy", "mitmproxy"), ("Sangfor SSL CA", "Sangfor"), ("R11, Let's Encrypt", ""),
        ("DigiCert TLS RSA SHA256 2020 CA1", ""), ("Cloudflare TLS Issuing ECC CA 1", ""), ("GTS CA 1C3", ""),
        ("Gateway CA - Cloudflare Managed G1 abc", "Cloudflare Gateway"), ("Example Company Root", ""),
    ],
)  # fmt: skip
def test_boxes_are_known_by_their_authorities(issuer: str, box: str) -> None:
    assert inspector(issuer) == box


@pytest.mark.parametrize(
    "headers, body, who",
    [
        ({}, "<hr><center>nginx/1.22.1</center>", "nginx"), ({}, "<center>openresty</center>", "openresty"),
        ({}, "<html><body><h1>504 Gateway Time-out</h1>", "haproxy"), ({}, "upstream request timeout", "envoy"),
        ({"server": "cloudflare"}, "error code: 524", "cloudflare"), ({"server": "nginx/1.22.1"}, "{}", "nginx"),
        ({"server": "Caddy"}, "", "caddy"), ({"cf-ray": "1"}, "", "cloudflare"), ({"server": "mine"}, "", ""),
        ({"server": "nginx"}, "<address>Apache/2.4</address>", "apache"),  # who made the page, not who passed it on
    ],
)  # fmt: skip
def test_who_made_a_reply(headers: dict[str, str], body: str, who: str) -> None:
    assert signed(headers, body) == who


def test_ports_that_want_tls() -> None:
    assert wants_tls(b"\x15\x03\x01\x00\x02\x02F")
    assert wants_tls(b"<h1>400 The plain HTTP request was sent to HTTPS port</h1>")
    assert wants_tls(b"Client sent an HTTP request to an HTTPS server.\n")
    assert not wants_tls(b"<h1>400 Bad Request</h1>")


def test_pages_that_want_a_certificate() -> None:
    assert wants_certificate("<title>400 No required SSL certificate was sent</title>")
    assert not wants_certificate("<title>400 Bad Request</title>")


@pytest.mark.parametrize(
    "location, there",
    [
        ("https://api.example.com/v2", ""), ("/login", ""), ("https://www.example.com/", ""), ("", ""),
        ("https://example.com/", ""), ("http://login.hotel.example/?u=x", "login.hotel.example"), ("http://[::1", ""),
        ("http://10.0.0.1/portal", "10.0.0.1"),
    ],
)  # fmt: skip
def test_redirects_to_others(location: str, there: str) -> None:
    host = "api.example.com"
    assert elsewhere(location, host) == there


@given(st.text(max_size=100), st.text(max_size=100))
def test_any_text_can_be_looked_at(one: str, other: str) -> None:
    inspector(one)
    signed({"server": one}, other)
    elsewhere(one, other)
