"""Settings of Python clients: openai, anthropic, httpx, requests, LangChain. Each is a program that runs as it is.

It reads OPENAI_BASE_URL (or ANTHROPIC_BASE_URL), the key and MODEL from the environment, prints the answer, and ends
with status 1 and a line that says what ended it when it gives up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from outwait.core.tongue import Said
from outwait.toolkit.timeouts.advice import Advice
from outwait.toolkit.timeouts.emit_clients_fill import fill, notes
from outwait.toolkit.timeouts.snippet import Emitter, Snippet

_SPANS = """\
CONNECT = @connect@  # seconds: to the server
WRITE = @write@  # between two writes of the request
READ = @idle@  # between two bytes of the answer, and until the first one; heartbeats are bytes
TOTAL = @total@  # for everything, retries too"""

_ASKED = 'QUESTION = " ".join(sys.argv[1:]) or @question@'

_FAILED = """\
except Exception as error:  # whatever ended it: an SDK does not wrap every error of a stream
    sys.exit(f"gave up: {type(error).__name__}: {str(error) or 'no whole answer in time'}")
"""

_OPENAI = f"""\
# openai for Python: pip install openai (Python 3.11 or newer for asyncio.timeout)
import asyncio
import os
import sys

import openai

{_SPANS}
{_ASKED}

client = openai.AsyncOpenAI(
    base_url=os.environ.get("OPENAI_BASE_URL", @url@),
    api_key=os.environ.get("OPENAI_API_KEY", "any-key"),
    timeout=openai.Timeout(READ, connect=CONNECT, write=WRITE, pool=CONNECT),  # a plain number bounds silence only
    max_retries=@retries@,
)


async def ask() -> None:
    async with asyncio.timeout(TOTAL):
        @ASK@
    print()


try:
    asyncio.run(ask())
{_FAILED}"""

_OPENAI_STREAM = """\
stream = await client.chat.completions.create(
            model=os.environ.get("MODEL", @model@),
            messages=[{"role": "user", "content": QUESTION}],
            stream=True,
        )
        finish = None
        async for chunk in stream:
            for choice in chunk.choices:  # a chunk with the usage has none
                print(choice.delta.content or "", end="", flush=True)
                finish = choice.finish_reason or finish
        if finish is None:  # the SDK takes the end of the stream for the end of the answer
            raise EOFError("the answer was cut")"""

_OPENAI_WHOLE = """\
reply = await client.chat.completions.create(
            model=os.environ.get("MODEL", @model@),
            messages=[{"role": "user", "content": QUESTION}],
        )
        print(reply.choices[0].message.content, end="")"""

_ANTHROPIC = f"""\
# anthropic for Python: pip install anthropic (Python 3.11 or newer for asyncio.timeout)
import asyncio
import os
import sys

import anthropic

{_SPANS}
{_ASKED}

client = anthropic.AsyncAnthropic(
    base_url=os.environ.get("ANTHROPIC_BASE_URL", @root@),
    api_key=os.environ.get("ANTHROPIC_API_KEY", "any-key"),
    timeout=anthropic.Timeout(READ, connect=CONNECT, write=WRITE, pool=CONNECT),  # set, it also allows long whole calls
    max_retries=@retries@,
)


async def ask() -> None:
    async with asyncio.timeout(TOTAL):
        @ASK@
    print()


try:
    asyncio.run(ask())
{_FAILED}"""

_ANTHROPIC_STREAM = """\
asked = client.messages.stream(
            model=os.environ.get("MODEL", @model@),
            max_tokens=1024,
            messages=[{"role": "user", "content": QUESTION}],
        )
        async with asked as stream:  # `ping` events pass unseen
            async for text in stream.text_stream:
                print(text, end="", flush=True)
            if (await stream.get_final_message()).stop_reason is None:
                raise EOFError("the answer was cut")"""

_ANTHROPIC_WHOLE = """\
reply = await client.messages.create(
            model=os.environ.get("MODEL", @model@),
            max_tokens=1024,
            messages=[{"role": "user", "content": QUESTION}],
        )
        print("".join(part.text for part in reply.content if part.type == "text"), end="")"""

