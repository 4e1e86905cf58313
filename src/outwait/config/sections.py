"""The sections of outwait.yaml that say how calls are treated: channels, keys, timeouts, heartbeat, retry."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from outwait.config.fields import (
    BaseUrl,
    Beat,
    Clock,
    Departure,
    ExistingFile,
    Glob,
    HeaderName,
    HeaderValue,
    Lower,
    ModelName,
    Name,
    Secret,
    Share,
    Word,
    wrong,
)
from outwait.core.fault import Clock as ClockName
from outwait.dialects.providers import PROVIDERS

MOST_FALLBACKS: Final = 8

StickMode = Annotated[Literal["off", "conversation"], Word]
StreamMode = Annotated[Literal["auto", "always", "never"], Lower]
Scenario = Annotated[Literal["chat", "reasoning", "deep", "image", "audio", "embedding", "unknown"], Lower]


def _listed(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


OneOrMore = BeforeValidator(_listed)


def _everywhere(value: object) -> object:
    """One word for all models is the mapping from `*` to that word."""
    return value if isinstance(value, dict) else {"*": value}


def _few(value: tuple[str, ...]) -> tuple[str, ...]:
    if not 0 < len(value) <= MOST_FALLBACKS:
        raise wrong(f"1 to {MOST_FALLBACKS} models", what=f"names {len(value) or 'no'} models")
    return value


def switch(value: object) -> object:
    """`heartbeat: off` is `heartbeat: {enabled: false}`; so are other sections that can be switched off."""
    if isinstance(value, str) and value.strip().lower() in {"on", "off"}:
        value = value.strip().lower() == "on"
    return {"enabled": value} if isinstance(value, bool) else value


def _dialect(value: object) -> object:
    word = value.strip().lower() if isinstance(value, str) else value
    if word not in PROVIDERS:
        raise wrong("one of " + ", ".join(f"'{name}'" for name in PROVIDERS))
    return word


def _default_url(fields: dict[str, object]) -> str | None:
    """Where the channel's provider lives, if it lives at one place or the region is told."""
    word = fields.get("dialect", "openai")
    provider = PROVIDERS.get(word.strip().lower()) if isinstance(word, str) else None
    if provider is None:
        return None
    region = fields.get("region") or ("global" if "global" in provider.regions else None)
    if isinstance(region, str) and region in provider.regions:
        return provider.regions[region]
    if provider.base_url is None or "{region}" not in provider.base_url:
        return provider.base_url
    return provider.base_url.replace("{region}", region) if isinstance(region, str) else None


