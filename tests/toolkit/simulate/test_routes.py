from __future__ import annotations

import pytest

from outwait.toolkit.simulate.anthropic import ANTHROPIC, ANTHROPIC_COUNT
from outwait.toolkit.simulate.dialect import Speech
from outwait.toolkit.simulate.gemini import GEMINI, GEMINI_ARRAY, GEMINI_SSE
from outwait.toolkit.simulate.openai_audio import OPENAI_SPEECH
from outwait.toolkit.simulate.openai_chat import OPENAI_CHAT
from outwait.toolkit.simulate.openai_responses import OPENAI_RESPONSES
from outwait.toolkit.simulate.routes import SPEECHES, find


@pytest.mark.parametrize(
    "path,query,speech,model",
    [
        ("/v1/chat/completions", "", OPENAI_CHAT, ""),
        ("/v1/responses", "a=b", OPENAI_RESPONSES, ""),
        ("/v1/messages", "beta=true", ANTHROPIC, ""),
        ("/v1/messages/count_tokens", "", ANTHROPIC_COUNT, ""),
        ("/v1beta/models/silent-5s%2Bfast:generateContent", "", GEMINI, "silent-5s+fast"),
        ("/v1beta/models/fast:streamGenerateContent", "alt=sse&key=x", GEMINI_SSE, "fast"),
        ("/v1/models/fast:streamGenerateContent", "alt=json", GEMINI_ARRAY, "fast"),
        ("/v1beta/models/llama:8b:streamGenerateContent", "", GEMINI_ARRAY, "llama:8b"),
        ("/v1beta1/projects/p/locations/eu/publishers/google/models/fast:generateContent", "", GEMINI, "fast"),
        ("/openai/deployments/fast/chat/completions", "api-version=1", OPENAI_CHAT, "fast"),
        ("/openai/deployments/fast/audio/speech", "api-version=1", OPENAI_SPEECH, "fast"),
        ("/openai/v1/responses", "", OPENAI_RESPONSES, ""),
        ("/openai/responses", "api-version=1", OPENAI_RESPONSES, ""),
    ],
)
def test_a_path_says_who_speaks(path: str, query: str, speech: Speech, model: str) -> None:
    found = find(path, query, {"a": "b"})
    assert found is not None
    assert found[0] is speech
    assert (found[1].model, found[1].headers) == (model, {"a": "b"})


@pytest.mark.parametrize(
    "path",
    ["/v1/chat", "/v1beta/models/fast", "/v1beta/models/a/b:generateContent", "/openai/deployments/x/chat/completions"],
)
def test_other_paths_are_nobodys(path: str) -> None:
    assert find(path, "", {}) is None


def test_every_row_is_found_by_its_own_path() -> None:
    for template, speech in SPEECHES.items():
        path, _, query = template.partition("?")
        assert find(path.format(model="fast", project="p", place="eu"), query, {})[0] is speech  # type: ignore[index]
