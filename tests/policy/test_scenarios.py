"""Every model finds its kind of waiting."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.plan import OnDisconnect
from outwait.policy.scenarios import ENDPOINTS, MODELS, SCENARIOS, bare, judge

EXPECTED = {
    "chat": """
        gpt-4o gpt-4o-mini gpt-4.1-nano gpt-4-turbo gpt-4-0613 gpt-4-1106-preview gpt-3.5-turbo-0125 chatgpt-4o-latest
        gpt-5-chat-latest gpt-5.1-chat-latest claude-opus-4-1-20250805 claude-sonnet-4@20250514
        claude-3-5-haiku-latest claude-sonnet-4-5 anthropic/claude-3.7-sonnet gemini-2.5-flash gemini-2.0-flash-001
        models/gemini-1.5-pro gemini-3-flash-lite meta-llama/Llama-3.3-70B-Instruct llama3.2:3b mistral-large-2411
        codestral-latest mixtral:8x7b deepseek-chat deepseek-v3 deepseek/deepseek-chat-v3-0324:free qwen-max
        qwen2.5-coder:32b qwen3-coder-plus qwen3-235b-a22b-instruct-2507 Qwen/Qwen2.5-72B-Instruct
        kimi-k2-0905-preview moonshot-v1-128k glm-4-plus grok-3 grok-4-fast-non-reasoning grok-4-1-fast-non-reasoning
        sonar-pro command-r-08-2024 phi4 gemma3:27b us.anthropic.claude-3-5-sonnet-20241022-v2:0 amazon.nova-pro-v1:0
        ft:gpt-4o-mini-2024-07-18:org::id doubao-1-5-pro-32k accounts/fireworks/models/llama-v3p1-405b-instruct
        publishers/google/models/gemini-2.0-flash
    """,
    "reasoning": """
        o1 o1-preview o1-mini o3 o3-mini o3-2025-04-16 openai/o3 o4-mini o4-mini-2025-04-16 gpt-5 gpt-5-mini gpt-5.1
        gpt-5-codex gpt-5.1-codex-max gpt-oss-120b gpt-oss:20b codex-mini-latest deepseek-reasoner deepseek-r1
        deepseek-r1:70b deepseek-ai/DeepSeek-R1-Distill-Llama-70B us.deepseek.r1-v1:0
        accounts/fireworks/models/deepseek-r1-0528 qwq-32b qwq:latest qwen3-235b-a22b-thinking-2507 qwen3:30b
        qwen/qwen3-32b gemini-2.5-pro gemini-2.5-pro-preview-05-06 models/gemini-3-pro-preview gemini-3.1-pro-preview
        grok-4 grok-4-0709 grok-4-fast-reasoning grok-3-mini grok-code-fast-1 magistral-medium-2506 kimi-k2-thinking
        kimi-k2.5 glm-4.6 glm-5 glm-z1-air anthropic/claude-3.7-sonnet:thinking minimax-m2 sonar-reasoning-pro
        phi4-reasoning claude-opus-4-thinking
    """,
    "deep": """
        o1-pro o3-pro o3-pro-2025-06-10 openai/o3-pro gpt-5-pro gpt-5.2-pro gpt-5-pro-2025-10-06 o3-deep-research
        o4-mini-deep-research-2025-06-26 sonar-deep-research gemini-2.5-deep-think
    """,
    "image": """
        gpt-image-1 gpt-image-1-mini dall-e-3 dall-e-2 flux-kontext-pro black-forest-labs/FLUX.1-schnell
        gemini-2.5-flash-image imagen-4.0-generate-001 qwen-image-edit grok-2-image-1212 stability/stable-diffusion-xl
    """,
    "audio": """
        whisper-1 whisper-large-v3 tts-1-hd gpt-4o-mini-tts gpt-4o-transcribe gpt-4o-mini-transcribe
        gemini-2.5-flash-preview-tts gpt-4o-audio-preview gpt-4o-realtime-preview voxtral-mini-2507
    """,
    "embedding": """
        text-embedding-3-large text-embedding-ada-002 bge-m3 BAAI/bge-large-en-v1.5 nomic-embed-text:latest
        gemini-embedding-001 mistral-embed embed-english-v3.0 qwen3-embedding:8b voyage-3-large jina-reranker-v2
        omni-moderation-latest mxbai-embed-large
    """,
    "unknown": "silent-20s my-model auto openrouter/auto o gpt",
}


@pytest.mark.parametrize("scenario, model", [(name, model) for name, row in EXPECTED.items() for model in row.split()])
def test_models(scenario: str, model: str) -> None:
    judged = judge(model)
    assert judged.scenario.name == scenario, judged.reason


@pytest.mark.parametrize(
    "model, seen",
    [
        ("openai/o3", "o3"),
        ("accounts/x/models/Y", "y"),
        ("deepseek-r1:70b", "deepseek-r1-70b"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("claude-sonnet-4@20250514", "claude-sonnet-4"),
        ("eu.anthropic.claude-x-v1:0", "claude-x-v1-0"),
        ("ft:gpt-4o:org::id", "gpt-4o-org--id"),
        ("gpt-4.1", "gpt-4.1"),
        ("models/", "models"),
    ],
)
def test_what_is_seen_through(model: str, seen: str) -> None:
    assert bare(model) == seen


@pytest.mark.parametrize(
    "model, effort, scenario",
    [
        ("claude-opus-4", "high", "reasoning"),
        ("claude-opus-4", "xhigh", "reasoning"),
        ("claude-opus-4", "low", "reasoning"),
        ("claude-opus-4", "none", "chat"),
        ("claude-opus-4", "Minimal", "chat"),
        ("gpt-5", "none", "reasoning"),
        ("gpt-5", "minimal", "reasoning"),
        ("gpt-5", "high", "reasoning"),
        ("o3-pro", "high", "deep"),
        ("o3-pro", "low", "deep"),
        ("gpt-image-1", "high", "image"),
        ("text-embedding-3-small", "high", "embedding"),
        ("my-model", "none", "reasoning"),
        ("my-model", "medium", "reasoning"),
    ],
)
def test_effort(model: str, effort: str, scenario: str) -> None:
    assert judge(model, effort).scenario.name == scenario


def test_reasons() -> None:
    assert judge("openai/o3-pro").reason == "model table: o[1-9]-pro*"
    assert judge("my-model").reason == "no row in the model table"
    assert judge("gpt-4o", "high").reason == "the request names effort high"
    assert judge("gpt-4o", None, {"gpt-*": "deep"}).reason == "config: gpt-*"


def test_the_operators_table_wins_over_everything() -> None:
    configured = {"my-*": "image", "gpt-4o": "deep"}
    assert judge("gpt-4o", "high", configured).scenario.name == "deep"
    assert judge("my-own", None, configured).scenario.name == "image"
    assert judge("gpt-4.1", None, configured).scenario.name == "chat"


@pytest.mark.parametrize(
    "endpoint, scenario",
    [
        ("embeddings", "embedding"),
        ("rerank", "embedding"),
        ("messages.count_tokens", "embedding"),
        ("embed_content", "embedding"),
        ("images.edits", "image"),
        ("audio.transcriptions", "audio"),
        ("completions", "reasoning"),
        ("chat.completions", "reasoning"),
        ("", "reasoning"),
    ],
)
def test_an_endpoint_with_one_purpose_decides(endpoint: str, scenario: str) -> None:
    judged = judge("o3", "high", None, endpoint)
    assert judged.scenario.name == scenario
    assert judged.reason == (f"endpoint {endpoint}" if endpoint in ENDPOINTS else "model table: o[1-9]")


def test_the_operators_table_wins_over_the_endpoint() -> None:
    assert judge("my-own", None, {"my-*": "deep"}, "embeddings").scenario.name == "deep"
    assert set(ENDPOINTS.values()) <= set(SCENARIOS)


def test_the_table_of_spans() -> None:
    spans = {name: (row.connect, row.write, row.first_byte, row.idle, row.total) for name, row in SCENARIOS.items()}
    assert spans == {
        "chat": (10, 30, 120, 120, 900),
        "reasoning": (10, 30, 900, 300, 3600),
        "deep": (10, 30, 1800, 900, 7200),
        "image": (10, 60, 300, 120, 900),
        "audio": (10, 60, 120, 60, 600),
        "embedding": (10, 30, 30, 30, 120),
        "unknown": (10, 30, 600, 300, 3600),
    }
    assert SCENARIOS["chat"].whole == 600
    assert {name for name, row in SCENARIOS.items() if row.slow} == {"reasoning", "deep"}
    finishing = {name for name, row in SCENARIOS.items() if row.on_disconnect is OnDisconnect.FINISH}
    assert finishing == {"reasoning", "deep", "image"}
    assert {name for name, row in SCENARIOS.items() if row.paid} == {"chat", "embedding", "unknown"}


@pytest.mark.parametrize("glob", [glob for glob, _ in MODELS])
def test_no_row_of_the_model_table_is_hidden_by_an_earlier_one(glob: str) -> None:
    example = re.sub(r"\[(\d)-\d]", r"\1", glob.replace("*", "x"))
    assert judge(example).reason == f"model table: {glob}"


@given(st.text(max_size=80), st.none() | st.text(max_size=10))
def test_any_name_has_a_scenario(model: str, effort: str | None) -> None:
    assert judge(model, effort).scenario.name in SCENARIOS
