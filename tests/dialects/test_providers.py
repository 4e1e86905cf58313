from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from openai.types.shared.chat_model import ChatModel
from openai.types.shared.responses_model import ResponsesModel

from outwait.dialects.provider import Provider, Way
from outwait.dialects.providers import PROVIDERS, RESPONSES_ONLY

DOCS = Path(__file__).resolve().parents[2] / "docs"
WAYS = [(row, name, way) for row in PROVIDERS.values() for name, way in row.ways.items()]
CREDENTIALS = {"bearer", "x-api-key", "x-goog-api-key", "api-key", "aws", "google"}


@pytest.mark.parametrize("row, name, way", WAYS, ids=[f"{row.name}-{name}" for row, name, _ in WAYS])
def test_every_way_is_a_path_in_a_dialect(row: Provider, name: str, way: Way) -> None:
    assert way.dialect in {"openai", "responses", "anthropic", "gemini"}
    for path in filter(None, (way.path, way.streamed, way.dated)):
        assert re.fullmatch(
            r"(/[A-Za-z0-9._-]+|/\{[a-z]+\}|:[A-Za-z]+)+(\?[a-z-]+=[a-z_{}]+)?",
            path.replace("}:", "}/:").replace("/:", ":"),
        ), path
    assert (way.credential or row.credential) in CREDENTIALS
    assert way.mixed == (name in {"images.edits", "images.variations", "audio.transcriptions", "audio.translations"})
    assert (way.envelope is not None) == (way.dialect == "anthropic" and row.name in {"bedrock", "vertex"})


@pytest.mark.parametrize("row", PROVIDERS.values(), ids=list(PROVIDERS))
def test_every_row_hangs_together(row: Provider) -> None:
    if row.base_url is not None and "{region}" not in row.base_url:
        assert row.base_url.endswith(row.root)
    assert row.quirks.limit in {"max_tokens", "max_completion_tokens"}
    assert row.quirks.reasoning in {"effort", "object", "thinking", "switch", None}
    assert all(name == name.lower() for name in row.passed)
    assert not {"authorization", "x-api-key", "openai-organization", "openai-project"} & set(row.passed)


def test_openai_has_every_plain_route() -> None:
    assert set(PROVIDERS["openai"].ways) == {
        "chat.completions", "responses", "completions", "embeddings", "images.generations", "images.edits",
        "images.variations", "audio.speech", "audio.transcriptions", "audio.translations", "moderations", "rerank",
    }  # fmt: skip


def test_background_jobs_are_openais_and_azures() -> None:
    assert {name for name, row in PROVIDERS.items() if row.quirks.background} == {"openai", "azure"}


@pytest.mark.parametrize("row", PROVIDERS.values(), ids=list(PROVIDERS))
def test_a_free_question_is_a_plain_path_of_the_provider(row: Provider) -> None:
    free = row.free
    if free is None:
        assert row.name in {"bedrock", "vertex", "qwen", "zhipu"}
        return
    for path in filter(None, (free.path, free.dated)):
        assert re.fullmatch(r"(/[a-z]+)+(\?[A-Za-z-]+=[a-z0-9_{}]+)?", path), path
    assert free.accept == "application/json"
    assert (free.streamed, free.envelope, free.rooted, free.models) == (None, None, False, ())
    # Everybody is shown OpenRouter's list of models, whatever the key.
    assert (free.path == "/key") == (row.name == "openrouter")
    assert ("anthropic-version" in free.headers) == (row.name == "anthropic")


@pytest.mark.parametrize("row", PROVIDERS.values(), ids=list(PROVIDERS))
def test_a_list_of_models_is_where_the_free_question_is(row: Provider) -> None:
    lists = row.lists
    if lists is None:
        assert row.name in {"azure", "bedrock", "vertex", "qwen", "zhipu"}
        return
    assert (lists.path.partition("?")[0], lists.accept, lists.dated) == ("/models", "application/json", None)
    # As many on a page as there may be.
    assert lists.path.partition("?")[2] == {"anthropic": "limit=1000", "gemini": "pageSize=1000"}.get(row.name, "")
    assert ("anthropic-version" in lists.headers) == (row.name == "anthropic")
    assert lists == row.free or row.name in {"anthropic", "gemini", "openrouter"}


def test_who_is_documented_as_not_asked_for_its_models() -> None:
    section = (DOCS / "dialects.md").read_text("utf-8").split("## Lists of models\n")[1].split("\n## ")[0]
    told = set(re.findall(r"`(\w+)`", section.split("Not asked", 1)[1])) & set(PROVIDERS)
    assert told == {name for name, row in PROVIDERS.items() if row.lists is None}


def test_the_models_of_responses_are_those_of_the_sdk() -> None:
    chat = set(get_args(ChatModel))
    only = {name for part in get_args(ResponsesModel) for name in get_args(part)} - chat
    at_openai = PROVIDERS["openai"].ways["chat.completions"]
    assert len(only) > 15
    assert {name for name in only if at_openai.has(name)} == set()
    # In the SDK's list of chat models, and answered there with "only supported in v1/responses".
    late = {name for name in chat if not at_openai.has(name)}
    assert late == {"gpt-5.1-codex", "codex-mini-latest", "gpt-5.2-pro", "gpt-5.2-pro-2025-12-11"}


def test_the_documented_table() -> None:
    text = (DOCS / "configuration.md").read_text("utf-8")
    section = text.split("## Providers\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    told = {name.strip("`"): (url.strip("`"), ways.replace("`", "")) for name, url, ways in rows}
    assert told == {row.name: (row.base_url or "–", ", ".join(row.ways)) for row in PROVIDERS.values()}
    assert all(f"`{glob}`" in section for glob in RESPONSES_ONLY)
