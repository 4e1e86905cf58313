"""The plain routes as a dialect: `openai` by name, since they are part of it; told apart by their endpoints."""

from __future__ import annotations

from outwait.dialects import openai_errors
from outwait.dialects.dialect import Dialect
from outwait.dialects.passthrough import opening, readers, request

PASSTHROUGH = Dialect(
    name="openai",
    read=request.read,
    prepare=request.prepare,
    reader=readers.reader,
    reply_head=opening.reply_head,
    error_body=openai_errors.error_body,
    voice=opening.voice,
    endpoint=request.endpoint,
    silent=opening.silent,
)
