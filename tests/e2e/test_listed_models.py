"""What providers list, shown to clients: from providers that answer, and beside others that are slow, dead or talk
nonsense. Calls, keys and health take no part in it."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import types
from tests.e2e.acts import Serve
from tests.e2e.asking import get
from tests.e2e.backstage import Backstage, Raw, Script
from tests.e2e.stage import Gateway, Program, environment, free_port, until

KEY, FEW = "key-of-a-curious-client", "key-for-a-few-models"
WAIT = 3.0  # seconds a client waits, as documented
MANY = [f"long-{number}" for number in range(1, 2301)]  # three pages


def cards(*names: str, words: str = "") -> bytes:
    return json.dumps({"object": "list", "data": [{"id": name, "description": words} for name in names]}).encode()


def answering(body: bytes, *, status: int = 200, after: float = 0.0, hang: bool = False) -> Script:
    """Answers each GET with `body`, `after` seconds later; or, to `hang`, with nothing."""

    async def script(raw: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw.requests.append((await reader.readuntil(b"\r\n\r\n"), b""))
        await asyncio.sleep(after)
        if not hang:
            kind = b"application/json" if body.startswith(b"{") else b"text/html"
            writer.write(
                b"HTTP/1.1 %d x\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (status, kind, len(body), body)
            )
            await writer.drain()
        await raw.until_lost(reader)

    return script


SCRIPTS = {
    "slow": answering(cards("slow-model"), after=WAIT + 1.5),
    "hangs": answering(b"", hang=True),
    "html": answering(b"<html>not here</html>"),
    "cut": answering(cards("cut-model")[:-9]),
    "odd": answering(b'{"data":[{"id":7},{"id":"odd\\u0000"},{"id":"odd-model"}],"object":[[[]]]}'),
    "refuses": answering(b'{"error":{"message":"Incorrect API key"}}', status=401),
    "wordy": answering(cards(*(f"wordy-{number}" for number in range(500)), words="Many words. " * 1000)),
    "endless": answering(cards("endless-model", words="x" * (9 << 20))),
}
SHOWN = {"good-model", "odd-model", *(f"wordy-{number}" for number in range(500))}


@dataclass
class Scene:
    """A gateway before many providers. `raws`: those that play a script."""

    gateway: Gateway
    raws: dict[str, Raw]

    def shown(self, key: str = KEY) -> set[str]:
        told = get(self.gateway.port, "/v1/models", {"Authorization": f"Bearer {key}"}).json
        names = [each["id"] for each in told["data"]]
        assert names == sorted(names)
        return set(names)

    def asked(self) -> dict[str, int]:
        return {name: len(raw.requests) for name, raw in self.raws.items()}


@pytest.fixture(scope="module")
def scene(serve: Serve, backstage: Backstage) -> Scene:
    raws = {name: backstage.raw(script) for name, script in SCRIPTS.items()}
    urls = {name: raw.url for name, raw in raws.items()} | {"dead": f"http://127.0.0.1:{free_port()}/v1"}
    good = backstage.simulate(aliases={"good-model": "echo"}, models=["good-model", "silent-20s"])
    channels: list[dict[str, Any]] = [
        {"name": name, "base_url": url, "api_key": f"sk-secret-of-{name}", "models": [f"{name}-*"]}
        for name, url in {**urls, "good": good.url}.items()
    ]
    keys = [{"name": "curious", "key": KEY, "admin": True}, {"name": "few", "key": FEW, "models": ["wordy-1?", "odd*"]}]
    config = {"channels": channels, "keys": keys, "health": {"probe": False}, "log": {"level": "debug"}}
    return Scene(serve(config, "listed"), raws)


def test_clients_are_told_in_time_and_each_provider_is_asked_once(scene: Scene) -> None:
    assert set(scene.asked().values()) == {0}  # nobody wanted to know
    began = time.monotonic()
    with ThreadPoolExecutor(8) as clients:
        found = list(clients.map(lambda _: scene.shown(), range(8)))
    assert WAIT - 0.5 < time.monotonic() - began < WAIT + 1.5
    assert all(each == SHOWN for each in found)
    began = time.monotonic()
    assert scene.shown() == SHOWN
    assert time.monotonic() - began < 1.0
    assert scene.asked() == dict.fromkeys(SCRIPTS, 1)


def test_what_comes_late_is_there_for_the_next(scene: Scene) -> None:
    until(lambda: scene.shown() == SHOWN | {"slow-model"}, "the slow provider's list")
    assert scene.asked() == dict.fromkeys(SCRIPTS, 1)


def test_a_key_sees_what_it_may_use(scene: Scene) -> None:
    assert scene.shown(FEW) == {"odd-model", *(f"wordy-1{digit}" for digit in range(10))}


def test_health_takes_no_part_in_it(scene: Scene) -> None:
    scene.shown()
    rows = get(scene.gateway.port, "/v1/channels", {"Authorization": f"Bearer {KEY}"}).json["data"]
    assert {row["name"] for row in rows} == {*SCRIPTS, "dead", "good"}
    assert all(
        (row["keys"]["dead"], row["endpoints"], row["probe"], row["check"]) == ([], [], None, None) for row in rows
    )
    assert scene.gateway.entries() == []
    log = scene.gateway.text()
    assert "channel html: its models are not known: upstream_bad_response" in log
    assert "channel refuses: its models are not known: upstream_auth" in log
    assert "sk-secret" not in log


# -------------------------------------------------------------------------------------------------- without a file
@pytest.fixture(scope="module")
def bare(backstage: Backstage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """`outwait serve` with nothing but a provider's key and address: its root URL, and the key it made up."""
    provider = backstage.simulate(models=MANY, key="sk-of-the-provider")
    env = environment(
        OPENAI_API_KEY="sk-of-the-provider", OPENAI_BASE_URL=provider.url, OUTWAIT_SERVER__PORT=str(free_port())
    )
    program = Program("bare", [sys.executable, "-m", "outwait", "serve"], tmp_path_factory.mktemp("bare"), env)
    try:
        root = program.wait_for(r"http://127\.0\.0\.1:\d+")[0]
        yield root, program.wait_for(r"ow-[\w-]+")[0]
    finally:
        assert program.stop() == 0


