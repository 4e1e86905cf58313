"""The dialects outwait speaks: name -> dialect. A dialect that is added gets a row here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from outwait.dialects.dialect import Dialect
from outwait.dialects.openai_chat import errors, opening, readers, request

OPENAI = Dialect(
    name="openai",
    read=request.read,
    prepare=request.prepare,
    reader=readers.reader,
    reply_head=opening.reply_head,
    error_body=errors.error_body,
    stream_error=errors.stream_error,
    beat=opening.beat,
    upstream_path=request.UPSTREAM_PATH,
)

DIALECTS: Mapping[str, Dialect] = MappingProxyType({OPENAI.name: OPENAI})
