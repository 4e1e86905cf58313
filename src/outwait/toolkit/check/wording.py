"""The request that probes a target: the one a gateway would send, with a few words to answer, or a free one.

Where a model is named, it is asked for a short answer (`Asking`), in the words of the provider's own dialect and at its
own path; that costs money. Else the provider's free question is asked, such as its list of models, and where it has
none, or the URL is plain, the URL itself is fetched.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from outwait.core.catalog import Channel
from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.dialects import bridge
from outwait.dialects.passthrough.table import PASSTHROUGH
from outwait.dialects.provider import Envelope
from outwait.dialects.providers import GENERATION, PROVIDERS, way
from outwait.dialects.table import DIALECTS
from outwait.policy import globs
from outwait.policy.scenarios import judge
from outwait.toolkit.check.hearing import Ear, JsonEar, ListEar, PlainEar, StreamEar
from outwait.toolkit.check.saved import About
from outwait.toolkit.check.target import PLAIN, BadTarget, Target
from outwait.toolkit.net.environment import Proxy
from outwait.upstream.address import Address, AddressBook, passed_on
from outwait.upstream.credentials import Credential, Issuer
from outwait.upstream.location import InvalidAddress, locate

PROMPT: Final = "Count from one to twenty, in words."
_OWN: Final = DIALECTS["openai"]
_JSON: Final = {"content-type": "application/json"}
_ROOM: Final = {"chat": 64, "unknown": 64, "reasoning": 1024, "deep": 1024}
"""Scenario -> most tokens of an answer, unless somebody asks for another number: who thinks needs room to think."""
_GET: Final = (("accept", "*/*"), ("accept-encoding", "identity"), ("user-agent", "outwait check"))


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked of a model. `max_tokens`: None: what suits the kind of model."""

    prompt: str = PROMPT
    max_tokens: int | None = None
    stream: bool = True


@dataclass(frozen=True, slots=True)
class Wording:
    """A request, ready to be sent. `credential` makes further headers when it is sent. `framed`: its stream comes in
    Amazon's framing. `lenient`: any answer but a server's error shows that somebody is there. `proxy`: what it goes
    through.
    """

    about: About
    method: str
    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = b""
    ca_file: str | None = None
    verify: bool = True
    credential: Credential | None = field(default=None, repr=False)
    framed: bool = False
    lenient: bool = False
    secrets: tuple[str, ...] = field(default=(), repr=False)
    call: Call | None = None
    candidate: Candidate | None = None
    proxy: Proxy | None = field(default=None, repr=False)

    @property
    def secure(self) -> bool:
        """Whether it goes over TLS."""
        return self.url.startswith("https://")

    @property
    def open(self) -> bool:
        """Whether it is of no matter what is answered."""
        return self.lenient or self.about.dialect == PLAIN

    def ear(self, status: int, headers: Mapping[str, str]) -> Ear:
        """What listens to a reply with this head (lower-case names)."""
        if status >= 300 or self.open:
            return Ear()
        if self.call is None or self.candidate is None:
            return ListEar()
        if self.call.endpoint == "embeddings":
            return PlainEar(PASSTHROUGH.reader(self.call, self.candidate, status, headers))
        translation = DIALECTS[self.candidate.dialect].translation
        assert translation is not None  # noqa: S101 - every dialect of GENERATION has one
        decoder = translation.decoder(self.call, self.candidate)
        kind = headers.get("content-type", "").lower()
        streamed = "event-stream" in kind or self.framed or (self.call.stream and "json" not in kind)
        return StreamEar(decoder) if streamed else JsonEar(decoder)


def word(target: Target, asking: Asking) -> Wording:
    """The request for `target`. Raises BadTarget, InvalidAddress or core.fault.Refusal, each with a sentence."""
    channel = target.channel
    if channel is None:
        return _plain(target)
    if target.model is None or not _serves(channel, target.model):
        return _free(target, channel)
    return _paid(target, channel, target.model, asking)


def _serves(channel: Channel, model: str) -> bool:
    return not channel.models or globs.first(channel.models, model) is not None


def _plain(target: Target) -> Wording:
    headers = dict(_GET)
    if target.user is not None:
        token = base64.b64encode(":".join(target.user).encode()).decode()
        headers["authorization"] = f"Basic {token}"
    elif target.key:
        headers["authorization"] = f"Bearer {target.key}"
    about = About(name=target.name, url=target.url, dialect=PLAIN, asked="GET")
    secrets = (*target.secrets, headers.get("authorization", "").partition(" ")[2])
    return Wording(about, "GET", target.plain, tuple(headers.items()), ca_file=target.ca_file, secrets=_some(secrets))


