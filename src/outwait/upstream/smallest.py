"""The smallest call that shows whether a model answers: a greeting, and room for one token of an answer.

Models that think, and the Responses protocol, take no less than sixteen: with one token of room they answer with an
error, which would say nothing about the channel.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from outwait.core.catalog import Channel
from outwait.core.fault import Refusal, fault
from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.dialects import bridge
from outwait.dialects.dialect import Reader
from outwait.dialects.passthrough.table import PASSTHROUGH
from outwait.dialects.providers import GENERATION, PROVIDERS, way
from outwait.dialects.table import DIALECTS
from outwait.policy.scenarios import judge

_OWN = DIALECTS["openai"]
_JSON = {"content-type": "application/json"}
_LEAST = 16  # developers.openai.com/api/reference/resources/responses: max_output_tokens
_WORDS = "Hi"
# Of what outwait makes calls for: a picture or a minute of sound costs more than a token.
_CHEAP = frozenset(("chat", "reasoning", "deep", "unknown", "embedding"))


class Smallest:
    """One such call of `model` (its public name) at `channel` with the credential `key`. Raises Refusal where the
    channel has nothing that is called for a token.
    """

    __slots__ = ("_call", "asked", "body", "candidate")

    def __init__(self, channel: Channel, model: str, key: int = 0) -> None:
        scenario = judge(model).scenario.name
        if scenario not in _CHEAP:
            told = f"A paid check asks for one token; {model!r} makes {scenario}, which is not sold by the token."
            raise Refusal(fault("not_supported", told, param="model"))
        endpoint = "embeddings" if scenario == "embedding" else "chat.completions"
        provider = PROVIDERS[channel.dialect]
        name = channel.model_map.get(model, model)
        found = way(provider, channel.endpoints, "openai", endpoint, name)
        if found is None or (endpoint == "embeddings" and found[1].dialect != "openai"):
            told = f"The channel {channel.name!r} has nothing for {endpoint}."
            raise Refusal(fault("not_supported", told, param="model"))
        where, at = found
        self.candidate = Candidate(
            channel.name,
            at.dialect,
            name,
            streamed=where in GENERATION and channel.upstream_stream == "always",
            key=key,
            endpoint=where,
            provider=channel.dialect,
        )
        if endpoint == "embeddings":
            self._call = _embedding(model)
            self.asked = f"POST {where}"
        else:
            room = 1 if scenario == "chat" and where != "responses" else _LEAST
            self._call = _chat(model, provider.quirks.limit, room)
            self.asked = f"POST {where}, at most {room} token{'s' if room > 1 else ''} of an answer"
        self.body = self._worded()

    def _worded(self) -> bytes:
        if self._call.endpoint == "embeddings":
            return PASSTHROUGH.prepare(self._call, self.candidate)
        if self.candidate.dialect == _OWN.name:
            return _OWN.prepare(self._call, self.candidate)
        return bridge.word(self._call, _OWN, DIALECTS[self.candidate.dialect], self.candidate).body

    def reader(self, status: int, headers: Mapping[str, str]) -> Reader:
        """The reader of a 2xx reply."""
        if self._call.endpoint == "embeddings":
            return PASSTHROUGH.reader(self._call, self.candidate, status, headers)
        if self.candidate.dialect == _OWN.name:
            return _OWN.reader(self._call, self.candidate, status, headers)
        return bridge.reader(self._call, _OWN, DIALECTS[self.candidate.dialect], self.candidate, headers)


def _chat(model: str, limit: str, room: int) -> Call:
    asked = {"model": model, "messages": [{"role": "user", "content": _WORDS}], limit: room}
    return _OWN.read("POST", "/v1/chat/completions", _JSON, msgspec.json.encode(asked))


def _embedding(model: str) -> Call:
    return PASSTHROUGH.read("POST", "/v1/embeddings", _JSON, msgspec.json.encode({"model": model, "input": _WORDS}))
