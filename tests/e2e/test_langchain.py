"""LangChain counts the chunks of asynchronous streams and gives up after 120 s without one (here 4): a comment is none,
a chunk that says nothing is one. Each minute it gets such a chunk by itself (tests/dialects/openai_chat).
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.e2e.acts import Serve
from tests.e2e.backstage import Provider
from tests.e2e.stage import Gateway, environment

PYTHON = Path(__file__).parents[2] / ".tools" / "sdks" / "bin" / "python"
PROGRAM = """
import asyncio, json, sys
from langchain_openai import ChatOpenAI

async def main():
    asked = {"model": "silent-8s", "base_url": sys.argv[1], "api_key": "KEY", "max_retries": 0}
    model = ChatOpenAI(**asked, stream_chunk_timeout=4)
    try:
        told = {"text": "".join([chunk.text async for chunk in model.astream("Think hard.")])}
    except Exception as error:
        told = {"error": type(error).__name__}
    print(json.dumps(told))

asyncio.run(main())
"""
pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="langchain-openai is not there: tools/test-needs fetches it"
)


@pytest.fixture(scope="module")
def gateway(serve: Serve, provider: Provider) -> Gateway:
    modes = [{"name": mode, "key": f"key-{mode}", "heartbeat": {"mode": mode}} for mode in ("event", "comment")]
    channels = [{"name": "sim", "base_url": provider.url}]
    return serve({"channels": channels, "keys": modes, "heartbeat": {"after": "1s", "every": "2s"}})


def stream(gateway: Gateway, key: str) -> dict[str, str]:
    url = f"http://127.0.0.1:{gateway.port}/v1"
    program = PROGRAM.replace("KEY", key)
    done = subprocess.run(
        [PYTHON, "-c", program, url], capture_output=True, text=True, timeout=60, check=True, env=environment()
    )
    told: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_a_chunk_that_says_nothing_keeps_it_waiting(gateway: Gateway) -> None:
    assert len(stream(gateway, "key-event").get("text", "")) > 20


def test_comments_alone_do_not(gateway: Gateway) -> None:
    assert stream(gateway, "key-comment") == {"error": "StreamChunkTimeoutError"}
