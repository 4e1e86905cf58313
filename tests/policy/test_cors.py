"""Which pages are admitted, and what their browsers are told."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from outwait.policy.cors import MAX_AGE, Origins, is_preflight, is_rebound, is_unasked, tidied

CHAT = "https://chat.example.com"
LISTED = Origins.of([CHAT, "http://localhost:*", "http://[::1]:*"])
EVERYONE = Origins.of(["*", CHAT])
READABLE = ("access-control-expose-headers", "*")
VARIES = ("vary", "Origin")
# What may stand in a request's header once the wire has read it.
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=60)


def asks(origin: str = CHAT, method: str = "POST", **more: str) -> dict[str, str]:
    fields = {"origin": origin, "access-control-request-method": method}
    return {**fields, **{f"access-control-request-{name}".replace("_", "-"): told for name, told in more.items()}}


# ------------------------------------------------------------------------------------------------------------- origins
@pytest.mark.parametrize(
    "told, kept",
    [
        ("*", "*"),
        (" https://Chat.Example.com/ ", CHAT),
        ("https://chat.example.com:443", CHAT),
        ("http://chat.example.com:80", "http://chat.example.com"),
        ("https://chat.example.com:80", "https://chat.example.com:80"),
        ("http://localhost:03000", "http://localhost:3000"),
        ("http://localhost:*", "http://localhost:*"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"),
        ("tauri://localhost", "tauri://localhost"),
        ("app://obsidian.md", "app://obsidian.md"),
    ],
)
def test_origins_are_written_as_browsers_write_them(told: str, kept: str) -> None:
    assert tidied(told) == kept
    assert tidied(kept) == kept


@pytest.mark.parametrize(
    "told, why",
    [
        ("null", "any page"),
        ("chat.example.com", "no scheme"),
        ("localhost:3000", "no scheme"),
        ("", "no scheme"),
        ("https://chat.example.com/app", "a path"),
        ("https://chat.example.com?x", "a path"),
        ("https://me:pw@chat.example.com", "a user"),
        ("https://*.example.com", "hosts are named"),
        ("https://*:*", "hosts are named"),
        ("https://chät.example.com", "xn--"),
        ("http://localhost:0", "a port"),
        ("http://localhost:65536", "a port"),
        ("http://", "^$"),
        ("http://local host", "^$"),
        ("http://localhost:30*", "not its whole port"),
        ("http://localhost\r\nset-cookie: a", "^$"),
    ],
)
def test_what_is_no_origin_is_told_why(told: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        tidied(told)


@pytest.mark.parametrize(
    "origin, admitted",
    [
        (CHAT, True),
        ("http://chat.example.com", False),
        ("https://chat.example.com:8443", False),
        ("https://chat.example.com.evil.example", False),
        ("https://evil.example/https://chat.example.com", False),
        ("https://chat.example.com, https://evil.example", False),
        ("http://localhost", True),
        ("http://localhost:3000", True),
        ("http://[::1]:8080", True),
        ("http://[::1]", True),
        ("https://localhost:3000", False),
        ("http://localhost:", False),
        ("http://localhost:*", False),
        ("http://localhost:123456", False),
        ("http://localhost:3000.evil.example", False),
        ("http://localhost:@evil.example", False),
        ("http://localhost:3\xb2", False),
        ("http://localhost.evil.example:3000", False),
        ("null", False),
        ("*", False),
        ("", False),
    ],
)
def test_only_pages_of_listed_origins_are_admitted(origin: str, admitted: bool) -> None:
    assert LISTED.admits(origin) is admitted
    assert EVERYONE.admits(origin)
    assert not Origins().admits(origin)


# --------------------------------------------------------------------------------------------------------------- lines
def test_an_answer_to_a_listed_page_names_it_and_others_are_told_nothing() -> None:
    assert LISTED.lines(CHAT) == (("access-control-allow-origin", CHAT), READABLE, VARIES)
    assert LISTED.lines("https://evil.example") == LISTED.lines(None) == (VARIES,)


def test_where_everyone_may_the_answer_is_the_same_for_all() -> None:
    same = (("access-control-allow-origin", "*"), READABLE)
    assert EVERYONE.lines(CHAT) == EVERYONE.lines("https://evil.example\xff") == EVERYONE.lines(None) == same


@given(st.one_of(VALUES, VALUES.map("http://localhost:".__add__), st.integers(0).map("http://[::1]:{}".format)))
@example("http://localhost:80\n")
def test_what_is_said_back_is_an_origin(origin: str) -> None:
    said = dict(LISTED.lines(origin))
    assert said["vary"] == "Origin"
    if LISTED.admits(origin):
        assert said["access-control-allow-origin"] == origin
        assert re.fullmatch(r"https?://[a-z.:\[\]0-9]+", origin)
    else:
        assert said == {"vary": "Origin"}


@given(st.lists(st.from_regex(r"https?://[a-zA-Z0-9-]{1,9}(:[1-9][0-9]{0,3}|:\*)?/?", fullmatch=True), max_size=4))
def test_what_is_listed_is_admitted_and_nothing_else(listed: list[str]) -> None:
    kept = [tidied(each) for each in listed]
    origins = Origins.of(kept)
    for each in kept:
        assert origins.admits(each.removesuffix(":*"))
        assert origins.admits(each.replace(":*", ":4711"))
    for each in ("https://other.example", "http://other.example:4711", "null"):
        assert not origins.admits(each)


# ---------------------------------------------------------------------------------------------------------- preflights
def test_a_preflight_is_told_what_is_taken() -> None:
    said = LISTED.preflight(asks(headers="authorization,content-type, x-stainless-os"), ["GET", "DELETE"])
    assert said == (
        ("access-control-max-age", str(MAX_AGE)),
        ("access-control-allow-methods", "GET, DELETE"),
        ("access-control-allow-headers", "authorization,content-type, x-stainless-os"),
    )


def test_where_nothing_is_the_asked_method_is_let_through_to_be_told_so() -> None:
    assert ("access-control-allow-methods", "DELETE") in (LISTED.preflight(asks(method="DELETE"), ()) or ())


def test_a_page_may_ask_a_machine_of_the_private_network() -> None:
    allowed = ("access-control-allow-private-network", "true")
    assert allowed in (LISTED.preflight(asks(private_network="true"), ["POST"]) or ())
    assert allowed not in (LISTED.preflight(asks(private_network="false"), ["POST"]) or ())
    assert LISTED.preflight(asks("https://evil.example", private_network="true"), ["POST"]) is None


@pytest.mark.parametrize(
    "headers",
    [asks("https://evil.example"), {"origin": CHAT}, {"access-control-request-method": "POST"}, {}],
)
def test_strangers_and_what_is_no_preflight_are_not_answered(headers: dict[str, str]) -> None:
    assert LISTED.preflight(headers, ["POST"]) is None


def test_a_preflight_is_an_options_with_both_headers() -> None:
    assert is_preflight("OPTIONS", asks())
    assert not is_preflight("POST", asks())
    assert not is_preflight("OPTIONS", {"origin": CHAT})


@pytest.mark.parametrize("names", ["", "a b", "a,,b", ",", "a:b", "a\xe4", "a" * 4097])
def test_names_that_are_none_are_not_said_back(names: str) -> None:
    said = dict(LISTED.preflight(asks(headers=names), ["POST"]) or ())
    assert set(said) == {"access-control-max-age", "access-control-allow-methods"}


@given(VALUES, VALUES, VALUES, st.lists(st.sampled_from(["GET", "POST"]), unique=True))
def test_whatever_is_asked_the_answer_is_well_formed(method: str, names: str, private: str, taken: list[str]) -> None:
    said = EVERYONE.preflight(asks("null", method, headers=names, private_network=private), taken)
    assert said is not None
    for name, told in said:
        assert re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*", told), name
    if taken:
        assert dict(said)["access-control-allow-methods"] == ", ".join(taken)


# ------------------------------------------------------------------------------------------------------ what is unasked
@pytest.mark.parametrize("kind", ["text/plain", "Text/Plain; charset=utf-8", "multipart/form-data; boundary=a", None])
def test_what_a_form_could_send_is_unasked(kind: str | None) -> None:
    headers = {"origin": "null", "accept": "*/*", **({} if kind is None else {"content-type": kind})}
    assert is_unasked("POST", headers)
    assert not is_unasked("GET", headers)
    assert not is_unasked("DELETE", headers)
    assert not is_unasked("POST", {name: told for name, told in headers.items() if name != "origin"})
    for name in ("authorization", "x-api-key", "x-goog-api-key"):
        assert not is_unasked("POST", {**headers, name: ""})


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "audio/wav"])
def test_what_no_form_can_send_is_not(kind: str) -> None:
    assert not is_unasked("POST", {"origin": "null", "content-type": kind})


# ------------------------------------------------------------------------------------------------------ what is rebound
@pytest.mark.parametrize("name", ["evil.example", "EVIL.example", "evil.example.", "127.0.0.1.nip.io", "host"])
def test_a_page_of_any_name_on_our_port_is_rebound(name: str) -> None:
    host = f"{name}:8080"
    page = {"host": host, "origin": f"http://{host.lower()}", "content-type": "application/json"}
    assert is_rebound(page, 8080)
    assert not is_rebound(page, 8081)
    assert not is_rebound({**page, "x-forwarded-for": "192.0.2.1"}, 8080)
    assert not is_rebound({**page, "origin": "http://other.example:8080"}, 8080)
    assert not is_rebound({**page, "origin": f"https://{host.lower()}"}, 8080)
    assert not is_rebound({"host": host}, 8080)


def test_the_usual_port_is_not_written() -> None:
    assert is_rebound({"host": "evil.example", "origin": "http://evil.example"}, 80)
    assert not is_rebound({"host": "evil.example", "origin": "http://evil.example"}, 8080)


@pytest.mark.parametrize("name", ["localhost", "a.localhost", "127.0.0.1", "[::1]", "[fe80::1]", ""])
def test_what_is_this_machine_is_not_rebound(name: str) -> None:
    assert not is_rebound({"host": f"{name}:8080", "origin": f"http://{name}:8080"}, 8080)
    assert not is_rebound({"host": name, "origin": f"http://{name}"}, 80)
