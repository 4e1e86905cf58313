"""`Settings`: the whole configuration as one frozen value, section by section as it stands in outwait.yaml."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PrivateAttr, field_validator, model_validator

from outwait.config.fields import Clock, Directory, Drain, ExistingFile, Host, Lower, Network, Size, WebOrigins, wrong
from outwait.config.health import HealthSection
from outwait.config.kept import Keeping, KeepSection, StoreSection
from outwait.config.secret import KEY_LIKE, names_secret
from outwait.config.sections import (
    ChannelSection,
    Departures,
    Fallbacks,
    Heartbeats,
    HeartbeatSection,
    Hedges,
    HedgeSection,
    KeySection,
    OneOrMore,
    RetrySection,
    ScenarioTable,
    Section,
    Sticks,
    TimeoutsSection,
    switch,
)
from outwait.config.webhooks import WebhookSection, check_keys
from outwait.policy.cors import EVERYONE

_SHORTEST_SECRET = 6  # masking "dev" wherever it stands would hide half of a log


class LimitsSection(Section):
    """What the door takes from one client; sizes in bytes, times in seconds.

    `body_rate`: bytes per second a body must come with at least. `json_body`: largest body.
    `file_body`: the same on routes that take files.
    `upstream_response`, `replay`, `replay_memory`: largest of what is kept of one upstream answer.
    """

    request_line: Size = 8 * 1024
    headers: Annotated[int, Field(ge=8, le=1024)] = 128
    header_bytes: Size = 32 * 1024
    header_time: Clock = 10.0
    body_rate: Size = 1024
    body_time: Clock = 120.0
    json_body: Size = 20 * 1024**2
    file_body: Size = 100 * 1024**2
    keepalive: Clock = 75.0
    per_ip: Annotated[int, Field(ge=1, le=1_000_000)] = 256
    per_ip_except: Annotated[tuple[Network, ...], OneOrMore] = ()
    upstream_response: Size = 256 * 1024**2
    replay: Size = 64 * 1024**2
    replay_memory: Size = 1024**2


class TlsSection(Section):
    """Certificate chain and private key (PEM files) the gateway shows its clients."""

    cert: ExistingFile
    key: ExistingFile


class ProbeRouteSection(Section):
    """What `outwait path` may ask for. `max_silence`: seconds. `per_key`, `total`: probes at a time in one worker."""

    enabled: bool = True
    max_silence: Clock = 1200.0
    per_key: Annotated[int, Field(ge=1, le=10_000)] = 16
    total: Annotated[int, Field(ge=1, le=100_000)] = 64


class ServerSection(Section):
    """Where the gateway listens. `drain`: seconds running answers get to finish after SIGTERM. `cors`: whose web pages
    may call: their origins.
    """

    host: Host = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8787
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    drain: Drain = 900.0
    tls: TlsSection | None = None
    cors: WebOrigins = ()
    limits: LimitsSection = LimitsSection()
    probe: Annotated[ProbeRouteSection, BeforeValidator(switch)] = ProbeRouteSection()

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the gateway."""
        if self.host.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


class LogSection(Section):
    """What is logged and how it looks."""

    level: Annotated[Literal["debug", "info", "warning", "error"], Lower] = "info"
    format: Annotated[Literal["json", "console"], Lower] = "json"


