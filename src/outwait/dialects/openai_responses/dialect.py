"""OpenAI's Responses API, as one table of functions."""

from __future__ import annotations

from outwait.dialects.dialect import Dialect, Translation
from outwait.dialects.openai_responses import ask, decode, encode, errors, opening, readers, request, tables, word

RESPONSES = Dialect(
    name="responses",
    read=request.read,
    prepare=request.prepare,
    reader=readers.reader,
    reply_head=opening.reply_head,
    error_body=errors.error_body,
    voice=opening.voice,
    endpoint=request.endpoint,
    tracked=True,  # an error event has a number, so that all before it must have been seen
    numbered=True,
    translation=Translation(
        ask=ask.ask,
        word=word.word,
        decoder=decode.Decoder,
        encoder=encode.Encoder,
        whole=encode.whole,
        names=tables.NAMES,
        takes=tables.TAKES,
        drops=tables.DROPS,
        losable=tables.LOSABLE,
    ),
)
