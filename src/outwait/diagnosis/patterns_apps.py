"""How applications say it that people use models with: Claude Code, Codex, Cline, Dify, Open WebUI, chat front ends."""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import (
    AUTH,
    BAD_REQUEST,
    BAD_RESPONSE,
    CLIENT,
    CONTEXT,
    EMPTY,
    FIRST_BYTE,
    GATEWAY,
    GAVE_UP,
    IDLE,
    NO_MODEL,
    PROXY,
    QUOTA,
    REFUSED,
    TOTAL,
    TRUNCATED,
    UNKNOWN,
    UPSTREAM_ERROR,
)
from outwait.diagnosis.pattern import Pattern, rows

_CLAUDE_CODE = "https://docs.claude.com/en/docs/claude-code/troubleshooting"
_CODEX = "https://github.com/openai/codex/blob/main/docs/config.md"
_CLINE = "https://docs.cline.bot/troubleshooting/networking-and-proxies"
_CURSOR = "https://docs.cursor.com/troubleshooting/common-issues"
_DIFY = "https://docs.dify.ai/en/getting-started/install-self-hosted/faq"
_WEBUI = "https://docs.openwebui.com/troubleshooting/connection-error"
_N8N = (
    "https://docs.n8n.io/integrations/builtin/cluster-nodes/sub-nodes/n8n-nodes-langchain.lmchatopenai/common-issues/"
)
_CONTINUE = "https://docs.continue.dev/troubleshooting"
_OPENCODE = "https://opencode.ai/docs/troubleshooting/"
_CHERRY = "https://docs.cherry-ai.com/question-contact/questions"

# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
APPS: Final[tuple[Pattern, ...]] = (
    *rows(_CLAUDE_CODE, 90, QUOTA, r"claude (ai )?usage limit reached   you've reached your .{0,30}limit"),
    *rows(_CLAUDE_CODE, 60, TOTAL, r"""
        api error: request timed out   request timed out\. check your internet connection
    """),
    *rows(_CLAUDE_CODE, 90, AUTH, r"invalid api key . (please run|fix external)"),
    *rows(_CLAUDE_CODE, 88, CONTEXT, r"context low   prompt is too long . press"),
    *rows(_CODEX, 92, IDLE, r"stream idle timeout   idle timeout waiting"),
    *rows(_CODEX, 80, IDLE, r"stream_idle_timeout"),
    *rows(_CODEX, 70, TRUNCATED, r"stream disconnected before completion"),
    *rows(_CODEX, 90, TRUNCATED, r"stream closed before response\.complete"),
    *rows(_CODEX, 88, UNKNOWN, r"stream disconnected before completion:? error sending request", side=CLIENT),
    *rows(_CODEX, 76, UPSTREAM_ERROR, r"""
        stream disconnected before completion: (an error occurred while processing|the server had an error)
        stream disconnected before completion: (internal)
    """),
    *rows(_CODEX, 58, UPSTREAM_ERROR, r"exceeded retry limit, last status   we're currently experiencing"),
    *rows(_CLINE, 86, EMPTY, r"""
        unexpected api response: the language model did not provide any assistant messages
        provider returned an empty or unparsable response   language model returned an empty response
    """),
    *rows(_CLINE, 76, BAD_RESPONSE, r"invalid api response"),
    *rows(_CURSOR, 28, UNKNOWN, r"""
        connection failed\. if the problem persists   check your internet connection or vpn
        we're having trouble connecting   trouble connecting to the model provider
    """, side=CLIENT),
    *rows(_DIFY, 30, UNKNOWN, r"\[models\] connection error   \[models\] server unavailable error", side=GATEWAY),
    *rows(_DIFY, 84, AUTH, r"\[models\] incorrect model credentials provided   \[models\] error: api key"),
    *rows(_DIFY, 60, UPSTREAM_ERROR, r"\[models\] bad request error"),
    *rows(_DIFY, 90, FIRST_BYTE, r"error_type\W{1,6}readtimeout   pluginread.{0,6}timeout", side=GATEWAY),
    *rows(_DIFY, 92, TOTAL, r"""
        killed by timeout   plugin_max_execution_timeout   plugin daemon.{0,40}timeout
        workflow execution.{0,20}(timed out|time)
    """, side=GATEWAY),
    *rows(_DIFY, 64, UNKNOWN, r"reached maximum retries \([0-9]{1,12}\) for url", side=GATEWAY),
    *rows(_DIFY, 60, PROXY, r"ssrf_proxy"),
    *rows(_WEBUI, 60, UNKNOWN, r"open ?webui: server connection error   server connection error", side=GATEWAY),
    *rows(_N8N, 80, TOTAL, r"the connection timed out, consider setting   econnaborted: the request timed out"),
    *rows(_N8N, 82, NO_MODEL, r"the resource you are requesting could not be found"),
    *rows(_N8N, 80, BAD_REQUEST, r"bad request - please check your parameters"),
    *rows(_N8N, 80, REFUSED, r"the service refused the connection - perhaps it is offline"),
    *rows(_N8N, 80, "overloaded", r"the service is receiving too many requests"),
    *rows(_N8N, 78, "connect_reset", r"the connection to the server was closed unexpectedly, perhaps it is offline"),
    *rows(_N8N, 80, "connect_reset", r"the connection was aborted, perhaps the server is offline"),
    *rows(_CONTINUE, 60, REFUSED, r"unable to connect to ollama   failed to connect to local ollama"),
    *rows(_OPENCODE, 92, IDLE, r"sse read timed out   streamidletimeout"),
    *rows(_CHERRY, 66, GAVE_UP, r"请求(已)?被?(中断|暂停)   已(停止|暂停)(生成|响应)   pause_placeholder"),
    *rows(_CHERRY, 24, UNKNOWN, r"""
        网络(错误|异常|连接失败|连接错误)   连接(失败|错误|异常)   请求(失败|错误)   请求出错
    """, side=CLIENT),
    *rows(_CHERRY, 82, BAD_REQUEST, r"(base ?url|api ?地址|接口地址|代理地址)(填写)?(错误|不正确|无效)"),
)
# fmt: on
