"""Who speaks what, and where: each kind of provider as a row of data, from the provider's own documentation.

Where a row leaves an endpoint out, the provider does not document it; a call for it goes to another channel, or is
translated where it can be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from outwait.dialects.provider import COUNTING, GENERATION, Envelope, Provider, Quirks, Way, way

__all__ = ["COUNTING", "GENERATION", "PROVIDERS", "RESPONSES_ONLY", "Envelope", "Provider", "Quirks", "Way", "way"]

# OpenAI's models that /chat/completions does not take ("only supported in v1/responses"): glob -> where that is said.
RESPONSES_ONLY: Mapping[str, str] = MappingProxyType(
    {
        "o1-pro*": "developers.openai.com/api/docs/models/o1-pro: Responses",
        "o3-pro*": "developers.openai.com/api/docs/models/o3-pro: Responses",
        "gpt-5*-pro*": "developers.openai.com/api/docs/models/gpt-5-pro: Responses",
        "*-deep-research*": "developers.openai.com/api/docs/guides/deep-research: Responses",
        "computer-use-preview*": "developers.openai.com/api/docs/models/computer-use-preview: Responses",
        "codex-mini*": "developers.openai.com/api/docs/models/codex-mini-latest: Responses",
        "gpt-*-codex*": "developers.openai.com/api/docs/models/gpt-5-codex: Responses",
        "gpt-*-cyber*": "openai-python, types/shared/responses_model.py: in no list of chat models",
        "gpt-daybreak-*": "openai-python, types/shared/responses_model.py",
        "gpt-*rosalind*": "openai-python, types/shared/responses_model.py",
        "gpt-*-law*": "openai-python, types/shared/responses_model.py",
    }
)

_TRACE = ("traceparent", "tracestate", "baggage")
# Client headers that mean something to the provider and nothing to us. Not among them: anything that names an account
# (openai-organization, openai-project: the channel's business), and x-request-id (servers such as vLLM take it for
# their own request id, and two attempts of one exchange would share it).
_OPENAI_PASSED = ("openai-beta", "x-client-request-id", *_TRACE)
_ANTHROPIC_PASSED = ("anthropic-version", "anthropic-beta", *_TRACE)

CHAT = Way("openai", "/chat/completions")
RESPONSES = Way("responses", "/responses")
MESSAGES = Way("anthropic", "/messages", headers={"anthropic-version": "2023-06-01"})
COUNT_TOKENS = replace(MESSAGES, path="/messages/count_tokens")
_PLAIN = {
    "chat.completions": CHAT,
    "responses": RESPONSES,
    "messages": MESSAGES,
    "messages.count_tokens": COUNT_TOKENS,
    "completions": Way("openai", "/completions"),
    "embeddings": Way("openai", "/embeddings", accept="application/json"),
    "images.generations": Way("openai", "/images/generations"),
    "images.edits": Way("openai", "/images/edits", mixed=True),
    "images.variations": Way("openai", "/images/variations", mixed=True),
    "audio.speech": Way("openai", "/audio/speech", accept="*/*"),
    "audio.transcriptions": Way("openai", "/audio/transcriptions", accept="*/*", mixed=True),
    "audio.translations": Way("openai", "/audio/translations", accept="*/*", mixed=True),
    "moderations": Way("openai", "/moderations", accept="application/json"),
    "rerank": Way("openai", "/rerank", accept="application/json"),
}
_OPENAI = tuple(name for name in _PLAIN if not name.startswith("messages"))
_CHAT_OF_OPENAI = replace(CHAT, models=tuple(f"!{glob}" for glob in RESPONSES_ONLY))


def _ways(*names: str, **others: Way) -> dict[str, Way]:
    """The plain ways of these names, and other ones, in the order given (`__` in a name stands for a dot)."""
    return {name: _PLAIN[name] for name in names} | {name.replace("__", "."): each for name, each in others.items()}


def _dated(*names: str) -> dict[str, Way]:
    """Azure's ways: below the deployment's name where the channel has a dated API version."""
    chat = {"chat.completions": _CHAT_OF_OPENAI}
    query = "?api-version={api_version}"
    return {
        name: replace(each, dated=f"/openai/deployments/{{model}}{each.path}{query}")
        for name, each in ((name, chat.get(name, _PLAIN[name])) for name in names)
    }


# Lists of models: OpenAI's (platform.openai.com/docs/api-reference/models/list) and those made after it.
_LIST = Way("openai", "/models", accept="application/json")
# Documented to take max_tokens, and the roles system, user, assistant and tool only.
_LENIENT = Quirks(limit="max_tokens", developer=False)
# developers.openai.com/api/docs/guides/background; learn.microsoft.com/azure/foundry/openai/how-to/responses.
_JOBS = Quirks(background=True)
_BEDROCK = Envelope("bedrock-2023-05-31", frozenset(("model", "stream")), betas=True)
_VERTEX = "/projects/{project}/locations/{region}/publishers"
_ANTHROPIC_ON_VERTEX = f"{_VERTEX}/anthropic/models"
_GEMINI_ON_VERTEX = f"{_VERTEX}/google/models/{{model}}"

_ROWS = (
    Provider(
        "openai",
        _ways(*_OPENAI) | {"chat.completions": _CHAT_OF_OPENAI},
        base_url="https://api.openai.com/v1",
        passed=_OPENAI_PASSED,
        quirks=_JOBS,
        free=_LIST,
        lists=_LIST,
    ),
    Provider(
        # A server that speaks OpenAI's chat form, and of which nothing else is known.
        "compatible",
        _ways(*(name for name in _OPENAI if name != "responses")),
        passed=_OPENAI_PASSED,
        quirks=_LENIENT,
        free=_LIST,
        lists=_LIST,
    ),
    Provider(
        "anthropic",
        _ways("messages", "messages.count_tokens"),
        credential="x-api-key",
        base_url="https://api.anthropic.com/v1",
        versioned=True,
        passed=_ANTHROPIC_PASSED,
        free=replace(MESSAGES, path="/models?limit=1", accept="application/json"),
        lists=replace(MESSAGES, path="/models?limit=1000", accept="application/json"),
    ),
    Provider(
        "gemini",
        {
            "generate_content": Way(
                "gemini", "/models/{model}:generateContent", "/models/{model}:streamGenerateContent?alt=sse"
            ),
            "models.count_tokens": Way("gemini", "/models/{model}:countTokens"),
            "embed_content": Way("gemini", "/models/{model}:embedContent"),
            "batch_embed_contents": Way("gemini", "/models/{model}:batchEmbedContents"),
            # ai.google.dev/gemini-api/docs/openai: the same keys, shown as a bearer token.
            "embeddings": Way("openai", "/openai/embeddings", credential="bearer", accept="application/json"),
            "images.generations": Way("openai", "/openai/images/generations", credential="bearer"),
        },
        credential="x-goog-api-key",
        base_url="https://generativelanguage.googleapis.com/v1beta",
        root="/v1beta",
        versioned=True,
        passed=_TRACE,
        free=Way("gemini", "/models?pageSize=1", accept="application/json"),
        lists=Way("gemini", "/models?pageSize=1000", accept="application/json"),
    ),
    Provider(
        # learn.microsoft.com/azure/foundry/openai: the v1 API, and the dated one below deployments. Claude models are
        # beside them on the same host, in Anthropic's own form (azure/foundry/.../use-foundry-models-claude).
        "azure",
        {
            "messages": replace(
                MESSAGES, path="/anthropic/v1/messages", rooted=True, models=("claude*",), credential="x-api-key"
            ),
            **{
                name: replace(each, models=(*each.models, "!claude*")) if name == "chat.completions" else each
                for name, each in _dated(
                    "chat.completions",
                    "completions",
                    "embeddings",
                    "images.generations",
                    "images.edits",
                    "audio.speech",
                    "audio.transcriptions",
                    "audio.translations",
                ).items()
            },
            "responses": replace(RESPONSES, dated="/openai/responses?api-version={api_version}"),
        },
        credential="api-key",
        root="/openai/v1",
        passed=(*_OPENAI_PASSED, "anthropic-version", "anthropic-beta"),
        quirks=_JOBS,
        # No `lists`: this one has the models that could be deployed, and calls name deployments.
        free=replace(_LIST, dated="/openai/models?api-version={api_version}"),
    ),
    Provider(
        # docs.aws.amazon.com/bedrock/latest/APIReference: InvokeModel, InvokeModelWithResponseStream.
        "bedrock",
        {
            "messages": Way(
                "anthropic",
                "/model/{model}/invoke",
                "/model/{model}/invoke-with-response-stream",
                accept="application/json",
                envelope=_BEDROCK,
                framed=True,
            )
        },
        credential="aws",
        base_url="https://bedrock-runtime.{region}.amazonaws.com",
        root="",
    ),
    Provider(
        # docs.cloud.google.com/vertex-ai/generative-ai/docs: whose model it is decides whose form is spoken.
        "vertex",
        {
            "generate_content": Way(
                "gemini",
                f"{_GEMINI_ON_VERTEX}:generateContent",
                f"{_GEMINI_ON_VERTEX}:streamGenerateContent?alt=sse",
                models=("!claude*", "!*/*"),
            ),
            "messages": Way(
                "anthropic",
                f"{_ANTHROPIC_ON_VERTEX}/{{model}}:rawPredict",
                f"{_ANTHROPIC_ON_VERTEX}/{{model}}:streamRawPredict",
                models=("claude*",),
                envelope=Envelope("vertex-2023-10-16", frozenset(("model",))),
            ),
            # Open models, named by publisher and model: meta/llama-..., deepseek-ai/deepseek-...
            "chat.completions": Way(
                "openai",
                "/projects/{project}/locations/{region}/endpoints/openapi/chat/completions",
                models=("*/*",),
            ),
            "models.count_tokens": Way("gemini", f"{_GEMINI_ON_VERTEX}:countTokens", models=("!claude*", "!*/*")),
            "messages.count_tokens": Way(
                "anthropic",
                f"{_ANTHROPIC_ON_VERTEX}/count-tokens:rawPredict",
                models=("claude*",),
                envelope=Envelope("vertex-2023-10-16"),
            ),
        },
        credential="google",
        base_url="https://{region}-aiplatform.googleapis.com/v1",
        regions={
            "global": "https://aiplatform.googleapis.com/v1",
            "us": "https://aiplatform.us.rep.googleapis.com/v1",
            "eu": "https://aiplatform.eu.rep.googleapis.com/v1",
        },
        passed=("anthropic-beta", *_TRACE),
    ),
    Provider(
        # api-docs.deepseek.com: "https://api.deepseek.com", Anthropic's form at "/anthropic".
        "deepseek",
        _ways("chat.completions", messages=replace(MESSAGES, path="/anthropic/v1/messages", rooted=True)),
        base_url="https://api.deepseek.com",
        root="",
        passed=_ANTHROPIC_PASSED,
        quirks=replace(_LENIENT, reasoning="thinking"),
        free=_LIST,
        lists=_LIST,
    ),
    Provider(
        # help.aliyun.com/model-studio: compatible mode; Responses and Anthropic's form at roots of their own.
        "qwen",
        _ways(
            "chat.completions",
            "completions",
            "embeddings",
            responses=Way("responses", "/api/v2/apps/protocols/compatible-mode/v1/responses", rooted=True),
            messages=replace(MESSAGES, path="/apps/anthropic/v1/messages", rooted=True),
        ),
        base_url="https://dashscope.aliyuncs.com/compatible-mode/v1",
        root="/compatible-mode/v1",
        passed=_ANTHROPIC_PASSED,
        quirks=replace(_LENIENT, reasoning="switch"),
    ),
    Provider(
        # platform.kimi.ai/docs/api/overview
        "moonshot",
        _ways("chat.completions", "responses", messages=replace(MESSAGES, path="/anthropic/v1/messages", rooted=True)),
        base_url="https://api.moonshot.ai/v1",
        passed=_ANTHROPIC_PASSED,
        quirks=replace(_LENIENT, reasoning="thinking"),
        free=_LIST,
        lists=_LIST,
    ),
    Provider(
        # docs.mistral.ai/api: unknown fields are refused, stream_options among them; usage comes unasked.
        "mistral",
        _ways("chat.completions", "embeddings", "moderations", "audio.transcriptions", "audio.speech"),
        base_url="https://api.mistral.ai/v1",
        passed=_TRACE,
        quirks=replace(_LENIENT, usage=False),
        free=_LIST,
        lists=_LIST,
    ),
    Provider(
        # console.groq.com/docs/api-reference
        "groq",
        _ways("chat.completions", "responses", "audio.speech", "audio.transcriptions", "audio.translations"),
        base_url="https://api.groq.com/openai/v1",
        root="/openai/v1",
        passed=_TRACE,
        quirks=Quirks(developer=False),
        free=_LIST,
        lists=_LIST,
    ),
    Provider(
        # docs.vllm.ai/serving/online_serving
        "vllm",
        _ways(
            "chat.completions",
            "responses",
            "messages",
            "messages.count_tokens",
            "completions",
            "embeddings",
            "audio.transcriptions",
            "audio.translations",
            "rerank",
        ),
        passed=_OPENAI_PASSED,
        quirks=Quirks(developer=False),
        free=_LIST,
        lists=_LIST,
    ),
    Provider(
        # docs.ollama.com/api/openai-compatibility, anthropic-compatibility
        "ollama",
        _ways(
            "chat.completions",
            "responses",
            "messages",
            "completions",
            "embeddings",
            "images.generations",
            "audio.speech",
            "audio.transcriptions",
        ),
        base_url="http://localhost:11434/v1",
        quirks=_LENIENT,
        free=_LIST,
        lists=_LIST,
    ),
    Provider(
        # openrouter.ai/docs/api-reference
        "openrouter",
        _ways("chat.completions", "responses", "messages", "completions", "embeddings"),
        base_url="https://openrouter.ai/api/v1",
        root="/api/v1",
        passed=("http-referer", "x-title", "anthropic-beta", *_TRACE),
        quirks=replace(_LENIENT, reasoning="object"),
        free=replace(_LIST, path="/key"),  # its list of models is there for everybody
        lists=_LIST,
    ),
    Provider(
        # docs.x.ai: Anthropic's form is deprecated there, so it is not used.
        "xai",
        _ways("chat.completions", "responses", "completions", "images.generations", "images.edits"),
        base_url="https://api.x.ai/v1",
        passed=_TRACE,
        quirks=Quirks(developer=False),
        free=_LIST,
        lists=_LIST,
    ),
    Provider(
        # docs.together.ai/reference
        "together",
        _ways(
            "chat.completions",
            "completions",
            "embeddings",
            "images.generations",
            "audio.speech",
            "audio.transcriptions",
            "audio.translations",
            "rerank",
        ),
        base_url="https://api.together.xyz/v1",
        passed=_TRACE,
        quirks=_LENIENT,
        free=_LIST,
        lists=_LIST,
    ),
    Provider(
        # docs.bigmodel.cn: paas/v4, Anthropic's form at /api/anthropic.
        "zhipu",
        _ways(
            "chat.completions",
            "embeddings",
            "images.generations",
            "audio.speech",
            "audio.transcriptions",
            "moderations",
            "rerank",
            messages=replace(MESSAGES, path="/api/anthropic/v1/messages", rooted=True),
        ),
        base_url="https://open.bigmodel.cn/api/paas/v4",
        root="/api/paas/v4",
        passed=_ANTHROPIC_PASSED,
        quirks=replace(_LENIENT, reasoning="thinking"),
    ),
)

PROVIDERS: Mapping[str, Provider] = MappingProxyType({row.name: row for row in _ROWS})
