from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.catalog import Channel
from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.upstream.address import Address, AddressBook, InvalidAddress, passed_on
from outwait.wire.endpoint import Endpoint

CHANNEL = Channel("c", "openai", "https://api.openai.com/v1", api_keys=("key-one", "key-two"))
FIRST = Candidate("c", "openai", "m")


def found(base_url: str = CHANNEL.base_url, **changes: Any) -> Address:
    channel = replace(CHANNEL, base_url=base_url, **changes)
    address = AddressBook([channel]).find(FIRST)
    assert address is not None
    return address


def call(*, stream: bool) -> Call:
    return Call("openai", "chat.completions", "m", stream, b"{}")


def at(book: AddressBook, endpoint: str, *, model: str = "m", stream: bool = False, **more: Any) -> Address:
    address = book.find(Candidate("c", "any", model, endpoint=endpoint, **more), call(stream=stream))
    assert address is not None
    return address


def lines(address: Address) -> dict[str, str]:
    first, *rest = address.head.decode("latin-1").split("\r\n")[:-1]
    assert first == f"POST {address.target} HTTP/1.1"
    headers = dict(line.split(": ", 1) for line in rest)
    assert len({name.lower() for name in headers}) == len(rest)
    return headers


def test_endpoints_tell_how_tls_is_judged() -> None:
    assert found("https://a", ca_file="ca.pem", verify_tls=False).endpoint == Endpoint("a", 443, True, "ca.pem", False)
    assert found("http://a", ca_file="ca.pem", verify_tls=False).endpoint == Endpoint("a", 80, False)


def test_the_head_says_who_asks_for_what() -> None:
    headers = lines(found())
    assert headers.pop("User-Agent").startswith("outwait/")
    assert headers == {
        "Host": "api.openai.com",
        "Authorization": "Bearer key-one",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "Accept-Encoding": "identity",
    }
    assert "Authorization" not in lines(found(api_keys=()))


def test_a_candidate_uses_its_key() -> None:
    book = AddressBook([CHANNEL])
    for key, used in ((0, b"key-one"), (1, b"key-two"), (7, b"key-one")):
        address = book.find(replace(FIRST, key=key))
        assert address is not None
        assert used in address.head


def test_own_headers_win_and_are_sent_once() -> None:
    headers = {"authorization": "Basic eHg=", "X-Title": "ours", "host": "inner", "traceparent": "fixed"}
    address = found(headers=headers)
    told = lines(address)
    assert told["Authorization"] == "Basic eHg="
    assert (told["X-Title"], told["Host"]) == ("ours", "inner")
    assert "traceparent" not in address.passed
    assert "openai-beta" in address.passed


def test_what_is_not_there_is_not_found() -> None:
    book = AddressBook([CHANNEL, replace(CHANNEL, name="other", dialect="unknown")])
    assert book.find(FIRST) is book.find(FIRST, call(stream=True))
    assert book.find(replace(FIRST, endpoint="messages")) is None
    assert book.find(replace(FIRST, channel="other")) is None
    allowed = AddressBook([replace(CHANNEL, endpoints=("responses", "gone"))])
    assert allowed.find(FIRST) is None
    assert at(allowed, "responses").target == "/v1/responses"
    assert book.find(replace(FIRST, channel="gone")) is None


def test_secrets_are_known_and_never_shown() -> None:
    book = AddressBook([replace(CHANNEL, headers={"x-api-key": "hidden", "X-Title": "shown"})])
    assert book.secrets("c") == ("key-one", "key-two", "hidden")
    assert book.secrets("gone") == ()
    keys = ("AKID:hidden-too:session",)
    assert AddressBook([Channel("b", "bedrock", "", keys, region="eu-west-1")]).secrets("b") == (
        *keys,
        "hidden-too",
        "session",
    )
    assert "key-one" not in repr(book.find(FIRST))


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"headers": {"Content-Length": "5"}}, "set by outwait"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "set by outwait"),
        ({"headers": {"a b": "x"}}, "not a header name"),
        ({"headers": {"a": "x\r\nb: y"}}, "no header can carry"),
        ({"api_keys": ("key\n",)}, "api_key"),
    ],
)
def test_headers_and_keys_that_cannot_be_sent_are_explained(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidAddress, match=words) as refused:
        found(**changes)
    assert "key\n" not in str(refused.value)


def test_only_listed_client_headers_pass() -> None:
    address = found()
    headers = {
        "traceparent": "00-1",
        "authorization": "Bearer client",
        "openai-organization": "org",
        "baggage": "a\r\nb: c",
    }
    assert passed_on(headers, address) == b"traceparent: 00-1\r\n"
    assert passed_on({}, address) == passed_on(None, address) == b""


