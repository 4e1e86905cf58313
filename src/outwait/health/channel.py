"""One channel in this worker: its credentials, what runs there, and what probes found."""

from __future__ import annotations

from outwait.core.catalog import Channel
from outwait.core.probed import Probed
from outwait.health.endpoint import Endpoint
from outwait.policy.keyring import Credentials, KeyRule

Identity = tuple[object, ...]


class ChannelHealth:
    """`identity`: what makes it the same channel after a reload. `listed`: the catalog has it (still).

    `running`: attempts, over all its endpoints; at most `max_in_flight`, 0 = any number. `endpoints`: by the model's
    name there. `last_free`, `last_paid`: what the latest probe of the kind found.
    """

    __slots__ = (
        "credentials",
        "endpoints",
        "identity",
        "last_free",
        "last_paid",
        "listed",
        "max_in_flight",
        "name",
        "running",
    )

    def __init__(self, name: str, keys: int, rule: KeyRule, *, max_in_flight: int = 0, identity: Identity = ()) -> None:
        self.name = name
        self.identity = identity
        self.listed = True
        self.credentials = Credentials(keys, rule)
        self.running = 0
        self.max_in_flight = max_in_flight
        self.endpoints: dict[str, Endpoint] = {}
        self.last_free: Probed | None = None
        self.last_paid: Probed | None = None

    @property
    def free(self) -> int | None:
        """How many more attempts the channel takes; None: any number."""
        return max(0, self.max_in_flight - self.running) if self.max_in_flight else None

    @property
    def idle(self) -> bool:
        """Nothing runs there and nobody waits for it: it may be forgotten."""
        return not self.running and not any(endpoint.rows for endpoint in self.endpoints.values())

    def level(self) -> None:
        """Tell the endpoints how much is left for each; to be called when that changes and there is a bound."""
        for endpoint in self.endpoints.values():
            endpoint.fit()

    def bound(self, max_in_flight: int) -> None:
        """Take another bound from now on."""
        if max_in_flight != self.max_in_flight:
            self.max_in_flight = max_in_flight
            self.level()


def identity(channel: Channel) -> Identity:
    """What makes a channel what it is: where it leads and as whom it is asked. Another one starts anew."""
    way = (channel.dialect, channel.base_url, channel.api_version, channel.region, channel.project)
    return way, channel.api_keys, channel.credentials_file


def leads(identity: Identity) -> object:
    """Where the channel of this identity leads, whoever asks; None for one that was never configured."""
    return identity[0] if identity else None
