from __future__ import annotations

import json

import pytest

from outwait.core.fault import Refusal
from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.dialects.gemini.request import prepare, read, shows_thoughts

GENERATE = "/v1beta/models/m:generateContent"
COUNT = "/v1beta/models/m:countTokens"
BATCH = "/v1beta/models/m:batchEmbedContents"
JSON = {"content-type": "application/json"}


def reads(body: bytes, path: str = GENERATE) -> Call:
    return read("POST", path, JSON, body)


def refused(body: bytes, path: str = GENERATE, method: str = "POST", **headers: str) -> tuple[str, str | None]:
    sent = JSON | {name.replace("_", "-"): value for name, value in headers.items()}
    with pytest.raises(Refusal) as caught:
        read(method, path, sent, body)
    return caught.value.fault.code, caught.value.fault.param


def test_a_call() -> None:
    call = reads(b'{"contents":[]}', GENERATE + "?key=secret")
    assert (call.dialect, call.endpoint, call.model, call.stream) == ("gemini", "generate_content", "m", False)
    assert call.path == GENERATE
    assert call.foldable
    assert call.effort is None
    assert not reads(b"{}", COUNT).foldable
    assert not reads(b"{}", "/v1beta/models/m:streamGenerateContent?alt=sse").foldable
    assert reads('{"contents":"ü"}'.encode()).model == "m"
    assert read("POST", GENERATE, {}, b"{}").model == "m"


@pytest.mark.parametrize(
    "config, effort",
    [
        ('{"generationConfig":{"thinkingConfig":{"thinkingLevel":"HIGH"}}}', "high"),
        ('{"generation_config":{"thinking_config":{"thinking_level":"low"}}}', "low"),
        ('{"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}', "none"),
        ('{"generationConfig":{"thinkingConfig":{"thinking_budget":-1}}}', None),
        ('{"generationConfig":{"thinkingConfig":{"thinkingLevel":"?"}}}', None),
        ('{"generationConfig":{"thinkingConfig":7}}', None),
        ('{"generationConfig":7}', None),
        ('{"generationConfig":{"thinkingConfig":{"thinkingLevel":5}}}', None),
    ],
)
def test_effort(config: str, effort: str | None) -> None:
    assert reads(config.encode()).effort == effort


@pytest.mark.parametrize(
    "config, folds",
    [
        ({"candidateCount": 1}, True),
        ({"candidateCount": 2}, False),
        ({"candidate_count": 2}, False),
        ({"candidateCount": []}, False),
        ({"responseModalities": ["TEXT", "IMAGE"]}, True),
        ({"response_modalities": ["audio"]}, False),
        ({"responseModalities": "AUDIO"}, True),
        ({"responseModalities": [1]}, True),
    ],
)
def test_what_folds(config: dict[str, object], folds: bool) -> None:
    assert reads(json.dumps({"generationConfig": config}).encode()).foldable is folds


@pytest.mark.parametrize(
    "body, path, code, param",
    [
        (b"{}", "/v1beta/models", "not_found", None),
        (b"{}", GENERATE + "?alt=media", "invalid_value", "alt"),
        (b"{}", "/v1beta/models/:generateContent", "invalid_value", "model"),
        (b"{}", "/v1beta/models/..%2Fx:generateContent", "invalid_value", "model"),
        (b"{}", "/v1beta/models/a//b:generateContent", "invalid_value", "model"),
        (b"{}", "/v1beta/models/a%3Fb:generateContent", "invalid_value", "model"),
        (b"{}", "/v1beta/models/a%ff:generateContent", "invalid_value", "model"),
        (b"", GENERATE, "invalid_json", None),
        (b"{", GENERATE, "invalid_json", None),
        (b"[]", GENERATE, "invalid_json", None),
        (b'{"a":"\xff"}', GENERATE, "invalid_json", None),
        (b'{"generationConfig":{},"generationConfig":{}}', GENERATE, "duplicate_key", "generationConfig"),
        (b'{"mod\\u0065l":"x"}', GENERATE, "invalid_value", "model"),
        (b'{"model":"other"}', GENERATE, "invalid_value", "model"),
        (b'{"model":5}', GENERATE, "invalid_value", "model"),
        (b'{"generateContentRequest":{"model":"other"}}', COUNT, "invalid_value", "generateContentRequest.model"),
        (b'{"generate_content_request":7}', COUNT, "invalid_value", "generate_content_request"),
        (b'{"requests":[{},{"model":"other"}]}', BATCH, "invalid_value", "requests[1].model"),
        (b'{"requests":{}}', BATCH, "invalid_value", "requests"),
    ],
)
def test_refusals(body: bytes, path: str, code: str, param: str | None) -> None:
    assert refused(body, path) == (code, param)


def test_refused_ways_of_sending() -> None:
    assert refused(b"{}", method="GET")[0] == "method_not_allowed"
    assert refused(b"{}", content_type="multipart/form-data")[0] == "unsupported_media_type"
    assert refused(b"{}", content_encoding="gzip")[0] == "unsupported_media_type"


@pytest.mark.parametrize(
    "body, path, prepared",
    [
        (b'{ "contents": [] }', GENERATE, b'{ "contents": [] }'),
        (b'{"contents":["\\"model\\""]}', GENERATE, None),
        (b'{"model":"models/m","x":1.50}', GENERATE, b'{"model":"models/up","x":1.50}'),
        (b'{"model":"m"}', GENERATE, b'{"model":"up"}'),
        (b'{"model":null}', GENERATE, None),
        (
            b'{"generateContentRequest":{"model":"models/m","contents":[]}}',
            COUNT,
            b'{"generateContentRequest":{"model":"models/up","contents":[]}}',
        ),
        (
            b'{"requests":[{"model":"models/m","content":1.0},{"content":2}]}',
            BATCH,
            b'{"requests":[{"model":"models/up","content":1.0},{"content":2}]}',
        ),
    ],
)
def test_prepare(body: bytes, path: str, prepared: bytes | None) -> None:
    call = reads(body, path)
    assert prepare(call, Candidate("c", "gemini", "up")) == (prepared or body)
    assert prepare(call, Candidate("c", "gemini", "m")) == body


def test_shown_thoughts() -> None:
    assert shows_thoughts(reads(b'{"generation_config":{"thinking_config":{"includeThoughts":true}}}'))
    assert not shows_thoughts(reads(b'{"generationConfig":{"thinkingConfig":{"includeThoughts":1}}}'))
    assert not shows_thoughts(reads(b"{}"))
