from __future__ import annotations

from outwait.dialects.openai_chat.dialect import OPENAI
from outwait.dialects.providers import PROVIDERS
from outwait.dialects.table import DIALECTS


def test_each_dialect_stands_under_its_name() -> None:
    assert all(name == dialect.name for name, dialect in DIALECTS.items())
    assert DIALECTS["openai"] is OPENAI


def test_all_of_them_can_be_translated() -> None:
    assert sorted(DIALECTS) == ["anthropic", "gemini", "openai", "responses"]
    assert all(dialect.translation is not None for dialect in DIALECTS.values())


def test_every_provider_speaks_dialects_that_are_there() -> None:
    spoken = {way.dialect for provider in PROVIDERS.values() for way in provider.ways.values()}
    assert spoken == set(DIALECTS)


def test_an_ordinary_chat_stream_is_passed_on_unseen() -> None:
    assert not OPENAI.tracked
