from __future__ import annotations

import ast

import pytest

from outwait.toolkit.timeouts.advice import Facts, advise
from outwait.toolkit.timeouts.emit_clients_fill import ADOPTED
from outwait.toolkit.timeouts.emit_clients_python import PYTHON

every_target = pytest.mark.parametrize("target", PYTHON)


@every_target
@pytest.mark.parametrize("stream", [True, False])
def test_it_is_python(target: str, stream: bool) -> None:
    snippet = PYTHON[target](advise(Facts(model="o3", stream=stream)))
    ast.parse(snippet.text)
    assert (snippet.language, snippet.file[-3:]) == ("python", ".py")


@every_target
def test_the_constants_are_the_clients_spans(target: str) -> None:
    made = advise(Facts(model="o3"))
    numbers = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(PYTHON[target](made).text).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    client = made.chain.client
    told = {"CONNECT": client.connect, "WRITE": client.write, "READ": client.idle, "TOTAL": client.total}
    if target == "requests":
        told.pop("WRITE")  # it has none
    assert numbers == told


def test_sdks_retry_and_bare_libraries_do_not() -> None:
    made = advise(Facts(model="gpt-4o"))
    assert f"max_retries={made.retries}" in PYTHON["openai-python"](made).text
    assert ADOPTED in PYTHON["openai-python"](made).notes
    assert "read=0" in PYTHON["requests"](made).text
    assert ADOPTED not in PYTHON["requests"](made).notes


def test_anthropic_is_asked_at_the_root_with_its_own_model() -> None:
    text = PYTHON["anthropic-python"](advise(Facts(scenario="chat"))).text
    assert '"http://127.0.0.1:8787")' in text
    assert '"claude-sonnet-4-5"' in text


def test_langchain_waits_for_chunks_as_long_as_for_everything() -> None:
    assert 'STREAM_CHUNK_TIMEOUT_S", str(TOTAL)' in PYTHON["langchain"](advise(Facts(model="o3"))).text
