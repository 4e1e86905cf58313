"""Google's Gemini API, as one table of functions."""

from __future__ import annotations

from outwait.dialects.dialect import Dialect, Translation
from outwait.dialects.gemini import ask, decode, encode, errors, opening, readers, request, tables, target, word

GEMINI = Dialect(
    name="gemini",
    read=request.read,
    prepare=request.prepare,
    reader=readers.reader,
    reply_head=opening.reply_head,
    error_body=errors.error_body,
    voice=opening.voice,
    endpoint=target.endpoint,
    tracked=True,  # where the stream is one array, a voice must know whether it is open and has elements
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
