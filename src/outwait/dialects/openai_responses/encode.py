"""Deltas written as a Responses stream, or as the response that it ends with.

A message or a thought is one item until something else begins. Calls stay open until the end, since their arguments may
come in turns. The last event carries the whole response, as OpenAI's does.
"""

from __future__ import annotations

from typing import Any

from outwait.core.delta import Answer, Began, Called, Cited, Counted, Declined, Delta, Mused, Said, Showed, Stopped
from outwait.core.part import Thought
from outwait.core.reply import Usage
from outwait.core.request import Call
from outwait.dialects import document
from outwait.dialects.gather import deltas_of
from outwait.dialects.openai_responses import proofs, response
from outwait.dialects.openai_responses.cited import annotation_of
from outwait.dialects.openai_responses.score import CALLS, Score, place_of
from outwait.dialects.openai_responses.tables import INCOMPLETE

# Type of an item -> the prefix of its id.
_PREFIXES = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "custom_tool_call": "ctc",
    "image_generation_call": "ig",
}
_SIGNING = "gemini"  # the dialect whose tool calls are signed


def whole(call: Call, answer: Answer) -> bytes:
    """The JSON reply that says `answer`."""
    made = Encoder(call)
    for delta in deltas_of(answer):
        made.feed(delta)
    made.end()
    return document.dumps(made.response)


