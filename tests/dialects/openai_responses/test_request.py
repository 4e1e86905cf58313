from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import structs

from outwait.core.fault import Fault, Refusal
from outwait.core.plan import Candidate
from outwait.core.request import Call, State
from outwait.dialects import seal
from outwait.dialects.openai_responses import request

PATH = "/v1/responses"


def read(body: bytes, method: str = "POST", path: str = PATH, **headers: str) -> Call:
    return request.read(method, path, {key.replace("_", "-"): value for key, value in headers.items()}, body)


def refused(body: bytes, method: str = "POST", path: str = PATH, **headers: str) -> Fault:
    with pytest.raises(Refusal) as caught:
        read(body, method, path, **headers)
    return caught.value.fault


def to(model: str, streamed: bool = False) -> Candidate:
    return Candidate("c", "responses", model, streamed=streamed, endpoint="responses")


def test_the_facts_of_a_call() -> None:
    body = '{"model":"o3","stream":true,"reasoning":{"effort":"high"},"input":"ü"}'.encode()
    call = read(body, content_type="application/json; charset=utf-8", path=f"{PATH}?beta=true")
    assert (call.model, call.stream, call.effort, call.foldable) == ("o3", True, "high", False)
    assert (call.dialect, call.endpoint, call.path) == ("responses", "responses", f"{PATH}?beta=true")
    assert call.body is body
    assert read(body, content_type="application/json").effort == "high"


@pytest.mark.parametrize(
    "extra, effort, foldable",
    [
        ("", None, True),
        (',"stream":null', None, True),
        (',"reasoning":"x"', None, True),
        (',"background":true', None, True),
        (',"background":false', None, True),
    ],
)
def test_further_facts(extra: str, effort: str | None, foldable: bool) -> None:
    call = read(b'{"model":"m"%s}' % extra.encode())
    assert (call.effort, call.foldable) == (effort, foldable)


@pytest.mark.parametrize("extra, told", [("", False), (',"background":true', True), (',"background":null', False)])
def test_background(extra: str, told: bool) -> None:
    assert request.in_background(read(b'{"model":"m"%s}' % extra.encode())) is told


@pytest.mark.parametrize(
    "body, code, param",
    [
        (b"", "invalid_json", None),
        (b"{", "invalid_json", None),
        (b'{"input":"\xff"}', "invalid_json", None),
        (b"{}", "invalid_value", "model"),
        (b'{"model":"m","stream":1}', "invalid_value", "stream"),
        (b'{"model":"m","model":"n"}', "duplicate_key", "model"),
        (b'{"model":"m","background":true,"background":false}', "duplicate_key", "background"),
    ],
)
def test_what_is_no_request(body: bytes, code: str, param: str | None) -> None:
    found = refused(body)
    assert (found.code, found.param) == (code, param)


def test_what_is_no_call() -> None:
    assert refused(b"{}", path="/v1/other").code == "not_found"
    assert refused(b"{}", method="GET").code == "method_not_allowed"
    assert refused(b"{}", content_encoding="gzip", content_type="application/json").code == "unsupported_media_type"


def test_endpoints() -> None:
    assert [request.endpoint(path) for path in (PATH, "/responses", "/v1/x")] == ["responses", "responses", "other"]


def test_what_need_not_change_goes_on_byte_for_byte() -> None:
    call = read(b'{ "model":"m" , "input": 1.0 , "new":[] }')
    assert request.prepare(call, to("m")) is call.body
    assert request.prepare(call, to("n")) == b'{ "model":"n" , "input": 1.0 , "new":[] }'
    assert json.loads(request.prepare(call, to("m", streamed=True)))["stream"] is True


def test_a_stream_stays_one() -> None:
    call = read(b'{"model":"m","stream":true}')
    assert request.prepare(call, to("m", streamed=True)) is call.body


def test_sealed_thoughts_of_others_do_not_reach_openai() -> None:
    ours = {"type": "reasoning", "summary": [], "encrypted_content": seal.seal("anthropic", "s:x")}
    others: list[Any] = [
        {"type": "reasoning", "summary": [], "encrypted_content": "ow.not ours"},
        {"type": "reasoning", "summary": []},
        {"role": "user", "content": '"ow.'},
        7,
    ]
    call = read(json.dumps({"model": "m", "input": [ours, *others]}).encode())
    assert json.loads(request.prepare(call, to("m"))) == {"model": "m", "input": others}


