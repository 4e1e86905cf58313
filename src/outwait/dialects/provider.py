"""What a provider is: which endpoints it offers, in which dialect, below which path; and which of them answers a call.

`way` finds the endpoint that answers a client's call: the very same one where there is one, else one of another dialect
that the call can be translated to. The providers themselves are rows of data in `providers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

# Endpoints whose calls can be translated into one another.
GENERATION = ("chat.completions", "responses", "messages", "generate_content")
COUNTING = ("messages.count_tokens", "models.count_tokens")
_KINDS = (GENERATION, COUNTING)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a cloud provider changes in a body of somebody else's dialect.

    `version`: the value of `anthropic_version`, if the body names none. `without`: top-level fields that stand in the
    path there. `betas`: the client's `anthropic-beta` header goes into the body, as `anthropic_beta`.
    """

    version: str
    without: frozenset[str] = frozenset()
    betas: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """One endpoint. `path`: below the base URL, or from the host's root if it is `rooted`. In it `{model}` stands for
    the model's name, percent-encoded, and `{project}`, `{region}`, `{api_version}` for what the channel says.

    `streamed`: the path of a streamed call, where it is another one. `dated`: the path, from the root, at a channel
    that names an API version by its date. `credential`: where it is not the provider's. `models`: globs of those it is
    there for, `!glob` of those it is not; empty = all. `accept`: of the reply. `mixed`: a body need not be JSON, and
    keeps the client's content type. `headers`: sent with every request, but one that is `passed` (see `Provider`) gives
    way to the client's. `envelope`: how the body differs from the dialect's. `framed`: a stream comes in Amazon's
    event stream framing, with the dialect's events inside.
    """

    dialect: str
    path: str
    streamed: str | None = None
    dated: str | None = None
    rooted: bool = False
    credential: str | None = None
    models: tuple[str, ...] = ()
    accept: str = "application/json, text/event-stream"  # which of them is said in the body
    mixed: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    envelope: Envelope | None = None
    framed: bool = False

    def has(self, model: str) -> bool:
        """Whether the endpoint is there for `model`."""
        wanted = [glob for glob in self.models if not glob.startswith("!")]
        if any(fnmatchcase(model, glob[1:]) for glob in self.models if glob.startswith("!")):
            return False
        return not wanted or any(fnmatchcase(model, glob) for glob in wanted)


@dataclass(frozen=True, slots=True)
class Quirks:
    """How a provider that calls itself OpenAI-compatible differs, for requests that are worded for it.

    `limit`: its name for the most tokens of an answer. `developer`: it knows the role `developer`. `usage`: it takes
    `stream_options.include_usage`. `reasoning`: how it is told to think: `effort` (reasoning_effort), `object`
    (reasoning: {effort, max_tokens}), `thinking` (thinking: {type}), `switch` (enable_thinking, thinking_budget) or
    None. `background`: it runs a response as a job of its own, whose stream can be taken up again where it broke.
    """

    limit: str = "max_completion_tokens"
    developer: bool = True
    usage: bool = True
    reasoning: str | None = "effort"
    background: bool = False


@dataclass(frozen=True, slots=True)
class Provider:
    """One kind of provider. `ways`: endpoint -> where it is, first choice first.

    `credential`: bearer | x-api-key | x-goog-api-key | api-key | aws | google. `base_url`: where it lives unless the
    channel says otherwise; with `{region}` in it, the channel names the region. `regions`: base URLs of regions that
    have one of their own form. `root`: the path that a base URL without a path means; `versioned`: and one whose path
    does not end with a version, as the provider's SDK has it. `passed`: client headers that mean something to it.
    `free`: where a GET costs nothing and is answered to who has a good key; None where there is no such place.
    `lists`: where a GET costs nothing and tells the models that may be called by the names told there (`listing`); None
    where no such place is documented.
    """

    name: str
    ways: Mapping[str, Way]
    credential: str = "bearer"
    base_url: str | None = None
    regions: Mapping[str, str] = field(default_factory=dict)
    root: str = "/v1"
    versioned: bool = False
    passed: tuple[str, ...] = ()
    quirks: Quirks = Quirks()
    free: Way | None = None
    lists: Way | None = None


def way(
    provider: Provider, endpoints: tuple[str, ...], dialect: str, endpoint: str, model: str
) -> tuple[str, Way] | None:
    """The endpoint of `provider` that answers a call of `dialect` and `endpoint` for `model` (its name there).

    `endpoints`: those the channel allows, first choice first; empty = all. None: the call cannot be answered there.
    """
    allowed = tuple(name for name in endpoints if name in provider.ways) or tuple(provider.ways)
    open_to = tuple(name for name in allowed if provider.ways[name].has(model))
    # A channel that names its endpoints knows better than a table of models.
    for names in (open_to, allowed) if endpoints else (open_to,):
        if endpoint in names and provider.ways[endpoint].dialect == dialect:
            return endpoint, provider.ways[endpoint]
        kind = next((kind for kind in _KINDS if endpoint in kind), ())
        found = next((name for name in names if name in kind), None)
        if found is not None:
            return found, provider.ways[found]
    return None
