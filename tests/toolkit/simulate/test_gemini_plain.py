from __future__ import annotations

import json
import math

import pytest
from google.genai.types import ContentEmbedding, CountTokensResponse
from tests.toolkit.simulate.conftest import asked

from outwait.toolkit.simulate.dialect import Envelope
from outwait.toolkit.simulate.gemini_plain import GEMINI_COUNT, GEMINI_EMBED, GEMINI_EMBED_BATCH

FAST = Envelope(model="fast")


def test_tokens_are_counted() -> None:
    said = asked(GEMINI_COUNT, "fast", {"contents": [{"parts": [{"text": "a b c"}]}]}, FAST)
    told = json.loads(GEMINI_COUNT.whole(said))
    assert CountTokensResponse.model_validate({"totalTokens": told["totalTokens"]}).total_tokens == 3


def test_each_request_gets_its_vector() -> None:
    requests = [
        {"model": "models/fast", "content": {"parts": [{"text": text}]}, "outputDimensionality": size}
        for text, size in (("a", 3), ("b", 4), ("a", 3))
    ]
    told = json.loads(GEMINI_EMBED_BATCH.whole(asked(GEMINI_EMBED_BATCH, "fast", {"requests": requests}, FAST)))
    first, second, third = (ContentEmbedding.model_validate(each).values for each in told["embeddings"])
    assert first == third
    assert (len(first or ()), len(second or ())) == (3, 4)


def test_one_text_gets_one_vector() -> None:
    said = asked(GEMINI_EMBED, "fast", {"content": {"parts": [{"text": "a"}]}}, FAST)
    values = json.loads(GEMINI_EMBED.whole(said))["embedding"]["values"]
    assert len(values) == 768
    assert math.hypot(*values) == pytest.approx(1)