_HTTPX = f"""\
# httpx: pip install httpx (Python 3.11 or newer for asyncio.timeout)
import asyncio
import json
import os
import sys

import httpx

{_SPANS}
{_ASKED}

URL = os.environ.get("OPENAI_BASE_URL", @url@) + "/chat/completions"
HEADERS = {{"authorization": "Bearer " + os.environ.get("OPENAI_API_KEY", "any-key")}}
BODY = {{
    "model": os.environ.get("MODEL", @model@),
    "messages": [{{"role": "user", "content": QUESTION}}],
    "stream": @STREAM@,
}}


async def ask() -> None:
    timeout = httpx.Timeout(READ, connect=CONNECT, write=WRITE, pool=CONNECT)
    transport = httpx.AsyncHTTPTransport(retries=@retries@)  # of connecting only: nothing was sent, nothing is paid
    async with asyncio.timeout(TOTAL), httpx.AsyncClient(timeout=timeout, transport=transport) as client:
        @ASK@
    print()


try:
    asyncio.run(ask())
{_FAILED}"""

_HTTPX_STREAM = """\
async with client.stream("POST", URL, headers=HEADERS, json=BODY) as reply:
            if reply.is_error:
                raise RuntimeError(f"{reply.status_code}: {(await reply.aread())[:500]!r}")
            finish = None
            async for line in reply.aiter_lines():
                if not line.startswith("data: ") or line == "data: [DONE]":
                    continue  # an empty line, or a heartbeat: a comment that starts with a colon
                event = json.loads(line.removeprefix("data: "))
                if "error" in event:  # told in the stream, since the status was out already
                    raise RuntimeError(event["error"]["message"])
                for choice in event["choices"]:
                    print(choice["delta"].get("content") or "", end="", flush=True)
                    finish = choice["finish_reason"] or finish
            if finish is None:  # the end of the stream is not yet the end of the answer
                raise EOFError("the answer was cut")"""

_HTTPX_WHOLE = """\
reply = await client.post(URL, headers=HEADERS, json=BODY)
        if reply.is_error:
            raise RuntimeError(f"{reply.status_code}: {reply.text[:500]}")
        print(reply.json()["choices"][0]["message"]["content"], end="")  # line breaks before the JSON are heartbeats"""

_REQUESTS = f"""\
# requests: pip install requests
import json
import os
import sys
import time

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

{_SPANS.replace("WRITE = @write@  # between two writes of the request", "", 1).replace(chr(10) * 2, chr(10))}
{_ASKED}

# Tried again is only what surely was not worked on: no connection, 429 and 503. A read timeout may have been paid.
RETRY = Retry(
    total=@retries@,
    read=0,
    other=0,
    backoff_factor=1,
    status_forcelist=(429, 503),
    allowed_methods=None,  # POST too
    raise_on_status=False,
)
session = requests.Session()
for scheme in ("http://", "https://"):
    session.mount(scheme, HTTPAdapter(max_retries=RETRY))

BODY = {{
    "model": os.environ.get("MODEL", @model@),
    "messages": [{{"role": "user", "content": QUESTION}}],
    "stream": @STREAM@,
}}


def ask() -> None:
    end = time.monotonic() + TOTAL
    reply = session.post(
        os.environ.get("OPENAI_BASE_URL", @url@) + "/chat/completions",
        headers={{"authorization": "Bearer " + os.environ.get("OPENAI_API_KEY", "any-key")}},
        json=BODY,
        timeout=(CONNECT, READ),  # one number would bound both; none at all waits forever
        stream=True,  # also a whole reply comes in pieces then, so that TOTAL can be looked at
    )
    if not reply.ok:
        raise RuntimeError(f"{{reply.status_code}}: {{reply.text[:500]}}")
    @ASK@
    print()


try:
    ask()
{_FAILED}"""

_REQUESTS_STREAM = """\
finish = None
    for line in reply.iter_lines(chunk_size=1):  # heartbeats are lines too
        if time.monotonic() > end:
            raise TimeoutError(f"no whole answer within {TOTAL} s")
        if not line.startswith(b"data: ") or line == b"data: [DONE]":
            continue  # an empty line, or a heartbeat: a comment that starts with a colon
        event = json.loads(line.removeprefix(b"data: "))
        if "error" in event:  # told in the stream, since the status was out already
            raise RuntimeError(event["error"]["message"])
        for choice in event["choices"]:
            print(choice["delta"].get("content") or "", end="", flush=True)
            finish = choice["finish_reason"] or finish
    if finish is None:  # the end of the stream is not yet the end of the answer
        raise EOFError("the answer was cut")"""

