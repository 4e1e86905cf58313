"""The dialects outwait speaks: name -> dialect. A dialect that is added gets a row here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from outwait.dialects.anthropic.dialect import ANTHROPIC
from outwait.dialects.dialect import Dialect
from outwait.dialects.gemini.dialect import GEMINI
from outwait.dialects.openai_chat.dialect import OPENAI
from outwait.dialects.openai_responses.dialect import RESPONSES

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {dialect.name: dialect for dialect in (OPENAI, RESPONSES, ANTHROPIC, GEMINI)}
)
