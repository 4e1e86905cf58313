"""The bytes both ends of the benchmark speak: requests as an SDK sends them, replies as a provider does.

A request names its upstream script in the `user` field, which every proxy passes on untouched: `short` (one JSON
reply), `drip-N` (N chunks, one per 10 ms; 0 = endless), `silent` (nothing, ever), `beat-S` (a comment each S seconds),
`think-S` (S silent seconds, then a short streamed answer).
"""

from __future__ import annotations

import json
import re

KEY = "ow-bench-0123456789abcdef0123456789abcdef"
BODY_SIZE = 1024
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    b"x-request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n"
)
LAST_CHUNK = b"0\r\n\r\n"
HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_SCRIPT = re.compile(rb'"user": ?"([a-z]+)(?:-(\d+))?"')
_LEAVE = "X-Outwait-On-Disconnect: cancel\r\n"  # an endless stream left to run would work against the next turn
_STAMP = 1763800000
_TEXT = "What must a gateway do while the model thinks, and who pays when it gives up? "


class BadReplyError(ValueError):
    """A reply is not the 200 that every script of the benchmark gives."""


def request(port: int, model: str, script: str, *, stream: bool) -> bytes:
    """A chat completions call of about 1 KB of body, with the headers openai-python sends."""
    call: dict[str, object] = {"model": model, "messages": [{"role": "user", "content": ""}], "user": script}
    if stream:
        call["stream"] = True
    padding = BODY_SIZE - len(json.dumps(call))
    call["messages"] = [{"role": "user", "content": (_TEXT * (padding // len(_TEXT) + 1))[:padding]}]
    body = json.dumps(call).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept-Encoding: gzip, deflate\r\n"
        "Connection: keep-alive\r\nAccept: application/json\r\nContent-Type: application/json\r\n"
        "User-Agent: OpenAI/Python 3.54.0\r\nX-Stainless-Lang: python\r\nX-Stainless-Package-Version: 3.54.0\r\n"
        "X-Stainless-OS: Linux\r\nX-Stainless-Arch: x64\r\nX-Stainless-Runtime: CPython\r\n"
        "X-Stainless-Runtime-Version: 3.11.2\r\nX-Stainless-Async: async:asyncio\r\nX-Stainless-Retry-Count: 0\r\n"
        f"X-Stainless-Read-Timeout: 600\r\nAuthorization: Bearer {KEY}\r\n{_LEAVE}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def reply_length(data: bytes) -> int:
    """Bytes of the one reply in `data`, head included; 0 while it is incomplete; raises unless its status is 200."""
    head = data.find(HEAD_END)
    if head < 0:
        return 0
    if not data.startswith(b"HTTP/1.1 200"):
        raise BadReplyError(data[:400].decode("latin-1"))
    found = _LENGTH.search(data, 0, head + 2)
    if found:
        whole = head + len(HEAD_END) + int(found[1])
        return whole if len(data) >= whole else 0
    return len(data) if data.endswith(LAST_CHUNK) else 0


def closes(data: bytes) -> bool:
    """Whether a reply says that its connection ends with it."""
    return _CLOSE.search(data, 0, data.find(HEAD_END) + 2) is not None


def request_length(data: bytes) -> int:
    """Bytes of the first request in `data` (Content-Length framing), 0 while it is incomplete."""
    head = data.find(HEAD_END)
    if head < 0:
        return 0
    found = _LENGTH.search(data, 0, head + 2)
    whole = head + len(HEAD_END) + (int(found[1]) if found else 0)
    return whole if len(data) >= whole else 0


def script_of(data: bytes) -> tuple[str, int]:
    """The script a request names and its number; `short` when it names none."""
    found = _SCRIPT.search(data)
    return (found[1].decode(), int(found[2] or 0)) if found else ("short", 0)


def chunk(payload: bytes) -> bytes:
    """One HTTP chunk."""
    return b"%x\r\n%b\r\n" % (len(payload), payload)


def delta(text: str | None) -> bytes:
    """A chat chunk of about 200 bytes as a server-sent event; None ends the answer."""
    choice = {"index": 0, "delta": {"content": text} if text else {}, "finish_reason": None if text else "stop"}
    event = {
        "id": "chatcmpl-bench0123456789abcdef",
        "object": "chat.completion.chunk",
        "created": _STAMP,
        "model": "gpt-4o-2024-11-20",
        "choices": [choice],
    }
    return b"data: " + json.dumps(event, separators=(",", ":")).encode() + b"\n\n"


def completion() -> bytes:
    """The JSON reply of a short call, about 1 KB."""
    reply = {
        "id": "chatcmpl-bench0123456789abcdef",
        "object": "chat.completion",
        "created": _STAMP,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "Wait. " * 110}, "finish_reason": "stop"},
        ],
        "usage": {"prompt_tokens": 180, "completion_tokens": 220, "total_tokens": 400},
    }
    return json.dumps(reply, separators=(",", ":")).encode()
