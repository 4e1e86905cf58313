"""Makes calls with curl, in each of the four dialects: what a client without an SDK sees, JSON and `data:`."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.conformance.sdks.telling import Call, Row, main

Json = dict[str, Any]


class CurlError(Exception):
    """curl says that it failed, or what it got is an error or ends too soon."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status_code = status


def answer(call: Call, row: Row) -> None:
    """One call; an error where a careful program would see one."""
    path, body = _asked(call)
    argv = ["curl", "--no-progress-meter", "--no-buffer", "--max-time", str(call["timeout"])]
    argv += ["--retry", str(call["retries"]), "--retry-delay", "1", "--write-out", "%{http_code}", "--data", "@-"]
    headers = {"content-type": "application/json", "x-api-key": call["key"], "anthropic-version": "2023-06-01"}
    for name, value in {**headers, **call["headers"]}.items():
        argv += ["--header", f"{name}: {value}"]
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said"
        done = subprocess.run(
            [*argv, "--output", str(said), call["root"] + path],
            input=json.dumps(body), capture_output=True, text=True, check=False,
        )  # fmt: skip
        text = said.read_text() if said.exists() else ""
    row["tries"] = 1 + done.stderr.count("Will retry")
    _read(call, text, row)
    status = int(done.stdout or 0)
    if done.returncode:
        message = f"curl: {done.returncode}: {done.stderr[-200:]} {text[-200:]}"
        raise CurlError(message, status if status >= 400 else None)
    if status != 200 or "failed" in row:
        raise CurlError(row.get("failed") or text[:300], status)


def _asked(call: Call) -> tuple[str, Json]:
    """Path and body."""
    model, question, stream = call["model"], call["name"], call["stream"]
    messages = [{"role": "user", "content": question}]
    if call["api"] == "gemini":
        verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
        return f"/v1beta/models/{model}:{verb}", {"contents": [{"role": "user", "parts": [{"text": question}]}]}
    if call["api"] == "responses":
        return "/v1/responses", {"model": model, "input": question, "stream": stream}
    if call["api"] == "messages":
        return "/v1/messages", {"model": model, "max_tokens": 1000, "messages": messages, "stream": stream}
    return "/v1/chat/completions", {"model": model, "messages": messages, "stream": stream}


def _read(call: Call, text: str, row: Row) -> None:
    """The text and the finish in a body, whole or not."""
    for document in _events(text) if call["stream"] else _documents(text):
        if document.get("error"):
            row["failed"] = json.dumps(document["error"])
        _READERS[call["api"]](document, row)


def _documents(text: str) -> Iterator[Json]:
    try:
        yield json.loads(text)
    except ValueError:
        return


def _events(text: str) -> Iterator[Json]:
    for line in text.splitlines():
        if line.startswith("data: {"):
            yield from _documents(line.removeprefix("data: "))


def _chat(document: Json, row: Row) -> None:
    for choice in document.get("choices", ()):
        row["text"] += (choice.get("delta") or choice.get("message") or {}).get("content") or ""
        row["finish"] = choice["finish_reason"] or row.get("finish")


def _responses(document: Json, row: Row) -> None:
    if document.get("type") == "response.output_text.delta":
        row["text"] += document["delta"]
    elif document.get("type") in ("response.completed", "response.failed"):
        row["finish"] = document["response"]["status"]
    for item in document.get("output", ()):
        row["text"] += "".join(part.get("text", "") for part in item.get("content") or ())
        row["finish"] = document["status"]


def _messages(document: Json, row: Row) -> None:
    row["text"] += document.get("delta", {}).get("text", "")
    row["text"] += "".join(block.get("text", "") for block in document.get("content", ()))
    stop = document.get("stop_reason") or document.get("delta", {}).get("stop_reason")
    row["finish"] = stop or row.get("finish")


def _gemini(document: Json, row: Row) -> None:
    for candidate in document.get("candidates", ()):
        parts = candidate.get("content", {}).get("parts", ())
        row["text"] += "".join(part.get("text", "") for part in parts if not part.get("thought"))
        row["finish"] = candidate.get("finishReason") or row.get("finish")


_READERS: dict[str, Callable[[Json, Row], None]] = {
    "chat": _chat,
    "responses": _responses,
    "messages": _messages,
    "gemini": _gemini,
}

if __name__ == "__main__":
    main(answer, CurlError)
