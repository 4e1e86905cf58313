from __future__ import annotations

import asyncio
import io
import os
import re
import signal
import socket
import urllib.request

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from outwait.cli import simulate as command
from outwait.toolkit.simulate.record import Received
from outwait.toolkit.simulate.script import GRAMMAR
from outwait.toolkit.simulate.server import Simulator


def invoke(*options: str) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(command.simulate)
    result = CliRunner().invoke(app, options)
    return result.exit_code, result.output


@pytest.mark.parametrize(
    "options,words",
    [
        (["--alias", "o3"], "NAME=SCRIPT"),
        (["--alias", "o3=nonsense"], "is no script"),
        (["--models", "fast,nonsense"], "is no script"),
        (["--port", "70000"], "65535"),
    ],
)
def test_what_it_cannot_do_is_a_usage_error(options: list[str], words: str) -> None:
    status, told = invoke(*options)
    assert status == 2
    assert words in told


def test_a_taken_port_is_bad_news() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        status, told = invoke("--port", port)
    assert status == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in told


def test_it_shows_its_grammar_and_serves_until_it_is_told_to_end() -> None:
    out = io.StringIO()

    async def story() -> None:
        serving = asyncio.ensure_future(command.serve(Simulator(), Console(file=out), 0, "127.0.0.1"))
        async with asyncio.timeout(5):
            while "listens" not in out.getvalue():  # noqa: ASYNC110 - what is awaited happens in the command
                await asyncio.sleep(0.01)
        found = re.search(r"http://\S+", out.getvalue())
        assert found
        models = await asyncio.to_thread(_get, found[0] + "/models")
        assert b"silent-20s" in models
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(5):
            await serving

    asyncio.run(story())
    assert GRAMMAR.splitlines()[-1] in out.getvalue()


def _get(url: str) -> bytes:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as reply:
        body: bytes = reply.read()
    return body


def test_a_call_is_told_in_one_line() -> None:
    call = Received(7, "/v1/chat/completions", 0, "", 0, model="drip-5ms", stream=True, status=200)
    call.seconds, call.outcome, call.sent, call.pieces = 1.25, "whole", 4096, 42
    assert command.line(call).split() == "7 1.250 s whole 200 stream 4096 B in 42 drip-5ms".split()
    assert " - " in command.line(Received(1, "/", 0, "", 0))
