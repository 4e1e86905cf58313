from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from outwait.core.catalog import Channel
from outwait.dialects.providers import PROVIDERS
from outwait.upstream.location import InvalidAddress, Location, locate

CHANNEL = Channel("c", "openai", "https://api.openai.com/v1")


def located(base_url: str = "", dialect: str = "openai", **more: Any) -> Location:
    return locate(replace(CHANNEL, base_url=base_url, dialect=dialect, **more), PROVIDERS[dialect])


def target(base_url: str, dialect: str, endpoint: str, *, streamed: bool = False, **more: Any) -> str:
    return located(base_url, dialect, **more).target(PROVIDERS[dialect].ways[endpoint], streamed=streamed)


@pytest.mark.parametrize(
    "base_url, authority, path",
    [
        ("https://api.openai.com/v1", "api.openai.com", "/v1/chat/completions"),
        ("https://api.openai.com/v1/", "api.openai.com", "/v1/chat/completions"),
        ("https://api.openai.com", "api.openai.com", "/v1/chat/completions"),
        (" http://localhost:11434/ ", "localhost:11434", "/v1/chat/completions"),
        ("https://api.groq.com/openai/v1", "api.groq.com", "/openai/v1/chat/completions"),
        ("https://open.bigmodel.cn/api/paas/v4", "open.bigmodel.cn", "/api/paas/v4/chat/completions"),
        ("https://api.perplexity.ai/chat/completions", "api.perplexity.ai", "/chat/completions"),
        ("https://a/v1/responses", "a", "/v1/chat/completions"),
        (
            "https://x.azure.com/deployments/d?api-version=1",
            "x.azure.com",
            "/deployments/d/chat/completions?api-version=1",
        ),
        ("http://[::1]:8000/v1", "[::1]:8000", "/v1/chat/completions"),
        ("https://a:443/v1", "a", "/v1/chat/completions"),
        ("http://a:443/v1", "a:443", "/v1/chat/completions"),
        ("HTTPS://API.Example.COM/V1", "api.example.com", "/V1/chat/completions"),
        ("https://bücher.example/ü", "xn--bcher-kva.example", "/%C3%BC/chat/completions"),
    ],
)
def test_where_a_base_url_leads(base_url: str, authority: str, path: str) -> None:
    location = located(base_url)
    told = location.target(PROVIDERS["openai"].ways["chat.completions"], streamed=False)
    assert (location.authority, told) == (authority, path)


@pytest.mark.parametrize(
    "dialect, endpoint, base_url, path",
    [
        ("anthropic", "messages", "", "/v1/messages"),
        ("anthropic", "messages", "https://h", "/v1/messages"),
        ("anthropic", "messages", "https://h/v1", "/v1/messages"),
        ("anthropic", "messages", "https://h/v1/messages", "/v1/messages"),
        ("anthropic", "messages.count_tokens", "https://h/v1/messages", "/v1/messages/count_tokens"),
        ("anthropic", "messages", "https://h/proxy/anthropic", "/proxy/anthropic/v1/messages"),
        ("anthropic", "messages", "https://h/messages", "/messages"),
        ("gemini", "generate_content", "", "/v1beta/models/{model}:generateContent"),
        ("gemini", "generate_content", "https://h", "/v1beta/models/{model}:generateContent"),
        ("gemini", "generate_content", "https://h/v1", "/v1/models/{model}:generateContent"),
        ("gemini", "generate_content", "https://h/v1beta/openai", "/v1beta/models/{model}:generateContent"),
        ("gemini", "generate_content", "https://h/p", "/p/v1beta/models/{model}:generateContent"),
        ("gemini", "embeddings", "https://h/v1beta/openai", "/v1beta/openai/embeddings"),
        ("deepseek", "chat.completions", "", "/chat/completions"),
        ("deepseek", "chat.completions", "https://h/v1", "/v1/chat/completions"),
        ("deepseek", "chat.completions", "https://h/anthropic", "/chat/completions"),
        ("deepseek", "messages", "https://h/v1", "/anthropic/v1/messages"),
        ("deepseek", "messages", "https://h/anthropic", "/anthropic/v1/messages"),
        ("deepseek", "messages", "https://h/proxy/v1", "/proxy/anthropic/v1/messages"),
        ("qwen", "chat.completions", "https://h", "/compatible-mode/v1/chat/completions"),
        ("qwen", "messages", "https://h/compatible-mode/v1", "/apps/anthropic/v1/messages"),
        ("qwen", "responses", "", "/api/v2/apps/protocols/compatible-mode/v1/responses"),
        ("zhipu", "messages", "", "/api/anthropic/v1/messages"),
        ("zhipu", "chat.completions", "", "/api/paas/v4/chat/completions"),
        ("azure", "chat.completions", "https://h", "/openai/v1/chat/completions"),
        ("azure", "chat.completions", "https://h/openai/v1", "/openai/v1/chat/completions"),
        ("azure", "messages", "https://h/openai/v1", "/anthropic/v1/messages"),
        ("vllm", "rerank", "http://h:8000", "/v1/rerank"),
        ("groq", "responses", "https://h", "/openai/v1/responses"),
    ],
)
def test_each_provider_has_its_own_convention(dialect: str, endpoint: str, base_url: str, path: str) -> None:
    assert target(base_url, dialect, endpoint) == path


