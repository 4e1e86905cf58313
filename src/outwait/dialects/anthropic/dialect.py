"""Anthropic's Messages API, as one table of functions."""

from __future__ import annotations

from outwait.dialects.anthropic import ask, decode, encode, errors, opening, readers, request, tables, word
from outwait.dialects.dialect import Dialect, Translation

ANTHROPIC = Dialect(
    name="anthropic",
    read=request.read,
    prepare=request.prepare,
    reader=readers.reader,
    reply_head=opening.reply_head,
    error_body=errors.error_body,
    voice=opening.voice,
    endpoint=request.endpoint,
    tracked=True,  # a heartbeat begins the message if nothing else has, and may not contradict its end
    translation=Translation(
        ask=ask.ask,
        word=word.word,
        decoder=decode.decoder,
        encoder=encode.encoder,
        whole=encode.whole,
        names=tables.NAMES,
        takes=tables.TAKES,
        drops=tables.DROPS,
        losable=tables.LOSABLE,
    ),
)