def test_a_client_may_replace_a_default() -> None:
    address = at(AddressBook([Channel("c", "anthropic", "https://h", api_keys=("k-1",))]), "messages")
    assert b"anthropic-version" not in address.head
    assert passed_on(None, address) == b"anthropic-version: 2023-06-01\r\n"
    newer = {"anthropic-version": "2030-01-01", "anthropic-beta": "x"}
    assert passed_on(newer, address) == b"anthropic-version: 2030-01-01\r\nanthropic-beta: x\r\n"
    fixed = Channel("c", "anthropic", "https://h", headers={"Anthropic-Version": "2020-01-01"})
    address = at(AddressBook([fixed]), "messages")
    assert (lines(address)["Anthropic-Version"], passed_on(newer, address)) == ("2020-01-01", b"anthropic-beta: x\r\n")


def test_a_default_that_no_client_may_replace_stands_in_the_head() -> None:
    address = at(AddressBook([Channel("c", "openrouter", "")]), "messages")
    assert lines(address)["anthropic-version"] == "2023-06-01"


def test_a_body_that_is_no_json_keeps_its_type() -> None:
    address = at(AddressBook([CHANNEL]), "audio.transcriptions")
    form = "multipart/form-data; boundary=x"
    assert "Content-Type" not in lines(address)
    assert lines(address)["Accept"] == "*/*"
    assert passed_on({"content-type": form}, address) == f"content-type: {form}\r\n".encode()
    assert passed_on({}, address) == b"content-type: application/json\r\n"
    assert passed_on({"content-type": form}, found()) == b""


# ------------------------------------------------------------------------------------------------- names in the path
GEMINI = Channel("c", "gemini", "https://g", api_keys=("k-1", "k-2"))


def test_a_model_in_the_path_is_put_in_and_the_head_kept() -> None:
    book = AddressBook([GEMINI])
    plain = at(book, "generate_content", model="gemini-2.5/ü?x#y")
    assert plain.target == "/v1beta/models/gemini-2.5%2F%C3%BC%3Fx%23y:generateContent"
    assert lines(plain)["X-Goog-Api-Key"] == "k-1"
    assert at(book, "generate_content", model="gemini-2.5/ü?x#y") is plain
    assert lines(at(book, "generate_content", key=1))["X-Goog-Api-Key"] == "k-2"
    for streamed in (at(book, "generate_content", streamed=True), at(book, "generate_content", stream=True)):
        assert streamed.target == "/v1beta/models/m:streamGenerateContent?alt=sse"
    assert lines(at(book, "embeddings"))["Authorization"] == "Bearer k-1"


def test_a_tuned_model_is_a_collection_of_its_own() -> None:
    tuned = at(AddressBook([GEMINI]), "generate_content", model="tunedModels/mine")
    assert tuned.target == "/v1beta/tunedModels/mine:generateContent"


def test_kept_heads_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outwait.upstream.address._KEPT", 2)
    book = AddressBook([GEMINI])
    first = at(book, "generate_content", model="a")
    at(book, "generate_content", model="b")
    assert at(book, "generate_content", model="a") is first
    at(book, "generate_content", model="c")
    assert at(book, "generate_content", model="a") is not first
    assert len(book._finished) == 2


@pytest.mark.parametrize("model", ["", ".", ".."])
def test_a_model_that_would_mean_another_path_is_nowhere(model: str) -> None:
    book = AddressBook([Channel("c", "bedrock", "https://h", api_keys=("k",), region="us-east-1")])
    assert book.find(Candidate("c", "anthropic", model, endpoint="messages")) is None


def test_what_cloud_providers_need_is_told() -> None:
    book = AddressBook([Channel("c", "bedrock", "", api_keys=("k-1",), region="us-east-1")])
    address = at(book, "messages", model="us.anthropic.claude-v1:0", stream=True)
    assert address.origin + address.target == (
        "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-v1:0/invoke-with-response-stream"
    )
    assert (address.special, address.framed, address.credential) == (True, True, None)
    assert address.envelope is not None
    assert (lines(address)["Authorization"], lines(address)["Accept"]) == ("Bearer k-1", "application/json")
    assert not found().special


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_explained(text: str) -> None:
    for base_url in (text, f"https://{text}", f"https://a/{text}"):
        try:
            head = found(base_url).head
        except InvalidAddress:
            continue
        assert head.count(b"\r\n") == 7
        assert head.split(b"\r\n")[0].count(b" ") == 2