@pytest.mark.parametrize("base_url", ["https://h", "https://h/openai", "https://h/openai/v1"])
def test_azure_by_date_or_version(base_url: str) -> None:
    dated = target(base_url, "azure", "chat.completions", api_version="2024-10-21")
    assert dated == "/openai/deployments/{model}/chat/completions?api-version=2024-10-21"
    assert target(base_url, "azure", "responses", api_version="2025-04-01-preview") == (
        "/openai/responses?api-version=2025-04-01-preview"
    )
    if base_url != "https://h/openai":
        assert target(base_url, "azure", "chat.completions", api_version="preview") == (
            "/openai/v1/chat/completions?api-version=preview"
        )


def test_queries_are_joined() -> None:
    assert target("https://h?key=1", "gemini", "generate_content", streamed=True) == (
        "/v1beta/models/{model}:streamGenerateContent?alt=sse&key=1"
    )


@pytest.mark.parametrize(
    "region, host",
    [
        (None, "aiplatform.googleapis.com"),
        ("global", "aiplatform.googleapis.com"),
        ("us", "aiplatform.us.rep.googleapis.com"),
        ("us-east5", "us-east5-aiplatform.googleapis.com"),
    ],
)
def test_vertex_is_where_its_region_is(region: str | None, host: str) -> None:
    location = located("", "vertex", region=region, project="p")
    assert location.authority == host
    place = f"/v1/projects/p/locations/{region or 'global'}/publishers"
    ways = PROVIDERS["vertex"].ways
    assert location.target(ways["messages"], streamed=True) == f"{place}/anthropic/models/{{model}}:streamRawPredict"
    assert (
        location.target(ways["generate_content"], streamed=False) == f"{place}/google/models/{{model}}:generateContent"
    )


@pytest.mark.parametrize(
    "base_url, dialect, region",
    [
        ("https://bedrock-runtime.eu-west-3.amazonaws.com", "bedrock", "eu-west-3"),
        ("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "bedrock", "us-gov-west-1"),
        ("https://europe-west4-aiplatform.googleapis.com/v1", "vertex", "europe-west4"),
        ("https://aiplatform.eu.rep.googleapis.com/v1", "vertex", "eu"),
        ("https://aiplatform.googleapis.com/v1", "vertex", "global"),
        ("https://proxy.example", "bedrock", None),
    ],
)
def test_a_host_tells_its_region(base_url: str, dialect: str, region: str | None) -> None:
    assert located(base_url, dialect).names.get("region") == region


def test_a_project_is_told_by_the_channel_or_the_account(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps({"project_id": "of-the-file"}), "utf-8")
    assert located("", "vertex", credentials_file=str(file)).names["project"] == "of-the-file"
    assert located("", "vertex", credentials_file=str(file), project="own").names["project"] == "own"
    file.write_text("{}", "utf-8")
    with pytest.raises(InvalidAddress, match="channel 'c': needs `project`"):
        target("", "vertex", "messages", credentials_file=str(file))
    file.write_text("[]", "utf-8")
    with pytest.raises(InvalidAddress, match="cannot be read"):
        located("", "vertex", credentials_file=str(file))


@pytest.mark.parametrize(
    "base_url, words",
    [
        ("api.openai.com/v1", "must begin with https://"),
        ("ftp://a/v1", "must begin with https://"),
        ("https:///v1", "names no host"),
        ("https://user:password@a/v1", "holds credentials"),
        ("https://a/v1#x", "fragment"),
        ("https://a:0/v1", "port 0"),
        ("https://a:99999/v1", "not a URL"),
        ("https://[::1/v1", "not a URL"),
        ("https://a b/v1", "not a host name"),
        ("https://a/v 1", "blank"),
        ("https://999.1.1.1/v1", "not an IP address"),
        ("http://169.254.169.254/latest", "link-local"),
        ("http://[::ffff:169.254.169.254]/", "link-local"),
        ("https://" + "a" * 64 + ".example", "not a host name"),
    ],
)
def test_a_base_url_that_cannot_be_used_is_explained(base_url: str, words: str) -> None:
    with pytest.raises(InvalidAddress, match=words) as refused:
        located(base_url)
    assert "channel 'c'" in str(refused.value)
    assert "password" not in str(refused.value)


@pytest.mark.parametrize(
    "dialect, more, words",
    [
        ("vllm", {}, "needs `base_url`"),
        ("bedrock", {}, "needs `region` or `base_url`"),
        ("bedrock", {"region": "a/b"}, "not a host name|is not a name"),
        ("vertex", {"base_url": "https://h", "region": "a/b"}, "`region` is not a name"),
    ],
)
def test_what_is_missing_is_explained(dialect: str, more: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidAddress, match=words):
        located(dialect=dialect, **more)