Named = tuple[ChannelSection | KeySection | WebhookSection, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where settings came from.

    `file`: None when there was none. `fresh_key`: the client key made for this start, to be shown once. `notes`:
    remarks for the operator that are no errors.
    """

    file: str | None = None
    fresh_key: str | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()


class Settings(Section):
    """Everything that can be configured; see `config.load`. Immutable: a reload makes a new one."""

    server: ServerSection = ServerSection()
    data_dir: Directory = "./outwait-data"
    store: StoreSection = StoreSection()
    keep_results: Keeping = KeepSection()
    channels: tuple[ChannelSection, ...] = ()
    keys: tuple[KeySection, ...] = ()
    timeouts: TimeoutsSection = TimeoutsSection()
    heartbeat: Heartbeats = HeartbeatSection()
    retry: RetrySection = RetrySection()
    hedge: Hedges = HedgeSection()
    on_disconnect: Departures = Field(default_factory=dict)
    scenarios: ScenarioTable = Field(default_factory=dict)
    fallback: Fallbacks = Field(default_factory=dict)
    sticky: Sticks = Field(default_factory=dict)
    health: HealthSection = HealthSection()
    webhooks: tuple[WebhookSection, ...] = ()
    log: LogSection = LogSection()
    _origin: Origin = PrivateAttr(default=Origin())

    @property
    def origin(self) -> Origin:
        """Where these settings came from."""
        return self._origin

    def of_origin(self, origin: Origin) -> Self:
        """The same settings, coming from `origin`."""
        copy = self.model_copy()
        copy._origin = origin  # noqa: SLF001 - the copy is this class's own
        return copy

    def keeps(self, key: KeySection | None = None) -> bool:
        """Whether anything of the answers of `key` outlives their calls; without one, those of any key."""
        if key is None:
            return any(map(self.keeps, self.keys)) if self.keys else self.keep_results.enabled
        return self.keep_results.enabled if key.keep_results is None else key.keep_results

    def secrets(self) -> tuple[str, ...]:
        """Every configured secret, longest first: what must never be written anywhere."""
        found = {*(key.key.get_secret_value() for key in self.keys), *self.store.secrets()}
        several: tuple[ChannelSection | WebhookSection, ...] = (*self.channels, *self.webhooks)
        for section in several:
            found.update(section.secrets())
            for name, value in section.headers.items():
                text = value.get_secret_value()
                if names_secret(name) or KEY_LIKE.search(text):
                    found.update({text, text.rpartition(" ")[2]})  # "Bearer abc" and "abc"
        kept = (each for each in found if len(each) >= _SHORTEST_SECRET)
        return tuple(sorted(kept, key=lambda each: (-len(each), each)))

    def redacted(self) -> dict[str, Any]:
        """The settings as plain data, each secret replaced by asterisks."""
        return self.model_dump(mode="json", exclude_none=True)

    @field_validator("channels", "keys", "webhooks")
    @classmethod
    def _names_are_unique(cls, value: Named) -> Named:
        seen: set[str] = set()
        for index, each in enumerate(value):
            if each.name in seen:
                raise wrong("a name of its own", what=f"repeats the name `{each.name}`", at=(index, "name"))
            seen.add(each.name)
        return value

    @field_validator("keys")
    @classmethod
    def _keys_are_unique(cls, value: tuple[KeySection, ...]) -> tuple[KeySection, ...]:
        seen: dict[str, str] = {}
        for index, each in enumerate(value):
            first = seen.setdefault(each.key.get_secret_value(), each.name)
            if first != each.name:
                raise wrong("a key of its own", what=f"is the same key as that of `{first}`", at=(index, "key"))
        return value

    @model_validator(mode="after")
    def _webhooks_name_keys(self) -> Self:
        check_keys(self.webhooks, {key.name for key in self.keys})
        return self

    @model_validator(mode="after")
    def _open_access_stays_at_home(self) -> Self:
        if not self.keys and not self.server.loopback:
            raise wrong(
                "`keys:` with at least one key, or a loopback host such as 127.0.0.1",
                what=f"is {self.server.host}, which others can reach, but no client key is configured",
                at=("server", "host"),
            )
        return self

    @model_validator(mode="after")
    def _open_access_names_its_pages(self) -> Self:
        if not self.keys and EVERYONE in self.server.cors:
            raise wrong(
                "`keys:` with at least one key, or the origins of your own pages, such as http://localhost:3000",
                what='is "*", which lets any web page call that is open on this machine, but there is no client key',
                at=("server", "cors"),
            )
        return self
