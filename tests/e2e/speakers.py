"""Clients of the four dialects: each as its SDK asks, and each as bytes on the wire."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
from google.genai import errors
from tests.conformance.sdks import anthropic_python, genai_python, openai_python
from tests.e2e.asking import Heard, Line, request

Row = dict[str, Any]

DIALECTS = ("chat", "responses", "anthropic", "gemini")
# How a channel says what its upstream speaks, and where that stands.
SPEAKS: Mapping[str, Mapping[str, object]] = {
    "chat": {"dialect": "openai", "endpoints": ["chat.completions"]},
    "responses": {"dialect": "openai", "endpoints": ["responses"]},
    "anthropic": {"dialect": "anthropic"},
    "gemini": {"dialect": "gemini"},
}
ROOTS = {"chat": "/v1", "responses": "/v1", "anthropic": "/v1", "gemini": "/v1beta"}
# How each dialect's SDK says that an answer is whole, and that a stream failed without raising anything.
WHOLE = frozenset({"stop", "completed", "end_turn", "STOP"})
TOLD = frozenset({"error", "response.failed"})
OWN_ERRORS = {
    "chat": openai.OpenAIError,
    "responses": openai.OpenAIError,
    "anthropic": anthropic.AnthropicError,
    "gemini": errors.APIError,
}
_PROGRAMS: Mapping[str, tuple[Callable[[Row, Row], None], str]] = {
    "chat": (openai_python.answer, "chat"),
    "responses": (openai_python.answer, "responses"),
    "anthropic": (anthropic_python.answer, "messages"),
    "gemini": (genai_python.answer, "plain"),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One question of one client. `question` tells it from all others."""

    client: str
    model: str
    question: str
    stream: bool = False
    tools: bool = False


def play(cases: Iterable[Case], port: int, key: str) -> dict[Case, Row]:
    """What the SDKs were told, all asked at once: `text`, `finish`, `calls`, and what was raised as `raised`."""

    def one(case: Case) -> Row:
        row: Row = {"text": ""}
        program, api = _PROGRAMS[case.client]
        call = {
            "name": case.question, "root": f"http://127.0.0.1:{port}", "key": key, "model": case.model, "api": api,
            "stream": case.stream, "tools": case.tools, "retries": 0, "timeout": 20, "headers": {},
        }  # fmt: skip
        try:
            program(call, row)
        except Exception as error:  # noqa: BLE001 - what is raised is what is looked at
            row["raised"] = error.with_traceback(None)  # whose frames would keep connections open
        return row

    asked = list(cases)
    with ThreadPoolExecutor(48) as pool:
        return dict(zip(asked, pool.map(one, asked), strict=True))


def path(client: str, model: str, *, stream: bool) -> str:
    """Where a client of this dialect asks."""
    if client != "gemini":
        return {"chat": "/v1/chat/completions", "responses": "/v1/responses", "anthropic": "/v1/messages"}[client]
    return f"/v1beta/models/{model}:" + ("streamGenerateContent?alt=sse" if stream else "generateContent")


def body(client: str, model: str, question: str, *, stream: bool, **more: object) -> bytes:
    """A request of this dialect."""
    if client == "gemini":
        return json.dumps({"contents": [{"role": "user", "parts": [{"text": question}]}], **more}).encode()
    said: dict[str, object] = (
        {"input": question} if client == "responses" else {"messages": [{"role": "user", "content": question}]}
    )
    if client == "anthropic":
        said["max_tokens"] = 1000
    return json.dumps({"model": model, "stream": stream, **said, **more}).encode()


def credentials(client: str, key: str) -> dict[str, str]:
    """How a client of this dialect shows its key."""
    if client == "anthropic":
        return {"x-api-key": key, "anthropic-version": "2023-06-01"}
    return {"x-goog-api-key": key} if client == "gemini" else {"Authorization": f"Bearer {key}"}


def ask(port: int, where: str, said: bytes, headers: Mapping[str, str]) -> Heard:
    """One call on a connection of its own."""
    with Line(port) as line:
        line.send(request(said, headers, where))
        return line.hear()


def counted(client: str, heard: Heard) -> tuple[int, int, int, int]:
    """The usage told, in one form: tokens of the prompt, of the answer, from a cache, of thoughts."""
    told = heard.events if b"data: " in heard.body else [heard.json]
    if client == "responses":
        told = [each.get("response", each) for each in told]
    elif client == "anthropic":
        told = [each.get("message", each) for each in told]
    usage: Any = {}
    for each in told:
        usage |= each.get("usageMetadata" if client == "gemini" else "usage") or {}
    if client == "anthropic":
        cached = usage["cache_read_input_tokens"]
        thoughts = usage.get("output_tokens_details", {}).get("thinking_tokens", 0)
        return usage["input_tokens"] + cached, usage["output_tokens"], cached, thoughts
    if client == "gemini":
        thoughts = usage.get("thoughtsTokenCount", 0)
        said = usage["candidatesTokenCount"] + thoughts
        return usage["promptTokenCount"], said, usage.get("cachedContentTokenCount", 0), thoughts
    asked, said = ("input", "output") if client == "responses" else ("prompt", "completion")
    cached = usage[f"{asked}_tokens_details"]["cached_tokens"]
    thoughts = usage[f"{said}_tokens_details"]["reasoning_tokens"]
    return usage[f"{asked}_tokens"], usage[f"{said}_tokens"], cached, thoughts


def reason(client: str, heard: Heard) -> tuple[str, str | None]:
    """The kind of an error in the client's own shape, and the field it names (in outwait's remarks)."""
    error = heard.json["error"]
    if client == "gemini":
        assert error["code"] == heard.status
        (info,) = [each for each in error["details"] if each["@type"].endswith("ErrorInfo")]
        return info["reason"].lower(), info["metadata"].get("field")
    if client == "anthropic":
        assert heard.json["type"] == "error"
        return error["outwait"]["code"], error["outwait"]["param"]
    return error["code"], error["param"]
