"""A Gemini reply read into deltas: each chunk is a whole small reply, and calls of functions come whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from outwait.core.delta import Began, Called, Cited, Counted, Delta, Mused, Said, Showed, Stopped
from outwait.core.part import Citation, Media
from outwait.core.plan import Candidate
from outwait.core.reply import Usage
from outwait.core.request import Call
from outwait.dialects import document, lenient
from outwait.dialects.gemini import chunk as reading
from outwait.dialects.gemini.ask_contents import kind_of
from outwait.dialects.gemini.proof import OWN
from outwait.dialects.gemini.tables import REASONS
from outwait.dialects.gemini.target import COUNT
from outwait.dialects.gemini.watch import Watch
from outwait.dialects.watch import Watched


class Decoder(Watched[Watch]):
    """See `dialects.dialect.Decoder`."""

    __slots__ = ("_began", "_choices", "_counts", "_ident", "_usage")

    def __init__(self, call: Call, candidate: Candidate) -> None:
        self._watch = Watch(candidate.endpoint)
        self._counts = candidate.endpoint == COUNT
        self._began = False
        self._ident = ""
        self._choices: dict[int, _Choice] = {}
        self._usage: Usage | None = None

    def event(self, name: bytes, data: bytes) -> Sequence[Delta]:
        """See `dialects.dialect.Decoder`."""
        chunk = self._watch.read(name, data)
        return () if chunk is None else tuple(self._deltas(chunk))

    def whole(self, body: bytes) -> Sequence[Delta]:
        """See `dialects.dialect.Decoder`."""
        chunks = self._watch.chunks(body)
        if self._watch.fault is not None:
            return ()
        if self._counts:
            total = chunks[0].get("totalTokens")
            return (Counted(Usage(input=total if type(total) is int else 0)),)
        return tuple(delta for chunk in chunks for delta in self._deltas(chunk))

    def _deltas(self, chunk: Mapping[str, Any]) -> Iterator[Delta]:
        if not self._began:
            self._began = True
            self._ident = lenient.text(chunk, "responseId")
            yield Began(self._ident, lenient.text(chunk, "modelVersion"))
        for index, candidate in reading.candidates_of(chunk):
            yield from self._choices.setdefault(index, _Choice(index, self._ident)).read(candidate)
        if (block := reading.block_of(chunk)) and not self._choices:
            yield from self._choices.setdefault(0, _Choice(0, self._ident)).stop(block, "content_filter")
        usage = reading.usage_of(chunk.get("usageMetadata"))
        if usage is not None and usage != self._usage:
            self._usage = usage
            yield Counted(usage)


class _Choice:
    """One candidate, as far as it came."""

    __slots__ = ("_calls", "_cited", "_ident", "_index", "_said", "_stopped")

    def __init__(self, index: int, ident: str) -> None:
        self._index = index
        self._ident = ident
        self._calls = 0
        self._cited: set[tuple[str | None, int | None, int | None]] = set()
        self._said: list[str] = []
        self._stopped = False

    def read(self, candidate: Mapping[str, Any]) -> Iterator[Delta]:
        """The deltas of one chunk."""
        made = [delta for part in reading.parts_of(candidate) for delta in self._part(part)]
        logprobs = _logprobs(candidate.get("logprobsResult"))
        if logprobs:
            at = max((place for place, delta in enumerate(made) if isinstance(delta, Said)), default=None)
            if at is None:
                made.append(Said("", self._index, logprobs))
            else:
                made[at] = Said(made[at].text, self._index, logprobs)  # type: ignore[union-attr]  # a Said
        yield from made
        for citation in (*_citations(candidate), *_grounds(candidate)):
            yield from self._cite(citation)
        if reason := reading.reason_of(candidate):
            known = REASONS.get(reason, "stop")
            yield from self.stop(reason, "tool_calls" if known == "stop" and self._calls else known)

    def stop(self, told: str, reason: str) -> Iterator[Delta]:
        """The end of this choice, once."""
        if not self._stopped:
            self._stopped = True
            yield Stopped(reason, self._index, told=told)

    def _part(self, part: Mapping[str, Any]) -> Iterator[Delta]:
        signature = lenient.text(part, "thoughtSignature") or None
        text = lenient.text(part, "text")
        call, data, file = part.get("functionCall"), part.get("inlineData"), part.get("fileData")
        if isinstance(call, dict):
            yield self._call(call, signature)
            return
        if part.get("thought") is True:
            if text or signature:
                yield Mused(text, self._index, signature, dialect=OWN)
            return
        text = text or _ran(part)
        if text:
            self._said.append(text)
            yield Said(text, self._index)
        elif isinstance(data, dict) and isinstance(data.get("data"), str):
            mime = lenient.text(data, "mimeType") or None
            yield Showed(Media(kind_of(mime), mime, data["data"]), self._index)
        elif isinstance(file, dict) and isinstance(file.get("fileUri"), str):
            mime = lenient.text(file, "mimeType") or None
            yield Showed(Media(kind_of(mime), mime, url=file["fileUri"]), self._index)
        if signature:
            yield Mused("", self._index, signature, dialect=OWN)

    def _call(self, call: Mapping[str, Any], signature: str | None) -> Called:
        index, self._calls = self._calls, self._calls + 1
        args = call.get("args")
        arguments = document.dumps(args if isinstance(args, dict) else {})
        name = lenient.text(call, "name")
        ident = lenient.text(call, "id")
        if not ident:
            # Without chance, and yet another one in the next answer.
            seed = f"{self._ident}/{self._index}/{index}/{name}/".encode(errors="replace") + arguments
            ident = "call_" + hashlib.sha256(seed).hexdigest()[:24]
        return Called(index, self._index, ident, name, arguments.decode(), signature=signature)

    def _cite(self, citation: Citation) -> Iterator[Delta]:
        """`citation`, unless it was told before, with characters counted instead of bytes."""
        key = citation.url, citation.start, citation.end
        if key in self._cited:
            return
        self._cited.add(key)
        said = "".join(self._said).encode(errors="replace")
        start, end = (None if at is None else len(said[:at].decode(errors="ignore")) for at in key[1:])
        yield Cited(Citation(citation.url, citation.title, None, start, end, citation.raw, OWN), self._index)


def _citations(candidate: Mapping[str, Any]) -> Iterator[Citation]:
    found = candidate.get("citationMetadata")
    for item in lenient.tables(found, "citations") or lenient.tables(found, "citationSources"):
        start = _number(item, "startIndex")
        end = _number(item, "endIndex")
        start = 0 if start is None and end is not None else start  # protobuf leaves out a zero
        yield Citation(lenient.text(item, "uri") or None, lenient.text(item, "title") or None, None, start, end, item)


def _grounds(candidate: Mapping[str, Any]) -> Iterator[Citation]:
    """Sources that a search found: with the words they support where that is told."""
    found = candidate.get("groundingMetadata")
    chunks = lenient.tables(found, "groundingChunks")
    supports = lenient.tables(found, "groundingSupports")
    for support in supports:
        segment = support.get("segment")
        start, end = _number(segment, "startIndex"), _number(segment, "endIndex")
        places = support.get("groundingChunkIndices")
        for place in places if isinstance(places, list) else ():
            if type(place) is int and 0 <= place < len(chunks):
                yield _source(chunks[place], 0 if start is None and end is not None else start, end)
    if not supports:
        for item in chunks:
            yield _source(item, None, None)


def _source(chunk: Mapping[str, Any], start: int | None, end: int | None) -> Citation:
    kind: dict[str, Any] = {}
    for name in ("maps", "retrievedContext", "web"):
        found = chunk.get(name)
        kind = found if isinstance(found, dict) else kind
    return Citation(lenient.text(kind, "uri") or None, lenient.text(kind, "title") or None, None, start, end, chunk)


def _ran(part: Mapping[str, Any]) -> str:
    """Code that the model ran, and what came out, as text: other dialects have no parts for it."""
    code, result = part.get("executableCode"), part.get("codeExecutionResult")
    if isinstance(code, dict):
        return f"\n```{lenient.text(code, 'language').lower()}\n{lenient.text(code, 'code')}\n```\n"
    return f"\n```\n{lenient.text(result, 'output')}\n```\n" if isinstance(result, dict) else ""


def _logprobs(result: object) -> tuple[dict[str, Any], ...]:
    """Log probabilities in OpenAI's shape."""
    tops = [
        [_logprob(item) for item in lenient.tables(top, "candidates")]
        for top in lenient.tables(result, "topCandidates")
    ]
    chosen = [_logprob(item) for item in lenient.tables(result, "chosenCandidates")]
    return tuple(
        {**entry, "top_logprobs": tops[place] if place < len(tops) else []} for place, entry in enumerate(chosen)
    )


def _logprob(item: Mapping[str, Any]) -> dict[str, Any]:
    token, value = lenient.text(item, "token"), item.get("logProbability")
    number = value if type(value) in {int, float} else 0.0
    return {"token": token, "logprob": number, "bytes": list(token.encode(errors="replace"))}


def _number(value: object, name: str) -> int | None:
    found = value.get(name) if isinstance(value, dict) else None
    return found if type(found) is int and found >= 0 else None
