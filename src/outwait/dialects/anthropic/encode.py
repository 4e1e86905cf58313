"""Deltas written as a Messages reply: a stream of blocks that open and close one at a time, or one message.

Other dialects let the pieces of parallel tool calls, and words between them, come in any order. Here a block has to be
whole before the next begins, so what belongs elsewhere waits while the arguments of a call are no whole JSON yet.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from outwait.core.delta import (
    Answer,
    Began,
    Called,
    Cited,
    Counted,
    Declined,
    Delta,
    Mused,
    Said,
    Showed,
    Stopped,
)
from outwait.core.part import Citation, Media
from outwait.core.reply import Usage
from outwait.core.request import Call
from outwait.dialects import document
from outwait.dialects.anthropic import usage
from outwait.dialects.anthropic.fold import Fold, line
from outwait.dialects.anthropic.request import COUNT, NAME
from outwait.dialects.anthropic.tables import TOLD_REASONS
from outwait.dialects.gather import deltas_of
from outwait.dialects.seal import seal
from outwait.dialects.sse import Splitter

_ID = "msg_"
# For a thought that nobody signed: clients leave out thoughts without a signature when they tell the history, and some
# providers want theirs back all the same.
UNSIGNED = seal("none", "")

Spoken = Said | Declined | Mused | Called | Cited | Showed


def encoder(call: Call) -> Encoder:
    """For one reply to `call`."""
    return Encoder(call.model)


def whole(call: Call, answer: Answer) -> bytes:
    """The JSON reply that says `answer`."""
    if call.endpoint == COUNT:
        return document.dumps({"input_tokens": 0 if answer.usage is None else answer.usage.input})
    made = Encoder(call.model)
    stream = b"".join([*map(made.feed, deltas_of(answer)), made.end()])
    fold = Fold()
    for name, data in Splitter(len(stream) + 1).feed(stream):
        fold.add(name, data)
    return fold.body()


class Encoder:
    """See `dialect.Encoder`. Only the first choice is written: a Messages client cannot ask for more."""

    __slots__ = (
        "_arguments",
        "_began",
        "_call",
        "_ended",
        "_index",
        "_kind",
        "_model",
        "_signed",
        "_stop",
        "_usage",
        "_waiting",
    )

    def __init__(self, model: str) -> None:
        self._model = model
        self._began = False
        self._index = -1  # of the last block that was opened
        self._kind = ""  # of the block that is open: text | thinking | tool_use, or empty
        self._signed = False  # if it is a thought
        self._call = -1  # which tool call that is
        self._arguments: list[str] = []  # of it, so far
        self._ended: set[int] = set()  # calls whose blocks are closed
        self._waiting: deque[Spoken] = deque()
        self._stop: Stopped | None = None
        self._usage: Usage | None = None

    def feed(self, delta: Delta) -> bytes:
        """Whole events, or nothing."""
        if isinstance(delta, Counted):
            self._usage = delta.usage
            return b""
        if isinstance(delta, Began):
            return self._begin(delta)
        if delta.choice:
            return b""
        if isinstance(delta, Stopped):
            self._stop = delta
            return b""
        out = self._begin(Began())
        if self._busy(delta):
            self._waiting.append(delta)
            return out
        return out + self._write(delta) + self._catch_up()

    def end(self) -> bytes:
        """What closes the stream."""
        out = [self._begin(Began())]
        while self._waiting:
            out.append(self._close())
            out.append(self._catch_up())
        out.append(self._close())
        stop = self._stop or Stopped("stop")
        reason = TOLD_REASONS.get(stop.reason, "end_turn")
        if reason == "end_turn" and stop.sequence is not None:
            reason = "stop_sequence"
        elif reason == "end_turn" and self._ended:
            reason = "tool_use"  # some say only that they stopped; clients go by the reason
        delta = {"stop_reason": reason, "stop_sequence": stop.sequence}
        out.append(line("message_delta", delta=delta, usage=usage.told_of(self._usage)))
        return b"".join([*out, line("message_stop")])

    def _begin(self, told: Began) -> bytes:
        if self._began:
            return b""
        self._began = True
        message: dict[str, Any] = {
            "id": told.id if told.id.startswith(_ID) else f"{_ID}{told.id or 'outwait'}",
            "type": "message",
            "role": "assistant",
            "model": told.model or self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage.told_of(self._usage),
        }
        return line("message_start", message=message)

    def _busy(self, delta: Spoken) -> bool:
        """Whether `delta` has to wait: for the open call, or behind others that do."""
        if self._kind != "tool_use":
            return False
        if isinstance(delta, Called) and delta.index == self._call:
            return False
        return bool(self._waiting) or not self._is_whole()

    def _is_whole(self) -> bool:
        """Whether the arguments of the open call are all there."""
        text = "".join(self._arguments)
        if not text.rstrip().endswith("}"):
            return False
        try:
            document.loads(text.encode(errors="surrogatepass"))
        except ValueError:
            return False
        return True

    def _catch_up(self) -> bytes:
        """Write what waited, as far as it can be written now."""
        out: list[bytes] = []
        moved = bool(self._waiting) and (self._kind != "tool_use" or self._is_whole())
        while moved:
            moved = False
            waiting, self._waiting = self._waiting, deque()
            for delta in waiting:
                if self._busy(delta):
                    self._waiting.append(delta)
                else:
                    out.append(self._write(delta))
                    moved = True
            moved = moved and bool(self._waiting) and self._is_whole()
        return b"".join(out)

    def _write(self, delta: Spoken) -> bytes:
        if isinstance(delta, Said | Declined):
            return self._words(delta.text)
        if isinstance(delta, Mused):
            return self._muse(delta)
        if isinstance(delta, Called):
            return self._tool(delta)
        if isinstance(delta, Cited):
            return self._cite(delta.citation)
        return self._words(_picture(delta.media))

    def _words(self, text: str) -> bytes:
        if not text:
            return b""
        opened = b"" if self._kind == "text" else self._open("text", {"text": ""})
        return opened + self._piece({"type": "text_delta", "text": text})

    def _cite(self, citation: Citation) -> bytes:
        told = _citation(citation)
        if self._kind != "text" or told is None:
            return b""
        return self._piece({"type": "citations_delta", "citation": told})

    def _muse(self, delta: Mused) -> bytes:
        own = delta.dialect in {NAME, ""}
        out: list[bytes] = []
        if delta.text or delta.signature:
            if self._kind != "thinking":
                out.append(self._open("thinking", {"thinking": "", "signature": ""}))
                self._signed = False
            if delta.text:
                out.append(self._piece({"type": "thinking_delta", "thinking": delta.text}))
        if delta.signature:
            signature = delta.signature if own else seal(delta.dialect, delta.signature)
            self._signed = True
            out += [self._piece({"type": "signature_delta", "signature": signature}), self._close()]
        if delta.sealed is not None:
            data = delta.sealed if own else seal(delta.dialect, delta.sealed)
            out += [self._open("redacted_thinking", {"data": data}), self._close()]
        return b"".join(out)

    def _tool(self, delta: Called) -> bytes:
        if delta.index in self._ended:
            return b""  # its arguments were whole
        out = b""
        if self._kind != "tool_use" or delta.index != self._call:
            ident = delta.id or f"toolu_outwait_{delta.index}"
            out = self._open("tool_use", {"id": ident, "name": delta.name, "input": {}})
            self._call, self._arguments = delta.index, []
        if delta.arguments:
            self._arguments.append(delta.arguments)
            out += self._piece({"type": "input_json_delta", "partial_json": delta.arguments})
        return out

    def _open(self, kind: str, fields: dict[str, Any]) -> bytes:
        closed = self._close()
        self._index += 1
        self._kind = kind
        return closed + line("content_block_start", index=self._index, content_block={"type": kind, **fields})

    def _piece(self, delta: dict[str, Any]) -> bytes:
        return line("content_block_delta", index=self._index, delta=delta)

    def _close(self) -> bytes:
        """Close the open block, if there is one."""
        out = b""
        if not self._kind:
            return out
        if self._kind == "thinking" and not self._signed:
            out = self._piece({"type": "signature_delta", "signature": UNSIGNED})
        elif self._kind == "tool_use":
            self._ended.add(self._call)
            if not "".join(self._arguments).strip():
                out = self._piece({"type": "input_json_delta", "partial_json": "{}"})
        self._kind = ""
        return out + line("content_block_stop", index=self._index)


def _citation(citation: Citation) -> dict[str, Any] | None:
    """A citation as it can stand in a block of text; None for one that has no place to point to."""
    if citation.raw is not None and citation.dialect == NAME:
        return dict(citation.raw)
    if citation.url is None:
        return None
    return {
        "type": "web_search_result_location",
        "url": citation.url,
        "title": citation.title,
        "cited_text": citation.quote or "",
        "encrypted_index": "",
    }


def _picture(media: Media) -> str:
    """Something that was made, in Markdown: an answer here is words only."""
    where = media.url or (f"data:{media.mime or 'application/octet-stream'};base64,{media.data}" if media.data else "")
    return f"![{media.kind}]({where})" if where else media.text or ""
