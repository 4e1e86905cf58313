from __future__ import annotations

import asyncio
import io
import json
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
from outwait.cli.ending import Unwritten
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
        audience = command.Audience(Console(file=out))
        serving = asyncio.ensure_future(command.serve(Simulator(), audience, 0, "127.0.0.1"))
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


def test_programs_get_one_object_and_people_the_calls(capsys: pytest.CaptureFixture[str]) -> None:
    err = io.StringIO()

    async def story() -> None:
        audience = command.Audience(Console(file=err, width=200), as_json=True)
        simulator = Simulator(on_call=audience.called)
        serving = asyncio.ensure_future(command.serve(simulator, audience, 0, "127.0.0.1"))
        told = ""
        async with asyncio.timeout(5):
            while not told:
                await asyncio.sleep(0.01)
                told = capsys.readouterr().out
            url = json.loads(told)["url"]
            body = b'{"model": "fast", "messages": [{"role": "user", "content": "hi"}]}'
            assert b"choices" in await asyncio.to_thread(_get, url + "/chat/completions", body)
            os.kill(os.getpid(), signal.SIGINT)
            await serving
        root = url.removesuffix("/v1")
        assert json.loads(told) == {
            "url": url,
            "base_urls": {"openai": url, "anthropic": root, "gemini": root},
            "calls": f"{root}/simulate/calls",
            "pid": os.getpid(),
        }

    asyncio.run(story())
    assert "fast" in err.getvalue()
    assert capsys.readouterr().out == ""


def test_where_nobody_reads_its_calls_any_more_it_ends() -> None:
    class Gone(io.StringIO):
        def write(self, text: str, /) -> int:
            if "listens" in text:
                return len(text)
            raise Unwritten(BrokenPipeError(32, "Broken pipe"))

    async def story() -> None:
        audience = command.Audience(Console(file=Gone(), width=200))
        asyncio.get_running_loop().call_soon(audience.called, Received(1, "/", 0, "", 0))
        async with asyncio.timeout(5):
            await command.serve(Simulator(), audience, 0, "127.0.0.1")

    with pytest.raises(Unwritten):
        asyncio.run(story())


def test_a_name_that_no_lookup_takes() -> None:
    status, told = invoke("--port", "0", "--host", "a..b")
    assert (status, "Cannot listen on a..b:0" in told) == (1, True)


@pytest.mark.parametrize("host", ["", " "])
def test_an_address_that_is_none(host: str) -> None:
    status, told = invoke("--port", "0", "--host", host)
    assert (status, "takes an address" in told) == (2, True)


def test_why_nothing_is_served_is_one_object_too() -> None:
    status, told = invoke("--json", "--models", "nonsense")
    assert (status, "is no script" in json.loads(told)["error"]) == (2, True)


def _get(url: str, data: bytes | None = None) -> bytes:
    asked = urllib.request.Request(url, data, {"content-type": "application/json"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=5) as reply:
        body: bytes = reply.read()
    return body


def test_a_call_is_told_in_one_line() -> None:
    call = Received(7, "/v1/chat/completions", 0, "", 0, model="drip-5ms", stream=True, status=200)
    call.seconds, call.outcome, call.sent, call.pieces = 1.25, "whole", 4096, 42
    assert command.line(call).split() == "7 1.250 s whole 200 stream 4096 B in 42 drip-5ms".split()
    assert " - " in command.line(Received(1, "/", 0, "", 0))
