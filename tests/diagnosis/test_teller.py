from __future__ import annotations

import pytest

from outwait.diagnosis.fold import fold
from outwait.diagnosis.teller import Teller, teller


def told(text: str, **headers: str) -> Teller:
    folded = fold(text)
    return teller(folded, folded.text, {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    "text, signer",
    [
        ("<h1>504 Gateway Time-out</h1><hr><center>openresty</center>", "nginx"),
        ("<title>host | 524: A timeout occurred</title>", "cloudflare"),
        ("The upstream server is timing out", "kong"),
        ("upstream request timeout", "envoy"),
        ("plain words", ""),
    ],
)
def test_who_signed_it(text: str, signer: str) -> None:
    assert told(text).signer == signer
    assert told(text).mark in text


def test_a_header_signs_what_the_text_does_not() -> None:
    assert told("502", server="nginx/1.27")[-2:] == ("nginx", "server: nginx/1.27")
    assert told("502", server="uvicorn").signer == ""
    assert told("502", via="1.1 varnish").signer == "varnish"
    assert told("<center>nginx</center>", server="cloudflare").signer == "nginx"


def test_gateways_are_known_by_their_words_or_headers() -> None:
    assert told("relay error (channel #2)").gateway == "relay error"
    assert told("LiteLLM Proxy: APITimeoutError").gateway == "LiteLLM Proxy"
    assert told('{"error": {"message": "litellm.Timeout: late"}}').gateway == 'message": "litellm.'
    assert told("litellm.Timeout: late").gateway == ""  # the library, in the caller's own program
    assert told("timeout", x_oneapi_request_id="1").gateway == "x-oneapi-request-id"
    assert told("timeout").gateway == ""


def test_a_reply_in_the_form_of_an_api_was_written_by_who_was_called() -> None:
    assert told('{"error": {"message": "late", "param": null, "code": 500}}').relayed
    assert told("{'message': 'late', 'param': 'None'}").relayed
    assert told('{"message": "late", "param": ""}').relayed
    assert not told('{"message": "wrong", "param": "tools"}').relayed
    assert not told("param: undefined").relayed


def test_pages_and_local_addresses() -> None:
    assert told("<HTML><body>").page
    assert told("Bad Gateway", content_type="text/html; charset=utf-8").page
    assert not told('{"error": 1}').page
    assert told("http://localhost:11434").local
    assert told("http://[::1]:11434").local
    assert not told("http://192.0.2.1").local


@pytest.mark.parametrize(
    "text, public",
    [
        ("Cannot connect to host api.example.com:443", True),
        ("could not reach https://llm.example.org/v1", True),
        ("Failed to connect to api.example.com.", True),
        ("无法连接到 https://llm.example.org", True),
        ("Cannot connect to host ollama:11434", False),
        ("failed to connect to http://192.168.1.4:8080", False),
        ("failed to connect to http://model.default.svc:8080", False),
        ("could not reach nas.local", False),
        ("at connect (net.js:12) see https://docs.example.com", True),  # what stands behind it, whatever it is for
        ("https://llm.example.org said 500", False),
        ("Cannot connect to host", False),
    ],
)
def test_hosts_of_the_internet(text: str, public: bool) -> None:
    assert told(text).public is public


def test_an_application_between_is_known_by_its_form() -> None:
    assert told('{"detail": "call failed"}').relayed
    assert told("{'detail': ['call failed']}").relayed
    assert not told('{"error": {"detail": "call failed"}}').relayed


def test_a_channel_with_a_number_is_a_gateway_s() -> None:
    assert told("no data | channel 7").gateway
    assert not told("the channel is closed").gateway


@pytest.mark.parametrize(
    "line, gateway",
    [
        ("acme.relay - ERROR - request failed", True),
        ("ERROR:acme.gateway.http:call failed", True),
        ("[gateway] 12:00 call 7 failed", True),
        ("event=proxy_call_done took_ms=9", True),
        ("method=POST path=/v1/messages took=9 status=502", True),
        ("DEBUG:httpcore.proxy:connect_tcp.started", False),
        ("[proxy] listening on 8080", False),
        ("path=/v1/messages status=200", False),
        ("event=message_start", False),
    ],
)
def test_a_gateway_s_own_log_is_known(line: str, gateway: bool) -> None:
    assert bool(told(line).gateway) is gateway
