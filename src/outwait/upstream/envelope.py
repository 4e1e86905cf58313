"""Puts a request of one dialect into the form in which a cloud provider takes it (`dialects.provider.Envelope`)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from outwait.dialects import document
from outwait.dialects.provider import Envelope

_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def enclose(body: bytes, envelope: Envelope, headers: Mapping[str, str]) -> bytes:
    """`body`, a JSON object, with the fields that stand elsewhere taken out and the version put in; all other values
    keep their very bytes, unless one holds half an emoji. ValueError: it is no JSON object."""
    fields = {name: value for name, value in _fields(body).items() if name not in envelope.without}
    fields.setdefault("anthropic_version", envelope.version)
    betas = [beta.strip() for beta in headers.get("anthropic-beta", "").split(",") if beta.strip()]
    if envelope.betas and betas:
        fields.setdefault("anthropic_beta", betas)
    return document.dumps(fields)


def _fields(body: bytes) -> dict[str, object]:
    try:
        return dict(_decode(body))
    except msgspec.DecodeError:
        fields = document.loads(body)
    if isinstance(fields, dict):
        return fields
    raise ValueError("the body is no JSON object")
