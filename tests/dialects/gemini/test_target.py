from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.request import Call
from outwait.dialects.gemini.target import Target, endpoint, is_array, target, unescaped


@pytest.mark.parametrize(
    "path, aim",
    [
        ("/v1beta/models/m:generateContent", ("m", "generate_content", False, "json")),
        ("/v1/models/m:streamGenerateContent", ("m", "generate_content", True, "json")),
        ("/v1alpha/models/m:streamGenerateContent?alt=sse", ("m", "generate_content", True, "sse")),
        ("/v1beta1/models/m:streamGenerateContent?%24alt=SSE", ("m", "generate_content", True, "sse")),
        ("/v1beta/models/m:generateContent?alt=json;enum-encoding=int", ("m", "generate_content", False, "json")),
        ("/v1beta/models/m:countTokens", ("m", "models.count_tokens", False, "json")),
        ("/v1beta/models/m:embedContent", ("m", "embed_content", False, "json")),
        ("/v1beta/models/m:batchEmbedContents", ("m", "batch_embed_contents", False, "json")),
        ("/v1beta/tunedModels/t:generateContent", ("tunedModels/t", "generate_content", False, "json")),
        ("/v1beta/models/a%2Fb:generateContent", ("a/b", "generate_content", False, "json")),
        (
            "/v1beta/models/publishers/x/models/y:generateContent",
            ("publishers/x/models/y", *["generate_content", False, "json"]),
        ),
        ("/v1beta/models/llama3:8b%3AgenerateContent", ("llama3:8b", "generate_content", False, "json")),
        ("/v1beta/models/:generateContent", ("", "generate_content", False, "json")),
    ],
)
def test_paths(path: str, aim: tuple[str, str, bool, str]) -> None:
    assert target(path) == Target(*aim, path)
    assert endpoint(path) == aim[1]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1beta/models",
        "/v1beta/models/m",
        "/v1beta/models/m:predict",
        "/v2/models/m:generateContent",
        "/models/m:generateContent",
        "/v1beta/models/m:generateContent/x",
        "/v1beta/cachedContents/c:generateContent",
    ],
)
def test_paths_of_others(path: str) -> None:
    assert target(path) is None
    assert endpoint(path) == "other"


@pytest.mark.parametrize(
    "query, kept",
    [
        ("?key=k3y", ""),
        ("?alt=sse&key=k3y", "?alt=sse"),
        ("?key=k3y&alt=sse&$key=x&a=b", "?alt=sse&a=b"),
        ("?%6bEy=k3y&access_token=t", ""),
    ],
)
def test_no_secret_is_kept(query: str, kept: str) -> None:
    aim = target("/v1beta/models/m:generateContent" + query)
    assert aim is not None
    assert aim.path == "/v1beta/models/m:generateContent" + kept


@pytest.mark.parametrize(
    "path, stream, array",
    [
        ("/v1beta/models/m:streamGenerateContent", True, True),
        ("/v1beta/models/m:streamGenerateContent?alt=sse", True, False),
        ("/v1beta/models/m:generateContent", False, False),
        ("/v1/messages", True, False),
    ],
)
def test_arrays(path: str, stream: bool, array: bool) -> None:
    assert is_array(Call("gemini", "generate_content", "m", stream, b"{}", path=path)) is array


@given(st.text())
def test_anything_may_be_a_path(text: str) -> None:
    target(text)
    target(f"/v1beta/models/{text}:generateContent?{text}")
    escaped = "".join(f"%{byte:02X}" for byte in text.encode(errors="replace"))
    assert unescaped(escaped) == text.encode(errors="replace").decode()


def test_what_is_no_utf8_is_no_name() -> None:
    assert unescaped("%ff%zz") == "\ufffd%zz"
