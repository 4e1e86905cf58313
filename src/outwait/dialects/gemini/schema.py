"""From Google's own way to write a schema (a part of OpenAPI, types in capitals) to plain JSON schema."""

from __future__ import annotations

from typing import Any

from outwait.dialects.gemini.fields import Fields, wrong

# Numbers that protobuf's JSON writes as strings.
_LENGTHS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
_DROPPED = frozenset({"propertyOrdering"})  # the order of the properties says the same
_KEYS = {"defs": "$defs", "ref": "$ref", "example": "examples"}


def json_schema(value: object, path: str) -> dict[str, Any]:
    """The JSON schema that says the same as the schema `value` at `path` of the request."""
    fields = Fields(value, path)
    made: dict[str, Any] = {}
    for name, item in fields.others(_DROPPED | {"nullable", "type"}):
        made[_KEYS.get(name, name)] = _translated(fields, name, item)
    kind = fields.raw("type")
    if kind is not None and kind != "TYPE_UNSPECIFIED":
        made = {"type": _kind(kind, fields.at("type")), **made}
    return _nullable(made) if fields.flag("nullable") else made


def _translated(fields: Fields, name: str, item: Any) -> Any:
    if name in {"items", "additionalProperties"} and isinstance(item, dict):
        return json_schema(item, fields.at(name))
    if name in {"properties", "defs", "$defs"}:
        mapping = fields.mapping(name) or {}
        return {key: json_schema(value, f"{fields.at(name)}.{key}") for key, value in mapping.items()}
    if name in {"anyOf", "oneOf", "allOf"}:
        return [json_schema(value, path) for value, path in fields.items(name)]
    if name in _LENGTHS:
        return fields.integer(name)
    if name == "example":
        return [item]
    return item


def _kind(kind: Any, path: str) -> Any:
    kinds = kind if isinstance(kind, list) else [kind]
    if not all(isinstance(item, str) for item in kinds):
        wrong(path, "a type such as STRING")
    lowered = [item.lower() for item in kinds]
    return lowered if isinstance(kind, list) else lowered[0]


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if isinstance(kind, str):
        made = {**schema, "type": [kind, "null"]}
        if isinstance(made.get("enum"), list) and None not in made["enum"]:
            made["enum"] = [*made["enum"], None]
        return made
    if isinstance(schema.get("anyOf"), list):
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    return schema