_REQUESTS_WHOLE = """\
text = b""
    for piece in reply.iter_content(None):  # heartbeats are line breaks before the JSON
        if time.monotonic() > end:
            raise TimeoutError(f"no whole answer within {TOTAL} s")
        text += piece
    print(json.loads(text)["choices"][0]["message"]["content"], end="")"""

_LANGCHAIN = f"""\
# LangChain: pip install langchain-openai (Python 3.11 or newer for asyncio.timeout)
import asyncio
import os
import sys

import openai
from langchain_openai import ChatOpenAI

{_SPANS}
{_ASKED}

# How long an async stream may give no chunk, 120 s unless set. Heartbeats that are comments do not count as chunks.
os.environ.setdefault("LANGCHAIN_OPENAI_STREAM_CHUNK_TIMEOUT_S", str(TOTAL))

model = ChatOpenAI(
    base_url=os.environ.get("OPENAI_BASE_URL", @url@),
    api_key=os.environ.get("OPENAI_API_KEY", "any-key"),
    model=os.environ.get("MODEL", @model@),
    timeout=openai.Timeout(READ, connect=CONNECT, write=WRITE, pool=CONNECT),
    max_retries=@retries@,
)


async def ask() -> None:
    async with asyncio.timeout(TOTAL):
        @ASK@
    print()


try:
    asyncio.run(ask())
{_FAILED}"""

_LANGCHAIN_STREAM = """\
finish = None
        async for chunk in model.astream(QUESTION):
            print(chunk.content, end="", flush=True)
            finish = chunk.response_metadata.get("finish_reason") or finish
        if finish is None:  # it takes the end of the stream for the end of the answer
            raise EOFError("the answer was cut")"""

_LANGCHAIN_WHOLE = """\
reply = await model.ainvoke(QUESTION)
        print(reply.content, end="")"""

_NO_TOTAL = Said(
    "requests has no limit for a whole call: the loop looks at the clock when something comes, and READ ends it when "
    "nothing does.",
    "requests 没有整个调用的时限：循环在收到数据时检查时钟；没有数据时由 READ 结束。",
)


def _program(
    target: str,
    title: Said,
    whole: str,
    bodies: tuple[str, str],
    *,
    more: tuple[Said, ...] = (),
    family: str = "openai",
) -> Emitter:
    """An emitter of `whole` with the first of `bodies` (stream, whole reply) that the advice asks for in it."""

    def emitter(advice: Advice) -> Snippet:
        stream = advice.facts.stream
        template = whole.replace("@ASK@", bodies[0] if stream else bodies[1]).replace("@STREAM@", str(stream))
        name = target.replace("-", "_")
        return Snippet(
            target,
            title,
            "python",
            f"ask_{name}.py",
            fill(template, advice, family=family),
            "python -m py_compile {file}",
            notes(advice, *more, retried=target not in ("httpx", "requests")),
        )

    return emitter


def _said(what: str) -> Said:
    return Said(f"{what}: a client that waits long enough", f"{what}：等得够久的客户端")


PYTHON: Final[Mapping[str, Callable[[Advice], Snippet]]] = MappingProxyType(
    {
        "openai-python": _program("openai-python", _said("openai (Python)"), _OPENAI, (_OPENAI_STREAM, _OPENAI_WHOLE)),
        "anthropic-python": _program(
            "anthropic-python",
            _said("anthropic (Python)"),
            _ANTHROPIC,
            (_ANTHROPIC_STREAM, _ANTHROPIC_WHOLE),
            family="anthropic",
        ),
        "httpx": _program("httpx", _said("httpx"), _HTTPX, (_HTTPX_STREAM, _HTTPX_WHOLE)),
        "requests": _program(
            "requests", _said("requests"), _REQUESTS, (_REQUESTS_STREAM, _REQUESTS_WHOLE), more=(_NO_TOTAL,)
        ),
        "langchain": _program("langchain", _said("LangChain"), _LANGCHAIN, (_LANGCHAIN_STREAM, _LANGCHAIN_WHOLE)),
    }
)
