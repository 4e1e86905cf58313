"""The four dialects as two sides: how a client calls in each and reads its reply, and who answers in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

from outwait.core.delta import Answer, Delta
from outwait.core.plan import Candidate
from outwait.core.reply import Ending
from outwait.core.request import Call
from outwait.dialects import bridge
from outwait.dialects.dialect import Translation
from outwait.dialects.gather import Gather
from outwait.dialects.sniff import JSON_TYPE, STREAM_TYPE
from outwait.dialects.sse import Splitter
from outwait.dialects.table import DIALECTS

# Models of which nothing is known, so that none of what a dialect can say is refused for the model's sake; Gemini's is
# one that thinks by levels.
UPSTREAMS: Mapping[str, Candidate] = {
    "openai": Candidate("c", "openai", "m", endpoint="chat.completions", provider="openai"),
    "responses": Candidate("c", "responses", "m", endpoint="responses", provider="openai"),
    "anthropic": Candidate("c", "anthropic", "m", endpoint="messages", provider="anthropic"),
    "gemini": Candidate("c", "gemini", "gemini-3-flash", endpoint="generate_content", provider="gemini"),
}
_PATHS = {"openai": "/v1/chat/completions", "responses": "/v1/responses", "anthropic": "/v1/messages"}


def side(name: str) -> Translation:
    """The dialect of that name, as one side of a translation."""
    found = DIALECTS[name].translation
    assert found is not None
    return found


def called(dialect: str, body: bytes, *, stream: bool) -> Call:
    """A client's call, as the door reads it."""
    verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
    path = _PATHS.get(dialect, f"/v1beta/models/m:{verb}")
    return DIALECTS[dialect].read("POST", path, {"content-type": "application/json"}, body)


def translated(call: Call, by: str, data: bytes, cuts: Iterable[int] = (), *, streamed: bool) -> Ending:
    """What `call` gets of an upstream's reply that came in pieces. `streamed`: as a stream, not as one JSON body."""
    kind = STREAM_TYPE if streamed else JSON_TYPE
    reader = bridge.reader(call, DIALECTS[call.dialect], DIALECTS[by], UPSTREAMS[by], {"content-type": kind})
    edges = [0, *sorted({min(cut, len(data)) for cut in cuts}), len(data)]
    out = b"".join(reader.feed(data[start:end]) for start, end in pairwise(edges))
    ending = reader.end()
    return Ending(out + ending.data, ending.fault, ending.usage)


def heard(call: Call, data: bytes) -> Answer:
    """What a client reads in the reply to `call`."""
    decoder = side(call.dialect).decoder(call, UPSTREAMS[call.dialect])
    if call.stream:
        deltas = [delta for name, payload in Splitter().feed(data) for delta in decoder.event(name, payload)]
    else:
        deltas = list(decoder.whole(data))
    assert decoder.complete
    assert decoder.fault is None
    return gathered(deltas)


def gathered(deltas: Iterable[Delta]) -> Answer:
    """The answer that `deltas` make."""
    gather = Gather()
    for delta in deltas:
        gather.add(delta)
    return gather.answer()
