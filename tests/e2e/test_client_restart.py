"""The gateway is killed and starts again while a client's answer is under way; the SDK's transport comes back."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.client.cutting import Cut, Cutter
from tests.e2e.backstage import Provider
from tests.e2e.stage import Gateway, free_port, until

from outwait.client import Reattach, reattaching_client

WORDS = 40
SLOW = f"silent-500ms+drip-40ms+long-{WORDS}"
PATIENT = Reattach(attempts=200, within=60, cap=0.2)

Start = Callable[[], Gateway]


@pytest.fixture
def start(provider: Provider, tmp_path: Path) -> Iterator[Start]:
    """`start()` starts a gateway on the same port, with the same data, as the last one."""
    port = free_port()
    made: list[Gateway] = []
    config = {
        "server": {"port": port},
        "data_dir": str(tmp_path / "data"),
        "heartbeat": {"after": "1s", "json_after": "1s", "every": "1s"},
        "channels": [{"name": "provider", "base_url": provider.url}],
        "keys": [{"name": "mine", "key": "k", "on_disconnect": "finish"}],
    }

    def begin() -> Gateway:
        folder = tmp_path / f"{len(made)}"
        folder.mkdir()
        made.append(Gateway(config, folder))
        return made[-1]

    yield begin
    for gateway in made:
        gateway.stop()


def kill(gateway: Gateway) -> None:
    """Without a word: SIGKILL for all of its processes."""
    os.killpg(gateway.process.pid, signal.SIGKILL)
    gateway.process.wait(10)


class Asking(threading.Thread):
    """A program that asks, in a thread of its own."""

    def __init__(self, port: int, question: str, *, stream: bool) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._asked: dict[str, Any] = {"model": SLOW, "messages": [{"role": "user", "content": question}]}
        self._stream = stream
        self.words: list[str] = []
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        """Ask once."""
        client = openai.OpenAI(
            base_url=f"http://127.0.0.1:{self._port}/v1",
            api_key="k",
            http_client=reattaching_client(PATIENT),
            max_retries=0,
        )
        with client:
            try:
                if self._stream:
                    for chunk in client.chat.completions.create(**self._asked, stream=True):
                        self.words.append(chunk.choices[0].delta.content or "" if chunk.choices else "")
                else:
                    self.words.append(client.chat.completions.create(**self._asked).choices[0].message.content or "")
            except openai.OpenAIError as error:
                self.error = error


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
def test_an_answer_that_was_finished_is_had_from_the_next_process(
    start: Start, provider: Provider, stream: bool
) -> None:
    question, first = f"finished, killed {stream}", start()
    cut = Cut("data: ", 5, 10) if stream else Cut(silence=0.2)
    with Cutter(first.port, [cut]) as line:
        asking = Asking(line.port, question, stream=stream)
        until(lambda: line.made, "the line to be cut")
        line.down = True
        until(lambda: [call.outcome for call in provider.calls(question)] == ["whole"], "the upstream call to end")
        first.wait_for('"outcome":"completed"')  # stored by then
        kill(first)
        start()
        line.down = False
        asking.join(30)
    assert asking.error is None
    assert len("".join(asking.words).split()) == WORDS
    assert len(provider.calls(question)) == 1


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
def test_an_answer_that_was_lost_is_told_as_lost(start: Start, provider: Provider, stream: bool) -> None:
    """Its upstream connection died with the gateway. It is no whole answer, and it is not asked again."""
    question, first = f"lost, killed {stream}", start()
    cut = Cut("data: ", 5, 10) if stream else Cut("\r\n\r\n1\r\n\n")  # behind its first heartbeat
    with Cutter(first.port, [cut]) as line:
        asking = Asking(line.port, question, stream=stream)
        until(lambda: line.made, "the line to be cut")
        line.down = True
        kill(first)
        start()
        line.down = False
        asking.join(30)
    assert isinstance(asking.error, openai.APIError)
    assert len("".join(asking.words).split()) < WORDS
    assert len(provider.calls(question)) == 1