class Section(BaseModel):
    """A mapping of known fields; a field without a value (`api_key:`) is a field left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _left_out(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {name: item for name, item in value.items() if item is not None or name not in cls.model_fields}


class Spans(Section):
    """Spans of the seven clocks in seconds; None where nothing is said."""

    queue: Clock | None = None
    connect: Clock | None = None
    write: Clock | None = None
    first_byte: Clock | None = None
    first_token: Clock | None = None
    idle: Clock | None = None
    total: Clock | None = None

    def spans(self) -> dict[str, float]:
        """Clock name -> seconds, of the clocks that were given."""
        given = ((clock.value, getattr(self, clock.value)) for clock in ClockName)
        return {name: seconds for name, seconds in given if seconds is not None}


class Match(Section):
    """What a rule applies to: one value or a list of them; what is left out matches everything."""

    dialect: Annotated[tuple[str, ...], OneOrMore] = ()
    endpoint: Annotated[tuple[str, ...], OneOrMore] = ()
    stream: bool | None = None
    model: Annotated[tuple[Glob, ...], OneOrMore] = ()
    effort: Annotated[tuple[str, ...], OneOrMore] = ()
    scenario: Annotated[tuple[Scenario, ...], OneOrMore] = ()

    def given(self) -> dict[str, object]:
        """What was given, by name; a list only where there is more than one value."""
        several = ("dialect", "endpoint", "model", "effort", "scenario")
        lists: dict[str, tuple[str, ...]] = {name: getattr(self, name) for name in several}
        found: dict[str, object] = {name: each[0] if len(each) == 1 else each for name, each in lists.items() if each}
        return found if self.stream is None else {**found, "stream": self.stream}


class Rule(Spans):
    """Spans for the requests that match."""

    name: Name | None = None
    match: Match = Match()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.spans():
            raise wrong("at least one clock, such as `first_byte: 20m`", what="sets no clock")
        return self


class TimeoutsSection(Spans):
    """How long to wait. Clocks given here directly hold for every request that no rule is more exact about."""

    preset: Annotated[Literal["default", "seed"], Lower] = "default"
    rules: tuple[Rule, ...] = ()
    floor: Spans = Spans()
    ceiling: Spans = Spans()

    @model_validator(mode="after")
    def _floor_below_ceiling(self) -> Self:
        ceiling = self.ceiling.spans()
        for name, low in self.floor.spans().items():
            if low > ceiling.get(name, low):
                limits = f"at most the ceiling, {ceiling[name]:g} s"
                raise wrong(limits, what="is above the ceiling", at=("floor", name))
        return self


class HeartbeatSection(Section):
    """How silence towards the client is filled (seconds). `max`: beats stop after so long."""

    enabled: bool = True
    after: Beat = 10.0
    json_after: Beat = 20.0
    every: Beat = 15.0
    mode: Annotated[Literal["auto", "off", "comment", "event", "whitespace", "headers"], Word] = "auto"
    late_error: Annotated[Literal["abort", "body"], Lower] = "abort"
    max: Clock | None = None


class RetrySection(Section):
    """How often a failed attempt is followed by another.

    `paid`: scenario -> share of requests that may be retried although the failed attempt may have been charged.
    """

    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    paid: dict[Scenario, Share] = {}


class HedgeSection(Section):
    """A second attempt beside one that is late. `after`: seconds without content; None: later than 95 % are."""

    enabled: bool = False
    after: Clock | None = None


class ChannelSection(Section):
    """One way to a provider. `dialect`: a name in `dialects.providers`. `base_url`: its own where it has one.

    `endpoints`: those that are used, first choice first; none = all. `max_in_flight`: attempts one worker runs there at
    a time, 0 = any number; more wait.
    """

    name: Name
    dialect: Annotated[str, BeforeValidator(_dialect)] = "openai"
    base_url: BaseUrl | None = None
    endpoints: Annotated[tuple[str, ...], OneOrMore] = ()
    api_version: Name | None = None
    region: Name | None = None
    project: Name | None = None
    credentials_file: ExistingFile | None = None
    api_key: Secret | None = None
    api_keys: tuple[Secret, ...] = ()
    models: tuple[Glob, ...] = ()
    model_map: dict[Glob, Glob] = {}
    priority: Annotated[int, Field(ge=-1000, le=1000)] = 0
    weight: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] = 1.0
    timeouts: Spans = Spans()
    upstream_stream: Annotated[dict[Glob, StreamMode], BeforeValidator(_everywhere)] = {"*": "auto"}
    headers: dict[HeaderName, HeaderValue] = {}
    ca_file: ExistingFile | None = None
    verify_tls: bool = True
    max_in_flight: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    @model_validator(mode="before")
    @classmethod
    def _at_home(cls, value: object) -> object:
        if not isinstance(value, dict) or value.get("base_url") is not None:
            return value
        return {**value, "base_url": _default_url(value)}

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> Self:
        if self.api_key is not None and self.api_keys:
            raise wrong("one of `api_key` and `api_keys`", what="is given beside `api_keys`", at=("api_key",))
        return self

    @model_validator(mode="after")
    def _fits_the_provider(self) -> Self:
        provider = PROVIDERS[self.dialect]
        if self.base_url is None:
            what = "is missing" if provider.base_url is None else "is missing, and `region` too"
            raise wrong(f"the address of your {self.dialect} server or resource", what=what, at=("base_url",))
        for index, name in enumerate(self.endpoints):
            if name not in provider.ways:
                known = ", ".join(provider.ways)
                raise wrong(f"one of {known}", what=f"{self.dialect} has no `{name}`", at=("endpoints", index))
        paths = " ".join((provider.base_url or "", *(f"{way.path} {way.dated}" for way in provider.ways.values())))
        for name in ("api_version", "region", "project"):
            if getattr(self, name) is not None and f"{{{name}}}" not in paths:
                raise wrong("it to be left out", what=f"means nothing to {self.dialect}", at=(name,))
        if self.credentials_file is not None and (provider.credential != "google" or self.credentials()):
            what = "is given beside a key" if provider.credential == "google" else f"means nothing to {self.dialect}"
            raise wrong("it to be left out", what=what, at=("credentials_file",))
        return self

    def credentials(self) -> tuple[str, ...]:
        """The channel's keys at the provider; empty for an upstream without keys."""
        given = (self.api_key,) if self.api_key is not None else self.api_keys
        return tuple(secret.get_secret_value() for secret in given)

    def secrets(self) -> tuple[str, ...]:
        """The keys, and what stands between the colons of an AWS key, but for its public first part."""
        keys = self.credentials()
        return (*keys, *(part for key in keys for part in key.split(":")[1:]))


class KeySection(Section):
    """One client key and what it may do. `keep_results`: None means what holds for all keys. `admin`: it may also see
    and change how the gateway itself runs.
    """

    name: Name
    key: Secret
    models: tuple[Glob, ...] = ("*",)
    timeouts: Spans = Spans()
    heartbeat: Annotated[HeartbeatSection, BeforeValidator(switch)] = HeartbeatSection()
    on_disconnect: Departure | None = None
    keep_results: bool | None = None
    admin: bool = False


Heartbeats = Annotated[HeartbeatSection, BeforeValidator(switch)]
Hedges = Annotated[HedgeSection, BeforeValidator(switch)]
Departures = Annotated[dict[Glob, Departure], BeforeValidator(_everywhere)]
ScenarioTable = dict[Glob, Scenario]
Fallbacks = dict[Glob, Annotated[tuple[ModelName, ...], OneOrMore, AfterValidator(_few)]]
Sticks = Annotated[dict[Glob, StickMode], BeforeValidator(_everywhere)]