class Encoder:
    """See `dialect.Encoder`. `response`: the whole of it, once it has ended."""

    __slots__ = (
        "_call", "_calls", "_declined", "_item", "_items", "_key", "_open", "_part", "_pieces", "_reason", "_score",
        "_usage", "response",
    )  # fmt: skip

    def __init__(self, call: Call) -> None:
        self.response: dict[str, Any] = {}
        self._call = call
        self._score = Score()
        self._key = ""
        self._items: list[dict[str, Any]] = []
        self._item: int | None = None  # the message or thought that grows
        self._part: dict[str, Any] | None = None  # its part that grows
        self._pieces: list[str] = []  # of that part
        self._calls: dict[int, int] = {}  # index of a call -> its output index
        self._open: dict[int, list[str]] = {}  # output index of a call that grows -> its pieces
        self._declined = False
        self._reason = "stop"
        self._usage: Usage | None = None

    def feed(self, delta: Delta) -> bytes:
        """See `dialect.Encoder`. There is one choice only: the first."""
        if isinstance(delta, Counted):
            self._usage = delta.usage
            return b""
        if isinstance(delta, Began):
            return b"" if self.response else self._begin(delta)
        if delta.choice:
            return b""
        begun = b"" if self.response else self._begin(Began())
        return begun + self._take(delta)

    def _take(self, delta: Said | Cited | Mused | Declined | Called | Showed | Stopped) -> bytes:
        if isinstance(delta, Said):
            return self._say(delta)
        if isinstance(delta, Mused):
            return self._muse(delta)
        if isinstance(delta, Called):
            return self._called(delta)
        if isinstance(delta, Declined):
            self._declined = True
            return self._grow("message", "refusal", delta.text) if delta.text else b""
        if isinstance(delta, Cited):
            return self._cite(delta)
        if isinstance(delta, Showed):
            return self._show(delta)
        self._reason = delta.reason
        return b""

    def end(self) -> bytes:
        """See `dialect.Encoder`."""
        begun = b"" if self.response else self._begin(Began())
        # A refusal without words is the work of a filter.
        unsaid = self._reason == "refusal" and not self._declined
        why = INCOMPLETE.get("content_filter" if unsaid else self._reason)
        status = "completed" if why is None else "incomplete"
        closed = self._leave(status) + b"".join(self._close_call(index, status) for index in sorted(self._open))
        self.response |= {
            "status": status,
            "output": self._items,
            "incomplete_details": None if why is None else {"reason": why},
            "usage": None if self._usage is None else response.usage(self._usage),
        }
        return begun + closed + self._score.tell(f"response.{status}", response=self.response)

    def _begin(self, began: Began) -> bytes:
        state = self._call.state
        seed = began.id.encode(errors="surrogatepass") or self._call.body
        self._key = response.key_of(seed if state is None else state.ident.encode())
        ident = began.id if began.id.startswith("resp_") else f"resp_{self._key}"
        ident = ident if state is None else state.ident
        made = response.blank(ident, began.model or self._call.model, began.created or self._call.created)
        self.response = response.echo(response.asked(self._call.body), made)
        created = self._score.tell("response.created", response=self.response)
        return created + self._score.tell("response.in_progress", response=self.response)

    # -- items ---------------------------------------------------------------------------------------------------

    def _add(self, kind: str, **fields: Any) -> int:
        """Begin an item; its output index."""
        index = len(self._items)
        self._items.append({"id": f"{_PREFIXES[kind]}_{self._key}{index:02x}", "type": kind, **fields})
        return index

    def _enter(self, kind: str) -> bytes:
        """Make sure that the item that grows is of this kind."""
        if self._item is not None and self._items[self._item]["type"] == kind:
            return b""
        left = self._leave("completed")
        if kind == "message":
            self._item = self._add(kind, status="in_progress", role="assistant", content=[])
        else:
            self._item = self._add(kind, summary=[])
        return left + self._score.open_item(self._item, self._items[self._item])

    def _leave(self, status: str) -> bytes:
        """End the message or thought that grows, if any."""
        if self._item is None:
            return b""
        closed, item = self._close_part(), self._items[self._item]
        if "status" in item:
            item["status"] = status
        closed += self._score.close_item(self._item, item)
        self._item = None
        return closed

    def _place(self) -> dict[str, Any]:
        """Where the part that grows, or the next one, is."""
        index = self._item or 0
        item = self._items[index]
        key, name = ("content", "content_index") if item["type"] == "message" else ("summary", "summary_index")
        return {**place_of(index, item), name: len(item[key])}

    def _grow(self, kind: str, part: str, text: str, logprobs: tuple[dict[str, Any], ...] = ()) -> bytes:
        """Add words to a part of this kind."""
        out = self._enter(kind)
        if self._part is None or self._part["type"] != part:
            out += self._close_part() + self._score.open_part(self._place(), part)
            words = {"refusal": ""} if part == "refusal" else {"text": ""}
            self._part = {"type": part, **words}
            if part == "output_text":
                self._part |= {"annotations": [], "logprobs": []}
        self._pieces.append(text)
        told = [_logprob(each) for each in logprobs]
        if told:
            self._part["logprobs"] += told
        return out + self._score.grow_part(self._place(), part, text, told)

    def _close_part(self) -> bytes:
        part, self._part = self._part, None
        if part is None or self._item is None:
            return b""
        part["refusal" if part["type"] == "refusal" else "text"] = "".join(self._pieces)
        self._pieces = []
        closed = self._score.close_part(self._place(), part)
        item = self._items[self._item]
        item["content" if item["type"] == "message" else "summary"].append(part)
        return closed

    # -- what is said --------------------------------------------------------------------------------------------

    def _say(self, delta: Said) -> bytes:
        if not delta.text and not delta.logprobs:
            return b""
        return self._grow("message", "output_text", delta.text, delta.logprobs)

    def _muse(self, delta: Mused) -> bytes:
        out = self._grow("reasoning", "summary_text", delta.text) if delta.text else b""
        proof = proofs.proof_of(Thought("", delta.signature, delta.sealed, None, delta.dialect))
        return out if proof is None else out + self._prove(proof)

    def _prove(self, proof: str) -> bytes:
        """End the thought that grows, or one without words, with a proof."""
        out = self._enter("reasoning")
        self._items[-1 if self._item is None else self._item]["encrypted_content"] = proof
        return out + self._leave("completed")

    def _cite(self, delta: Cited) -> bytes:
        if self._part is None or self._part["type"] != "output_text":
            return b""
        annotation = annotation_of(delta.citation, sum(map(len, self._pieces)))
        if annotation is None:
            return b""
        self._part["annotations"].append(annotation)
        return self._score.cite(self._place(), len(self._part["annotations"]) - 1, annotation)

    def _called(self, delta: Called) -> bytes:
        out = b""
        index = self._calls.get(delta.index)
        if index is None:
            out = self._leave("completed")
            if delta.signature is not None:
                out += self._prove(proofs.call_proof(delta.signature, _SIGNING))
            index = self._calls[delta.index] = self._add_call(delta)
            self._open[index] = []
            out += self._score.open_item(index, self._items[index])
        if not delta.arguments:
            return out
        self._open[index].append(delta.arguments)
        return out + self._score.grow_call(index, self._items[index], delta.arguments)

    def _add_call(self, delta: Called) -> int:
        named = {"call_id": delta.id or f"call_{self._key}{len(self._items):02x}", "name": delta.name}
        if delta.custom:
            return self._add("custom_tool_call", **named, input="")
        return self._add("function_call", status="in_progress", **named, arguments="")

    def _close_call(self, index: int, status: str) -> bytes:
        item = self._items[index]
        item[CALLS[item["type"]][1]] = "".join(self._open.pop(index))
        if "status" in item:
            item["status"] = status
        return self._score.close_call(index, item) + self._score.close_item(index, item)

    def _show(self, delta: Showed) -> bytes:
        """An image; there is no item for anything else."""
        media = delta.media
        if media.kind != "image" or media.data is None:
            return b""
        out = self._leave("completed")
        form = (media.mime or "image/png").rpartition("/")[2]
        index = self._add("image_generation_call", status="completed", result=media.data, output_format=form)
        return out + self._score.whole_item(index, self._items[index])


def _logprob(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry with the bytes that OpenAI's type demands."""
    top = [_logprob(each) for each in entry.get("top_logprobs") or () if isinstance(each, dict)]
    token = entry.get("token") or ""
    spelled = entry.get("bytes") or list(str(token).encode(errors="replace"))
    return {**entry, "token": token, "bytes": spelled, "top_logprobs": top}
