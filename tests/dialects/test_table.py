from __future__ import annotations

from outwait.dialects.table import DIALECTS, OPENAI


def test_each_dialect_stands_under_its_name() -> None:
    assert all(name == dialect.name for name, dialect in DIALECTS.items())
    assert DIALECTS["openai"] is OPENAI


def test_an_endpoint_has_a_path_upstream() -> None:
    assert OPENAI.upstream_path["chat.completions"] == "/chat/completions"
