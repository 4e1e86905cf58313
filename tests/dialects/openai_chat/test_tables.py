from __future__ import annotations

import typing

from openai.types.chat import chat_completion_chunk

from outwait.core.ask import Ask, Sampling
from outwait.dialects.openai_chat import tables
from outwait.dialects.provider import Quirks
from outwait.dialects.providers import PROVIDERS

FIELDS = {*Ask.__struct_fields__, *(f"sampling.{name}" for name in Sampling.__struct_fields__)} - {"sampling", "rest"}


def test_every_field_has_a_name() -> None:
    assert tables.NAMES.keys() >= FIELDS
    assert {name.partition(".")[0] for name in tables.NAMES.keys() - FIELDS} <= FIELDS


def test_every_field_is_taken_or_dropped() -> None:
    always = {"model", "messages", "stream", "usage"}
    assert tables.TAKES <= FIELDS
    assert FIELDS - always <= tables.TAKES | tables.DROPS.keys()
    assert all(why for why in (*tables.DROPS.values(), *tables.LOSABLE.values()))


def test_every_end_is_a_word_of_openai() -> None:
    words = typing.get_args(typing.get_args(chat_completion_chunk.Choice.model_fields["finish_reason"].annotation)[0])
    assert set(tables.ENDS.values()) <= set(words) <= tables.REASONS.keys()
    assert set(tables.REASONS.values()) == tables.ENDS.keys()


def test_a_reason_that_openai_knows_comes_back() -> None:
    assert all(tables.ENDS[tables.REASONS[word]] == word for word in ("stop", "length", "tool_calls", "content_filter"))


def test_providers_are_known() -> None:
    assert PROVIDERS.keys() >= tables.SIGNING | tables.MARKING | tables.IDS_OF.keys()
    assert Quirks().reasoning == "effort"
