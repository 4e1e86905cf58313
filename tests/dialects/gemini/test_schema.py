from __future__ import annotations

from typing import Any

import pytest

from outwait.core.fault import Refusal
from outwait.dialects.gemini.schema import json_schema


@pytest.mark.parametrize(
    "schema, plain",
    [
        ({"type": "STRING"}, {"type": "string"}),
        ({"type": "TYPE_UNSPECIFIED"}, {}),
        ({"type": ["STRING", "NULL"]}, {"type": ["string", "null"]}),
        (
            {
                "type": "OBJECT",
                "properties": {"any_of": {"type": "INTEGER"}},
                "required": ["any_of"],
                "property_ordering": ["any_of"],
                "minProperties": "1",
            },
            {
                "type": "object",
                "properties": {"any_of": {"type": "integer"}},
                "required": ["any_of"],
                "minProperties": 1,
            },
        ),
        (
            {"type": "ARRAY", "items": {"type": "NUMBER"}, "max_items": "3"},
            {"type": "array", "items": {"type": "number"}, "maxItems": 3},
        ),
        ({"any_of": [{"type": "STRING"}, {"type": "BOOLEAN"}]}, {"anyOf": [{"type": "string"}, {"type": "boolean"}]}),
        ({"any_of": [{"type": "STRING"}], "nullable": True}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"type": "STRING", "nullable": True, "enum": ["a"]}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"type": "STRING", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "STRING", "nullable": False}, {"type": "string"}),
        ({"nullable": True}, {}),
        ({"type": ["STRING"], "nullable": True}, {"type": ["string"]}),
        (
            {"example": 5, "description": "d", "format": "int32"},
            {"examples": [5], "description": "d", "format": "int32"},
        ),
        (
            {"ref": "#/$defs/x", "defs": {"x": {"type": "STRING"}}},
            {"$ref": "#/$defs/x", "$defs": {"x": {"type": "string"}}},
        ),
        ({"additionalProperties": False}, {"additionalProperties": False}),
        ({"additional_properties": {"type": "STRING"}}, {"additionalProperties": {"type": "string"}}),
        ({"items": True}, {"items": True}),
    ],
)
def test_schemas(schema: dict[str, Any], plain: dict[str, Any]) -> None:
    assert json_schema(schema, "s") == plain


@pytest.mark.parametrize(
    "schema, param",
    [
        (7, "s"),
        ({"type": 7}, "s.type"),
        ({"properties": []}, "s.properties"),
        ({"properties": {"a": 5}}, "s.properties.a"),
        ({"anyOf": [5]}, "s.anyOf[0]"),
        ({"items": {"type": ["STRING", 1]}}, "s.items.type"),
    ],
)
def test_malformed_schemas(schema: Any, param: str) -> None:
    with pytest.raises(Refusal) as caught:
        json_schema(schema, "s")
    assert caught.value.fault.param == param