@pytest.mark.parametrize("given", ['"ow."', '[{"content":"ow.x"}]', "7"])
def test_what_only_looks_sealed_stays(given: str) -> None:
    call = read(b'{"model":"m","user":"ow.","input":%s}' % given.encode())
    assert request.prepare(call, to("m")) is call.body


def test_without_input_there_is_nothing_to_unseal() -> None:
    call = read(b'{"model":"m","user":"ow."}')
    assert request.prepare(call, to("m")) is call.body


def kept(body: bytes, **state: Any) -> Call:
    return structs.replace(read(body), state=State("resp_ow", **state))


def at(provider: str, channel: str = "c", streamed: bool = False) -> Candidate:
    return Candidate(channel, "responses", "m", streamed=streamed, endpoint="responses", provider=provider)


OWN = b'{ "model":"m", "input":"q" , "previous_response_id": "resp_ow1","n":1.50}'


def test_a_conversation_is_sent_whole_where_it_is_not_known() -> None:
    whole = b'{ "model":"m","input":[ 1 ] }'
    call = kept(OWN, expanded=whole, channel="there", upstream="resp_there")
    assert request.prepare(call, at("vllm")) == whole
    assert request.prepare(call, at("vllm", "there")) == OWN.replace(b"resp_ow1", b"resp_there")


def test_whoever_is_not_told_the_id_that_the_client_sent_would_repeat_another() -> None:
    call = kept(OWN, expanded=b"{}", channel="there", upstream="resp_there")
    assert request.continues_elsewhere(call, at("vllm"))
    assert request.continues_elsewhere(call, at("openai", "there"))
    for state in ({}, {"channel": "c"}, {"channel": "c", "upstream": "resp_ow1"}, {"channel": "other"}):
        assert not request.continues_elsewhere(kept(OWN, **state), at("openai"))
    assert not request.continues_elsewhere(read(OWN), at("openai"))


def test_what_need_not_change_stays_with_a_state_too() -> None:
    for state in ({}, {"channel": "c"}, {"channel": "c", "upstream": "resp_ow1"}, {"channel": "other"}):
        call = kept(OWN, **state)
        assert request.prepare(call, at("openai")) is call.body
        assert request.prepare(call, at("vllm")) is call.body


@pytest.mark.parametrize("provider", ["openai", "azure"])
def test_a_background_call_is_a_job_where_there_are_jobs(provider: str) -> None:
    call = kept(b'{"model":"m","background": true ,"store":null}', background=True)
    assert json.loads(request.prepare(call, at(provider))) == {
        "model": "m", "background": True, "store": True, "stream": True,
    }  # fmt: skip
    streaming = kept(b'{"model":"m", "background":true, "stream":true, "store":true}', background=True)
    assert request.prepare(streaming, at(provider)) == streaming.body


def test_elsewhere_a_background_call_is_a_plain_one() -> None:
    tool = b'"tools":[{"type":"image_generation", "background":"opaque"}]'
    call = kept(b'{"model":"m","background":true,%s,"n":1.50}' % tool, background=True)
    assert request.prepare(call, at("vllm")) == b'{"model":"m",%s,"n":1.50}' % tool
    assert json.loads(request.prepare(call, at("vllm", streamed=True)))["stream"] is True
    plain = kept(b'{"model":"m",%s}' % tool)
    assert request.prepare(plain, at("vllm")) is plain.body


@pytest.mark.parametrize("provider, told", [("openai", True), ("vllm", False)])
def test_the_whole_conversation_can_be_a_job(provider: str, told: bool) -> None:
    call = kept(OWN, background=True, expanded=b'{"background":true,"model":"m","input":[]}')
    assert ("background" in json.loads(request.prepare(call, at(provider)))) is told
    assert request.is_job(call, at(provider)) is told
    assert not request.is_job(read(OWN), at(provider))
    assert not request.is_job(kept(OWN), at(provider))


def test_sealed_thoughts_are_left_out_of_a_kept_conversation_too() -> None:
    ours = {"type": "reasoning", "summary": [], "encrypted_content": seal.seal("anthropic", "s:x")}
    call = kept(OWN, expanded=json.dumps({"model": "m", "input": [ours, 7]}).encode())
    assert json.loads(request.prepare(call, at("vllm")))["input"] == [7]
