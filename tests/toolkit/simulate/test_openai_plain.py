from __future__ import annotations

import base64
import json
import struct
from typing import Any

import pytest
from openai.types import CreateEmbeddingResponse, ModerationCreateResponse
from tests.toolkit.simulate.conftest import asked, refusal

from outwait.toolkit.simulate.dialect import Speech
from outwait.toolkit.simulate.openai_plain import OPENAI_EMBEDDINGS, OPENAI_MODERATIONS, RERANK


def reply(speech: Speech, **body: object) -> Any:
    return json.loads(speech.whole(asked(speech, "fast", {"model": "fast", **body})))


def test_embeddings_are_numbers_or_packed() -> None:
    plain = reply(OPENAI_EMBEDDINGS, input=["a", "b", "a"], dimensions=4)
    CreateEmbeddingResponse.model_validate_json(json.dumps(plain), strict=True)
    first, second, third = (each["embedding"] for each in plain["data"])
    assert first == third != second
    packed = reply(OPENAI_EMBEDDINGS, input="a", dimensions=4, encoding_format="base64")["data"][0]["embedding"]
    assert struct.unpack("<4f", base64.b64decode(packed)) == pytest.approx(first)
    assert len(reply(OPENAI_EMBEDDINGS, input=[[1, 2], [3]])["data"]) == 2
    assert len(reply(OPENAI_EMBEDDINGS, input=[1, 2])["data"]) == 1


def test_a_text_that_says_violence_is_flagged() -> None:
    told = reply(OPENAI_MODERATIONS, input=["peace", "Violence!"])
    ModerationCreateResponse.model_validate_json(json.dumps(told), strict=True)
    assert [each["flagged"] for each in told["results"]] == [False, True]
    assert told["results"][1]["categories"]["violence"]
    parts = [{"type": "text", "text": "violence"}, {"type": "image_url", "image_url": {"url": "x"}}]
    assert reply(OPENAI_MODERATIONS, input=parts)["results"][0]["flagged"]


def test_documents_with_the_most_words_in_common_come_first() -> None:
    documents = ["the sea", {"text": "a quiet river"}, "quiet"]
    told = reply(RERANK, query="quiet river", documents=documents, top_n=2, return_documents=True)
    assert [each["index"] for each in told["results"]] == [1, 2]
    assert told["results"][0]["document"] == {"text": "a quiet river"}
    assert "document" not in reply(RERANK, query="x", documents=["y"])["results"][0]


@pytest.mark.parametrize(
    "speech,body,param",
    [
        (OPENAI_EMBEDDINGS, {"input": ""}, "input"),
        (OPENAI_EMBEDDINGS, {"input": []}, "input"),
        (OPENAI_EMBEDDINGS, {"input": ["a", ""]}, "input"),
        (OPENAI_EMBEDDINGS, {"input": ["a"] * 2049}, "input"),
        (OPENAI_EMBEDDINGS, {"input": "a", "dimensions": 0}, "dimensions"),
        (OPENAI_EMBEDDINGS, {"input": "a", "encoding_format": "hex"}, "encoding_format"),
        (OPENAI_EMBEDDINGS, {"input": "a", "model": 1}, "model"),
        (OPENAI_MODERATIONS, {"input": None}, "input"),
        (RERANK, {"documents": ["a"]}, "query"),
        (RERANK, {"query": "a", "documents": [1]}, "documents"),
        (RERANK, {"query": "a", "documents": "b"}, "documents"),
        (RERANK, {"query": "a", "documents": ["b"], "top_n": 0}, "top_n"),
    ],
)
def test_a_wrong_field_is_named(speech: Speech, body: dict[str, object], param: str) -> None:
    assert refusal(speech, {"model": "fast", **body})[0] == param
