"""Zero configuration: without a file, the providers' own environment variables make the channels.

Each provider is spoken to in its own dialect. Anthropic and Google take their own models only. OpenAI takes everything
when it is alone or has its own OPENAI_BASE_URL (which may be any compatible server), and else the models of its own
families, so that a failed Claude call never ends as OpenAI's "no such model".
"""

from __future__ import annotations

from collections.abc import Mapping

OPENAI_URL = "https://api.openai.com/v1"
VARIABLES = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY")
OPENAI_MODELS = (
    "gpt-*", "chatgpt-*", "o1*", "o3*", "o4*", "codex-*", "computer-use-*", "davinci-*", "babbage-*", "ft:*",
    "text-*", "omni-*", "tts-*", "whisper-*", "dall-e-*", "sora-*",
)  # fmt: skip


def channels(env: Mapping[str, str]) -> list[dict[str, object]]:
    """The channels that `env` asks for, as they would stand in a file; none when no provider key is set."""
    openai, anthropic, gemini = (env.get(name, "").strip() for name in VARIABLES)
    base_url = env.get("OPENAI_BASE_URL", "").strip()
    made: list[dict[str, object]] = []
    if openai:
        alone = not (anthropic or gemini)
        everything = bool(base_url) or alone
        made.append(
            {
                "name": "openai",
                "base_url": base_url or OPENAI_URL,
                "api_key": openai,
                "models": [] if everything else list(OPENAI_MODELS),
                "priority": 1 if everything and not alone else 0,
            }
        )
    if anthropic:
        made.append({"name": "anthropic", "dialect": "anthropic", "api_key": anthropic, "models": ["claude*"]})
    if gemini:
        models = ["gemini*", "gemma*"]
        made.append({"name": "gemini", "dialect": "gemini", "api_key": gemini, "models": models})
    return made
