"""How long programs that people use wait by default, and how long providers keep a call: rows of `policy.limits`."""

from __future__ import annotations

from typing import Final

from outwait.policy.limit import Limit

_MEASURED = "docs/facts.md#11-decisive"
_GENAI = "https://github.com/googleapis/js-genai/blob/main/src/_api_client.ts"  # createUndiciNoTimeoutDispatcher
_CLAUDE = "https://code.claude.com/docs/en/env-vars"

# fmt: off
APPS: Final[tuple[Limit, ...]] = (
    # ------------------------------------------------------------------------------------------------- programs
    Limit("nextchat.request", "NextChat", "client", "first_byte", 60, "",
          "a message that ends with no text: the request was aborted",
          "https://github.com/ChatGPTNextWeb/NextChat/blob/main/app/constant.ts"),
    Limit("nextchat.thinking", "NextChat", "client", "first_byte", 300, "",
          "a message that ends with no text: the request was aborted (models known to think, images)",
          "https://github.com/ChatGPTNextWeb/NextChat/blob/main/app/constant.ts"),
    Limit("cherry-studio.stream", "Cherry Studio", "client", "events", 300, "",
          "AI_ProviderSpecificError: Stream timeout", "https://github.com/CherryHQ/cherry-studio/issues/15608"),
    Limit("cherry-studio.request", "Cherry Studio", "client", "total", 1800, "", "TimeoutError or AbortError",
          "https://github.com/CherryHQ/cherry-studio/pull/13453"),
    Limit("codex.stream_idle", "Codex CLI", "client", "events", 300, "stream_idle_timeout_ms of the model provider",
          "stream disconnected before completion: idle timeout waiting for SSE",
          "https://github.com/openai/codex/blob/main/docs/config.md"),
    Limit("claude-code.request", "Claude Code", "client", "first_byte", 600, "API_TIMEOUT_MS",
          "API Error (Request timed out.) · Retrying in 1 seconds… (attempt 1/10)", _CLAUDE),
    Limit("claude-code.events", "Claude Code", "client", "events", 300, "",
          "the stream is given up and asked for again", _MEASURED),
    Limit("opencode.headers", "opencode", "client", "first_byte", 300,
          "provider.NAME.options.headerTimeout, false for none",
          "the call is aborted and tried again", "https://opencode.ai/changelog/v1.18.27"),
    Limit("opencode.chunks", "opencode", "client", "events", 300, "provider.NAME.options.chunkTimeout, false for none",
          "the call is aborted and tried again", "https://github.com/anomalyco/opencode/pull/46890"),
    Limit("open-webui.client", "Open WebUI", "client", "total", 300, "AIOHTTP_CLIENT_TIMEOUT, empty for none",
          "the answer stops in the middle: aiohttp's total ran out",
          "https://docs.openwebui.com/getting-started/env-configuration/#aiohttp_client_timeout"),
    Limit("n8n.openai", "n8n", "client", "idle", 60, "Options: Timeout of the OpenAI Chat Model node, milliseconds",
          "Request timed out.",
          "https://docs.n8n.io/integrations/builtin/cluster-nodes/sub-nodes/n8n-nodes-langchain.lmchatopenai/"),
    Limit("litellm-proxy.request_timeout", "LiteLLM proxy", "middlebox", "idle", 6000,
          "litellm_settings.request_timeout, per model timeout and stream_timeout",
          "408 with litellm.Timeout in its JSON", "https://docs.litellm.ai/docs/proxy/timeout"),
    Limit("new-api.streaming_timeout", "new-api", "middlebox", "events", 300, "STREAMING_TIMEOUT",
          "a stream that ends as if it were whole, without its last words",
          "https://docs.newapi.pro/en/docs/installation/config-maintenance/environment-variables"),
    # ------------------------------------------------------------------------------------------------- providers
    Limit("deepseek.queue", "DeepSeek", "provider", "total", 600, "",
          "the connection is closed though it was kept alive: inference had not started",
          "https://api-docs.deepseek.com/quick_start/rate_limit"),
    Limit("anthropic.nonstreaming", "Anthropic", "provider", "total", 600, "stream: true, or a batch",
          "ValueError of the SDK before anything is sent: Streaming is required for operations that may take longer "
          "than 10 minutes", "https://github.com/anthropics/anthropic-sdk-python#long-requests"),
    Limit("gemini.unary", "Gemini", "provider", "total", 600, "stream, or background: true of the Interactions API",
          "504 DEADLINE_EXCEEDED", _GENAI),
    Limit("gemini.stream", "Gemini", "provider", "total", 1200, "background: true of the Interactions API",
          "504 DEADLINE_EXCEEDED", _GENAI),
)
