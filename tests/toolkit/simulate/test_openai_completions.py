from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types import Completion
from tests.toolkit.simulate.conftest import asked, events, played, refusal

from outwait.toolkit.simulate.answer import Answer
from outwait.toolkit.simulate.openai_completions import OPENAI_COMPLETIONS as SPEECH


def made(name: str, **body: object) -> Answer:
    return asked(SPEECH, name, {"model": name, "prompt": "tell me", **body})


def told(said: Answer) -> list[Any]:
    stream = b"".join(played(SPEECH, said))
    assert stream.endswith(b"data: [DONE]\n\n")
    return [data for _, data in events(stream)]


@pytest.mark.parametrize("name", ["fast", "refusal", "empty", "tools-1", "think-1s", "long-3"])
@pytest.mark.parametrize("body", [{}, {"n": 2, "logprobs": 2, "prompt": ["a", "b"], "max_tokens": 5}])
def test_the_stream_adds_up_to_the_reply(name: str, body: dict[str, object]) -> None:
    whole = json.loads(SPEECH.whole(made(name, **body)))
    Completion.model_validate_json(json.dumps(whole), strict=True)
    stream = told(made(name, stream=True, stream_options={"include_usage": True}, **body))
    assert (stream[-1]["usage"], stream[-1]["choices"]) == (whole["usage"], [])
    for choice in whole["choices"]:
        mine = [each for chunk in stream for each in chunk["choices"] if each["index"] == choice["index"]]
        assert "".join(each["text"] for each in mine) == choice["text"]
        assert [each["finish_reason"] for each in mine if each["finish_reason"]] == [choice["finish_reason"]]
        offsets = [at for each in mine if each["logprobs"] for at in each["logprobs"]["text_offset"]]
        assert offsets == (choice["logprobs"] or {"text_offset": []})["text_offset"]
    for chunk in stream[:-1]:
        for each in chunk["choices"]:
            each["finish_reason"] = each["finish_reason"] or "stop"  # null on the wire, which the type does not know
        Completion.model_validate_json(json.dumps(chunk), strict=True)


def test_usage_is_streamed_only_when_asked_for() -> None:
    assert all("usage" not in chunk for chunk in told(made("fast", stream=True)))


def test_tokens_are_a_prompt_too() -> None:
    assert SPEECH.ask({"model": "fast", "prompt": [1, 2, 3]}).words == 3


@pytest.mark.parametrize(
    "more,param",
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": [True]}, "prompt"),
        ({"model": ""}, "model"),
        ({"n": 0}, "n"),
        ({"logprobs": 6}, "logprobs"),
        ({"stream": 1}, "stream"),
    ],
)
def test_a_wrong_field_is_named(more: dict[str, object], param: str) -> None:
    assert refusal(SPEECH, {"model": "fast", "prompt": "x", **more})[0] == param
