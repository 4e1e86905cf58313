from __future__ import annotations

import pytest

from outwait.toolkit.path.question import Form, Part, Question, Target, request, target


@pytest.mark.parametrize(
    "url, where",
    [
        ("http://127.0.0.1:8787", Target("127.0.0.1", 8787, tls=False)),
        ("https://llm.example.com", Target("llm.example.com", 443, tls=True)),
        ("https://llm.example.com/v1", Target("llm.example.com", 443, tls=True)),
        ("https://llm.example.com/v1/chat/completions", Target("llm.example.com", 443, tls=True)),
        ("https://llm.example.com/llm/v1/", Target("llm.example.com", 443, tls=True, prefix="/llm")),
        ("https://llm.example.com/llm/", Target("llm.example.com", 443, tls=True, prefix="/llm")),
        ("http://[::1]:80", Target("::1", 80, tls=False)),
        ("http://[fe80::1%25eth0]", Target("fe80::1%eth0", 80, tls=False)),
        (" http://localhost ", Target("localhost", 80, tls=False)),
        ("https://user:secret@llm.example.com", Target("llm.example.com", 443, tls=True)),
    ],
)
def test_where_the_gateway_is(url: str, where: Target) -> None:
    assert target(url) == where


@pytest.mark.parametrize(
    "url",
    [
        "",
        "llm.example.com",
        "ftp://llm.example.com",
        "http://",
        "http://a:99999",
        "http://a:0",
        "http://a/ü",
        "http://a/b\r\nc: d",
    ],
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"no URL such as|must be encoded"):
        target(url)


@pytest.mark.parametrize(
    "question, query",
    [
        (Question(Form.STREAM, Part.FIRST_BYTE, 30), "form=stream&silence=30"),
        (Question(Form.JSON, Part.IDLE, 2.6), "form=json&silence=2.6&head=early"),
        (Question(Form.STREAM, Part.FIRST_BYTE, 7.5, 1.5, 1), "form=stream&silence=7.5&beat=1.5&after=1"),
        (Question(Form.UPLOAD, Part.UPLOAD, 60, size=100), "form=upload"),
        (Question(Form.STREAM, Part.FIRST_BYTE, 1 / 3), "form=stream&silence=0.333"),
    ],
)
def test_what_is_asked(question: Question, query: str) -> None:
    assert question.query == query


def test_a_request() -> None:
    head = request(target("http://127.0.0.1:8787/x"), "POST", "form=upload", "ow-key", 5).decode()
    assert head.startswith("POST /x/v1/probe?form=upload HTTP/1.1\r\nhost: 127.0.0.1:8787\r\n")
    assert "\r\ncontent-length: 5\r\n" in head
    assert head.endswith("\r\nauthorization: Bearer ow-key\r\n\r\n")


def test_to_a_forward_proxy_the_whole_url_is_said() -> None:
    head = request(target("http://[::1]:81"), "GET", "", "", absolute=True).decode()
    assert head.startswith("GET http://[::1]:81/v1/probe HTTP/1.1\r\nhost: [::1]:81\r\n")
    assert target("http://[fe80::1%25eth0]:81").authority == "[fe80::1]:81"  # a zone is this machine's alone
    assert "authorization" not in head
    assert "content-length" not in head


def test_the_usual_port_is_left_out() -> None:
    assert target("https://a").authority == "a"
    assert target("https://a:80").origin == "https://a:80"
