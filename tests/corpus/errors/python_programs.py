"""What a user of each Python library would write: one call. Arguments: URL, model, seconds to wait, json or stream."""

from __future__ import annotations

from typing import Final

_ARGUMENTS: Final = """\
import sys

url, model, wait, how = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4]
question = {"model": model, "messages": [{"role": "user", "content": "Hello"}], "stream": how == "stream"}
"""
_FULL: Final = """
import resource
taken = [open("/dev/null") for _ in range(20)]
resource.setrlimit(resource.RLIMIT_NOFILE, (taken[-1].fileno() + 1, taken[-1].fileno() + 1))
"""
_OPENAI: Final = """
import openai

client = openai.OpenAI(base_url=url + "/v1", api_key="sk-none", max_retries=0, timeout=wait)
reply = client.chat.completions.create(**question)
if how == "stream":
    print("".join(chunk.choices[0].delta.content or "" for chunk in reply))
else:
    print(reply.choices[0].message.content)
"""
_ANTHROPIC: Final = """
import anthropic

client = anthropic.Anthropic(base_url=url, api_key="sk-ant-none", max_retries=0, timeout=wait)
asked = {"model": model, "max_tokens": 100, "messages": question["messages"]}
if how == "stream":
    with client.messages.stream(**asked) as stream:
        print(stream.get_final_text())
else:
    print(client.messages.create(**asked).content[0].text)
"""
_GENAI: Final = """
from google import genai

options = {"base_url": url, "timeout": int(wait * 1000), "retry_options": {"attempts": 1}}
client = genai.Client(api_key="AIza-none", http_options=options)
if how == "stream":
    for chunk in client.models.generate_content_stream(model=model, contents="Hello"):
        print(chunk.text)
else:
    print(client.models.generate_content(model=model, contents="Hello").text)
"""
_HTTPX: Final = """
import httpx2

data = httpx2.post(url + "/v1/chat/completions", json=question, timeout=wait)
data.raise_for_status()
print(data.json()["choices"][0]["message"]["content"])
"""
_HTTPX_POOL: Final = """
import httpx2

with httpx2.Client(limits=httpx2.Limits(max_connections=1), timeout=wait) as client:
    with client.stream("POST", url + "/v1/chat/completions", json=question):
        client.post(url + "/v1/chat/completions", json=question)
"""
_REQUESTS: Final = """
import requests

reply = requests.post(url + "/v1/chat/completions", json=question, timeout=wait)
reply.raise_for_status()
print(reply.json()["choices"][0]["message"]["content"])
"""
_URLLIB: Final = """
import json
import urllib.request

request = urllib.request.Request(url + "/v1/chat/completions", json.dumps(question).encode())
request.add_header("Content-Type", "application/json")
with urllib.request.urlopen(request, timeout=wait) as reply:
    print(json.loads(reply.read())["choices"][0]["message"]["content"])
"""
_ASYNCIO: Final = """
import asyncio
import json
from urllib.parse import urlsplit

async def main():
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    body = json.dumps(question).encode()
    head = b"POST /v1/chat/completions HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: %d\\r\\n\\r\\n"
    writer.write(head % len(body) + body)
    head = await asyncio.wait_for(reader.readuntil(b"\\r\\n\\r\\n"), wait)
    print(head, await asyncio.wait_for(reader.readexactly(500), wait))

asyncio.run(main())
"""
_AIOHTTP: Final = """
import asyncio
import aiohttp

async def main():
    limits = aiohttp.ClientTimeout(total=wait) if how == "json" else aiohttp.ClientTimeout(sock_read=wait)
    async with aiohttp.ClientSession(timeout=limits, trust_env=True) as session:
        async with session.post(url + "/v1/chat/completions", json=question) as reply:
            reply.raise_for_status()
            if how == "stream":
                async for line in reply.content:
                    print(line)
            else:
                print((await reply.json())["choices"][0]["message"]["content"])

asyncio.run(main())
"""
_AIOHTTP_CONNECT: Final = _AIOHTTP.replace("total=wait", "sock_connect=wait")
_LITELLM: Final = """
import litellm

litellm.suppress_debug_info = True
reply = litellm.completion(
    "openai/" + model, question["messages"], stream=how == "stream", api_base=url + "/v1", api_key="sk-none",
    timeout=wait, num_retries=0, max_retries=0,
)
if how == "stream":
    for chunk in reply:
        print(chunk.choices[0].delta.content)
else:
    print(reply.choices[0].message.content)
"""
_LANGCHAIN: Final = """
from langchain_openai import ChatOpenAI

model = ChatOpenAI(model=model, base_url=url + "/v1", api_key="sk-none", timeout=wait, max_retries=0)
if how == "stream":
    for chunk in model.stream("Hello"):
        print(chunk.content)
else:
    print(model.invoke("Hello").content)
"""
_BIG: Final = 'question["messages"][0]["content"] = "x" * (64 << 20)\n'

# Program -> its source, the interpreter (as tools/test-needs makes them), the distributions whose versions are told.
PYTHON: Final[dict[str, tuple[str, str, str]]] = {
    "openai-python": (_OPENAI, ".venv", "openai"),
    "openai-python-old": (_OPENAI, ".tools/oldest", "openai"),
    "anthropic-python": (_ANTHROPIC, ".venv", "anthropic"),
    "google-genai": (_GENAI, ".venv", "google-genai"),
    "httpx2": (_HTTPX, ".venv", "httpx2"),
    "httpx2-pool": (_HTTPX_POOL, ".venv", "httpx2"),
    "httpx2-big": (_BIG + _HTTPX, ".venv", "httpx2"),
    "httpx2-full": ("import httpx2\n" + _FULL + _HTTPX, ".venv", "httpx2"),
    "requests": (_REQUESTS, ".venv", "requests"),
    "requests-big": (_BIG + _REQUESTS, ".venv", "requests"),
    "requests-full": ("import requests, encodings.idna\n" + _FULL + _REQUESTS, ".venv", "requests"),
    "urllib": (_URLLIB, ".venv", ""),
    "asyncio": (_ASYNCIO, ".venv", ""),
    "aiohttp": (_AIOHTTP, ".tools/sdks", "aiohttp"),
    "aiohttp-connect": (_AIOHTTP_CONNECT, ".tools/sdks", "aiohttp"),
    "litellm": (_LITELLM, ".tools/sdks", "litellm"),
    "langchain-openai": (_LANGCHAIN, ".tools/sdks", "langchain-openai"),
}


def source(program: str) -> str:
    """The whole source of `program`."""
    return _ARGUMENTS + PYTHON[program][0]
