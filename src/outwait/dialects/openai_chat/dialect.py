"""OpenAI's chat completions, as one table of functions."""

from __future__ import annotations

from outwait.dialects import openai_errors
from outwait.dialects.dialect import Dialect, Translation
from outwait.dialects.openai_chat import ask, decode, encode, opening, readers, request, tables, word

OPENAI = Dialect(
    name="openai",
    read=request.read,
    prepare=request.prepare,
    reader=readers.reader,
    reply_head=opening.reply_head,
    error_body=openai_errors.error_body,
    voice=opening.voice,
    endpoint=request.endpoint,
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