def _free(target: Target, channel: Channel) -> Wording:
    provider = PROVIDERS[channel.dialect]
    location = locate(channel, provider)
    key = channel.api_keys[0] if channel.api_keys else None
    shown: dict[str, str] = {}
    credential = None
    if provider.free is not None:
        shown, credential = Issuer(channel, location).issue(provider.free.credential or provider.credential, key)
    secrets = _some((*target.secrets, *AddressBook((channel,)).secrets(channel.name)))
    tls = {"ca_file": channel.ca_file, "verify": channel.verify_tls}
    dialect = provider.free.dialect if provider.free is not None else PROVIDERS[channel.dialect].name
    if provider.free is None or credential is not None:
        about = About(name=target.name, url=target.url, dialect=dialect, asked="GET /")
        return Wording(about, "GET", location.origin + "/", _GET, lenient=True, secrets=secrets, **tls)  # type: ignore[arg-type]  # the two of `tls`
    path = location.target(provider.free, streamed=False)
    headers = dict(_GET) | {"accept": provider.free.accept} | dict(provider.free.headers) | shown
    headers = {name.lower(): value for name, value in headers.items()}
    headers |= {name.lower(): value for name, value in channel.headers.items()}
    about = About(name=target.name, url=target.url, dialect=dialect, asked=f"GET {path.partition('?')[0]}")
    return Wording(about, "GET", location.origin + path, tuple(headers.items()), secrets=secrets, **tls)  # type: ignore[arg-type]  # the two of `tls`


def _paid(target: Target, channel: Channel, model: str, asking: Asking) -> Wording:
    call, candidate, body = _called(channel, model, asking)
    book = AddressBook((channel,))
    address = book.find(candidate, call)
    if address is None:
        raise BadTarget("no_such_model", "--model", where=target.name, model=model)
    if address.envelope is not None:
        body = _enclosed(body, address.envelope)
    room = call_room(model, asking) if candidate.endpoint != "embeddings" else None
    stream = call.stream if room is not None else None
    asked = f"{address.method} {address.target.partition('?')[0]}"
    about = About(
        name=target.name,
        url=target.url,
        dialect=candidate.dialect,
        asked=asked,
        model=model,
        stream=stream,
        paid=True,
        max_tokens=room,
    )
    return Wording(
        about,
        address.method,
        address.origin + address.target,
        _headers(address),
        body,
        ca_file=channel.ca_file,
        verify=channel.verify_tls,
        credential=address.credential,
        framed=address.framed and call.stream,
        secrets=_some((*target.secrets, *book.secrets(channel.name))),
        call=call,
        candidate=candidate,
    )


def call_room(model: str, asking: Asking) -> int:
    """The most tokens that `model` may answer with."""
    return asking.max_tokens or _ROOM[judge(model).scenario.name]


def _called(channel: Channel, model: str, asking: Asking) -> tuple[Call, Candidate, bytes]:
    """The call in chat completions' form, where it goes, and its body as it is said there."""
    scenario = judge(model).scenario.name
    if scenario not in (*_ROOM, "embedding"):
        raise BadTarget("no_tokens", "--model", model=model, scenario=scenario)
    endpoint = "embeddings" if scenario == "embedding" else "chat.completions"
    provider, name = PROVIDERS[channel.dialect], channel.model_map.get(model, model)
    found = way(provider, channel.endpoints, "openai", endpoint, name)
    if found is None:
        raise BadTarget("nothing_to_call", "--model", where=channel.name, dialect=channel.dialect, model=model)
    where, at = found
    candidate = Candidate(channel.name, at.dialect, name, endpoint=where, provider=channel.dialect)
    if where == "embeddings":
        raw = msgspec.json.encode({"model": model, "input": asking.prompt})
        call = PASSTHROUGH.read("POST", "/v1/embeddings", _JSON, raw)
        return call, candidate, PASSTHROUGH.prepare(call, candidate)
    if where not in GENERATION:
        raise BadTarget("nothing_to_call", "--model", where=channel.name, dialect=channel.dialect, model=model)
    asked = {
        "model": model,
        "messages": [{"role": "user", "content": asking.prompt}],
        "max_completion_tokens": call_room(model, asking),
        "stream": asking.stream,
    }
    call = _OWN.read("POST", "/v1/chat/completions", _JSON, msgspec.json.encode(asked))
    return call, candidate, bridge.word(call, _OWN, DIALECTS[at.dialect], candidate).body


def _headers(address: Address) -> tuple[tuple[str, str], ...]:
    lines = (address.head + passed_on(None, address)).decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(": ") for line in lines if line)
    return tuple((name.lower(), value) for name, _, value in pairs)


def _enclosed(body: bytes, envelope: Envelope) -> bytes:
    from outwait.upstream.envelope import enclose  # noqa: PLC0415 - of cloud providers only

    return enclose(body, envelope, {})


def _some(secrets: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(secret for secret in secrets if secret))


__all__ = ["PROMPT", "Asking", "InvalidAddress", "Wording", "word"]
