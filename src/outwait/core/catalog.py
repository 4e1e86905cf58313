"""The catalog: an immutable snapshot of channels, keys and rules, swapped whole when the configuration changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from outwait.core.plan import Heartbeat, Hedge
from outwait.core.principal import Principal


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to a provider: address, credentials, the models it serves and its settings.

    `dialect`: which provider's ways it has (`dialects.providers`). `base_url`: empty where the provider's own is meant.
    `endpoints`: which of the provider's are used, first choice first; empty = all. `api_version`: of Azure's dated API.
    `region`, `project`, `credentials_file`: where a cloud provider has the models, and as whom it is called.
    `models`: globs of public names, empty = all. `model_map`: public name -> name at the provider. `timeouts`:
    clock name -> seconds. `upstream_stream`: auto | always | never. `upstream_stream_models`: the same by model glob.
    `headers`: extra headers sent upstream. `ca_file`, `verify_tls`: how its certificate is judged.
    `max_in_flight`: attempts one worker runs there at a time, 0 = any number; more wait in a queue (clock `queue`).
    """

    name: str
    dialect: str
    base_url: str
    api_keys: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    model_map: Mapping[str, str] = field(default_factory=dict)
    priority: int = 0
    weight: float = 1.0
    timeouts: Mapping[str, float] = field(default_factory=dict)
    upstream_stream: str = "auto"
    upstream_stream_models: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    ca_file: str | None = None
    verify_tls: bool = True
    max_in_flight: int = 0
    endpoints: tuple[str, ...] = ()
    api_version: str | None = None
    region: str | None = None
    project: str | None = None
    credentials_file: str | None = None


@dataclass(frozen=True, slots=True)
class TimeoutRule:
    """A configured rule: where `match` fits, `spans` (clock name -> seconds) apply.

    `match` keys: dialect, endpoint, stream, model (glob), effort, scenario. `name` is what a fault's reason says.
    """

    name: str
    match: Mapping[str, object]
    spans: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class RetryRule:
    """Configured retry settings. `paid`: scenario -> share, replacing the built-in table where named."""

    attempts: int = 3
    paid: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything a plan is made from, besides the request. `keys`: SHA-256 of the secret -> principal.

    `open_access`: no key is configured, so every (loopback) caller is `anonymous`. `ceiling`, `floor`: clock name
    -> seconds; what a request header may ask for at most and at least. `fallback`: glob of public names ->
    the models asked when its own channels are of no use. `sticky`: model glob -> off | conversation. `health`: the
    rules of `policy.health_rules`, which alone looks into it. `hedge`: None: a late attempt is left alone. `version`
    counts reloads.
    """

    channels: tuple[Channel, ...] = ()
    keys: Mapping[bytes, Principal] = field(default_factory=dict)
    open_access: bool = False
    preset: str = "default"
    rules: tuple[TimeoutRule, ...] = ()
    ceiling: Mapping[str, float] = field(default_factory=dict)
    floor: Mapping[str, float] = field(default_factory=dict)
    heartbeat: Heartbeat = field(default_factory=Heartbeat)
    retry: RetryRule = field(default_factory=RetryRule)
    on_disconnect: Mapping[str, str] = field(default_factory=dict)
    scenarios: Mapping[str, str] = field(default_factory=dict)
    fallback: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sticky: Mapping[str, str] = field(default_factory=dict)
    health: object = None
    hedge: Hedge | None = None
    version: int = 1