def test_a_gateway_without_a_file_shows_its_providers_models_to_each_sdk(bare: tuple[str, str]) -> None:
    root, key = bare
    with (
        openai.OpenAI(base_url=f"{root}/v1", api_key=key) as of_openai,
        anthropic.Anthropic(base_url=root, api_key=key) as of_anthropic,
        genai.Client(api_key=key, http_options=types.HttpOptions(base_url=root)) as of_google,
    ):
        assert [each.id for each in of_openai.models.list()] == sorted(MANY)
        assert [each.id for each in of_anthropic.models.list()] == sorted(MANY)
        assert [each.name for each in of_google.models.list()] == [f"models/{name}" for name in sorted(MANY)]
        assert of_openai.models.retrieve("long-7").id == "long-7"
        chosen = next(iter(of_openai.models.list())).id
        told = of_openai.chat.completions.create(model=chosen, messages=[{"role": "user", "content": "Hello"}])
        assert told.choices[0].message.content


@pytest.mark.parametrize("dialect", ["anthropic", "gemini"])
def test_providers_that_list_pages_are_read_to_the_end(
    dialect: str, serve: Serve, backstage: Backstage, tmp_path: Path
) -> None:
    provider = backstage.simulate(models=MANY)
    channel = {"name": "paged", "dialect": dialect, "base_url": provider.url.removesuffix("/v1"), "api_key": "k" * 20}
    config = {"channels": [channel], "keys": [{"name": "curious", "key": KEY}]}
    gateway = serve(config, f"paged-{dialect}")
    told = get(gateway.port, "/v1/models", {"Authorization": f"Bearer {KEY}"}).json
    assert [each["id"] for each in told["data"]] == sorted(MANY)
