"""A gateway for tests of the scene: `fake_gateway.py MODE --config FILE`. Quicker to start than a real one; can fail.

good: beats, and passes the answer on. mute: passes it on without beats. wrong: beats, then another answer.
dies: ends at once. deaf: never ready.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def asked(config: dict[str, Any], body: bytes) -> bytes:
    """The model's whole reply, unframed."""
    port = int(config["channels"][0]["base_url"].split(":")[2].split("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /v1/chat/completions HTTP/1.0\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    reply = await reader.read()
    writer.close()
    return reply.partition(b"\r\n\r\n")[2]


async def serve(mode: str, config: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if head.startswith(b"GET"):
        writer.write(b"HTTP/1.1 %b x\r\nContent-Length: 0\r\n\r\n" % (b"503" if mode == "deaf" else b"200"))
        writer.close()
        return
    body = await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
    stream = json.loads(body)["stream"] if b'"stream"' in body else False
    answer = asyncio.ensure_future(asked(config, body))
    writer.write(HEAD % (b"text/event-stream" if stream else b"application/json"))
    while not answer.done():
        await asyncio.wait([answer], timeout=config["heartbeat"]["every"])
        if not answer.done() and mode != "mute":
            writer.write(chunk(b": ping\n\n" if stream else b"\n"))
    words = answer.result()
    if mode == "wrong":
        words = words.replace(b"e", b"x", 200) if not stream else words.replace(b'"content":" ', b'"content":" un')
    writer.write(chunk(words) + b"0\r\n\r\n")
    writer.close()


async def main(mode: str, path: str) -> None:
    config = json.loads(await asyncio.to_thread(Path(path).read_text))
    server = await asyncio.start_server(lambda *ends: serve(mode, config, *ends), "127.0.0.1", config["server"]["port"])
    await server.serve_forever()


if __name__ == "__main__":
    print("the fake gateway begins as", sys.argv[1], flush=True)  # noqa: T201 - its log
    if sys.argv[1] == "dies":
        sys.exit(3)
    asyncio.run(main(sys.argv[1], sys.argv[3]))
