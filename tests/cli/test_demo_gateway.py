from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from outwait.cli import demo_gateway
from outwait.cli.demo_gateway import GatewayError, configure, free_port, gateway, keep, surroundings, workplace
from outwait.config.load import load

FAKE = str(Path(__file__).with_name("fake_gateway.py"))


def serve(mode: str) -> tuple[str, ...]:
    return (sys.executable, FAKE, mode)


def test_the_configuration_is_one_that_outwait_takes(tmp_path: Path) -> None:
    settings = load(configure(tmp_path, 1234, "http://127.0.0.1:9/v1", 1.0), env={})
    assert (settings.server.port, settings.channels[0].base_url) == (1234, "http://127.0.0.1:9/v1")
    assert (settings.heartbeat.after, settings.heartbeat.json_after, settings.heartbeat.every) == (1, 1, 1)
    assert settings.keys[0].key.get_secret_value() == demo_gateway.KEY


def test_nobodys_keys_settings_and_proxies_reach_the_gateway() -> None:
    env = {
        "PATH": "/bin", "HOME": "/h", "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "u", "OUTWAIT_SERVER__PORT": "1",
        "MISTRAL_API_KEY": "k", "https_proxy": "p", "HTTP_PROXY": "p", "no_proxy": "*",
    }  # fmt: skip
    assert surroundings(env) == {"PATH": "/bin", "HOME": "/h"}


def test_a_free_port_is_free() -> None:
    async def story() -> None:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", free_port())
        server.close()
        await server.wait_closed()

    asyncio.run(story())


def test_a_workplace_is_gone_afterwards() -> None:
    with workplace() as folder:
        (folder / "data").mkdir()
        assert keep(folder) is None
        (folder / demo_gateway.LOG).write_text("words", "utf-8")
        kept = keep(folder)
    assert not folder.exists()
    assert kept
    assert Path(kept).read_text("utf-8") == "words"
    Path(kept).unlink()


def test_the_gateway_is_ready_inside_and_gone_afterwards(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway(serve("good"), "http://127.0.0.1:9/v1", 0.1, tmp_path) as url:
            port = int(url.split(":")[2].split("/")[0])
            assert await demo_gateway._is_ready(port)
        assert not await demo_gateway._is_ready(port)

    asyncio.run(story())
    assert json.loads((tmp_path / "outwait.yaml").read_text("utf-8"))["heartbeat"]["every"] == 0.1


@pytest.mark.parametrize("mode,why", [("dies", "ended with status 3"), ("deaf", "not ready within 0.4 s")])
def test_a_gateway_that_does_not_start_is_told_with_its_log(
    mode: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if mode == "deaf":
        monkeypatch.setattr(demo_gateway, "_START", 0.4)

    async def story() -> None:
        async with gateway(serve(mode), "http://127.0.0.1:9/v1", 0.1, tmp_path):
            pytest.fail("it is not ready")

    with pytest.raises(GatewayError, match=why) as caught:
        asyncio.run(story())
    assert caught.value.log
    log = Path(caught.value.log)
    assert mode == "deaf" or "begins as dies" in log.read_text("utf-8")
    log.unlink()
