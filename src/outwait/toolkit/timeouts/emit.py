"""All targets by the name an option takes, and which of them are meant by what somebody asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from outwait.toolkit.timeouts.advice import Advice
from outwait.toolkit.timeouts.emit_clients import CLIENTS
from outwait.toolkit.timeouts.emit_outwait import OUTWAIT
from outwait.toolkit.timeouts.emit_servers import CLOUD_EDGES, EDGES, SERVERS
from outwait.toolkit.timeouts.snippet import Emitter, Snippet

TARGETS: Final[Mapping[str, Emitter]] = MappingProxyType({**OUTWAIT, **SERVERS, **CLIENTS})

GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "all": tuple(TARGETS),
        "clients": tuple(CLIENTS),
        **{edge: tuple(target for target in SERVERS if EDGES[target] == edge) for edge in EDGES.values()},
    }
)
"""What stands for several targets, or for the one of an edge."""

_CLIENT = "openai-python"
_PROXY = "nginx"


def emit(target: str, advice: Advice) -> Snippet:
    """The settings of `target`. Raises KeyError for one that is not in `TARGETS`."""
    return TARGETS[target](advice)


def meant(words: Iterable[str]) -> tuple[str, ...]:
    """The targets that `words` name, each once. Raises KeyError, with the word, for one that names none."""
    found: dict[str, None] = {}
    for word in words:
        targets = GROUPS.get(word) or ((word,) if word in TARGETS else None)
        if targets is None:
            raise KeyError(word)
        found |= dict.fromkeys(targets)
    return tuple(found)


def usual(behind: Sequence[str]) -> tuple[str, ...]:
    """The targets for who asks for none: the gateway, what stands before it (if that is not told, nginx), a client."""
    edges = [target for name in behind or (_PROXY,) for target in GROUPS.get(name, ())]
    return ("outwait", *dict.fromkeys(edges), _CLIENT)


def on_the_way(behind: Sequence[str], targets: Iterable[str]) -> tuple[str, ...]:
    """What stands before the gateway: what was told, and the one edge among `targets` that was not, if it is one.

    Several of them are alternatives, of which none can be taken to be there. A cloud stands next to the client, another
    edge next to the gateway.
    """
    others = [edge for edge in dict.fromkeys(EDGES[each] for each in targets if each in EDGES) if edge not in behind]
    if len(others) != 1:
        return tuple(behind)
    return (*others, *behind) if others[0] in CLOUD_EDGES else (*behind, *others)
