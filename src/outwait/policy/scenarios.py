"""What kind of waiting a request is: the scenario table, and the table of models.

A scenario says how long each clock runs, whether JSON calls are streamed upstream, what a client's leaving means, and
how often a call may be risked twice. A model finds its scenario by the first glob that fits its bare name: provider
prefixes, tags and dates are seen through (`openai/o3`, `us.anthropic.claude-..-v1:0`, `deepseek-r1:70b`,
`gpt-4o-2024-08-06`). A request that asks for thinking is reasoning, whatever the model's name promises. Endpoints that
do one thing only, such as embeddings, are that thing's scenario whatever the model.

The tables are data: a new model is a new row. An unlisted model is `unknown`, which waits long, because with
heartbeats waiting is cheap and cutting an answer is not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import translate
from types import MappingProxyType

from outwait.core.plan import OnDisconnect
from outwait.policy import globs


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row: spans in seconds, by clock.

    `first_byte` of a JSON reply that is not streamed upstream is `whole`: its head comes with its last word. `slow`:
    JSON calls are streamed upstream, so that stalls are seen. `paid`: share of requests that may be retried though they
    may have been charged.
    """

    name: str
    connect: float
    write: float
    first_byte: float
    idle: float
    total: float
    whole: float
    slow: bool
    on_disconnect: OnDisconnect
    paid: float
    linger: float = 60.0


_FINISH, _LINGER = OnDisconnect.FINISH, OnDisconnect.LINGER

SCENARIOS: dict[str, Scenario] = {
    row.name: row
    for row in (
        #        name       connect write first  idle  total whole  slow  on disconnect paid
        Scenario("chat", 10, 30, 120, 120, 900, 600, False, _LINGER, 0.02),
        Scenario("reasoning", 10, 30, 900, 300, 3600, 900, True, _FINISH, 0.0),
        Scenario("deep", 10, 30, 1800, 900, 7200, 1800, True, _FINISH, 0.0),
        Scenario("image", 10, 60, 300, 120, 900, 300, False, _FINISH, 0.0),
        Scenario("audio", 10, 60, 120, 60, 600, 120, False, _LINGER, 0.0),
        Scenario("embedding", 10, 30, 30, 30, 120, 30, False, _LINGER, 0.02),
        Scenario("unknown", 10, 30, 600, 300, 3600, 600, False, _LINGER, 0.02),
    )
}

QUEUE = 10.0  # seconds, and never more than a fifth of the total
QUEUE_SHARE = 0.2

# The first glob that fits the bare name wins, so special names stand above their families.
MODELS: tuple[tuple[str, str], ...] = tuple(
    (glob, scenario)
    for scenario, row in (
        ("embedding", "*embedding* *-embed* embed-* bge-* gte-* e5-* multilingual-e5* jina-clip* voyage-* *rerank*"),
        ("embedding", "*-moderation*"),
        ("deep", "*deep-research* *deep-think* o[1-9]-pro* gpt-[5-9]*-pro* grok-*-heavy*"),
        ("image", "gpt-image* chatgpt-image* dall-e* flux* *stable-diffusion* sd3* sdxl* imagen* gemini*-image*"),
        ("image", "qwen-image* *seedream* ideogram* recraft* hunyuan-image* kolors* grok-*image* nova-canvas*"),
        ("image", "nano-banana* midjourney* playground-v* glm-image* cogview*"),
        ("audio", "whisper* tts-* *-tts* *-transcribe* *-asr* *-realtime* *-audio* *-speech* voxtral* eleven_*"),
        ("audio", "cosyvoice* sensevoice* lyria* nova-sonic* canary-* parakeet-*"),
        ("chat", "*non-thinking* *non-reasoning* *no-think* gpt-[5-9]-chat* gpt-[5-9].[0-9]-chat*"),
        ("reasoning", "*thinking* *reasoner* *reasoning* *-think *-think-*"),
        ("reasoning", "o[1-9] o[1-9]-* gpt-[5-9]* gpt-oss* codex-* computer-use-*"),
        ("reasoning", "deepseek-r[1-9]* r1-* *-r1 *-r1-* deepseek-*-speciale* deepseek-v[4-9]*pro*"),
        ("reasoning", "qwq* qvq* magistral* *nemotron* exaone-deep* minimax-m[1-9]* seed-oss* mimo-*"),
        ("reasoning", "ernie-x[1-9]* hunyuan-t[1-9]* step-3* intern-s1* kimi-k2.[5-9]* kimi-k[3-9]*"),
        ("reasoning", "glm-4.[5-9]* glm-[5-9]* glm-z1* grok-3-mini* grok-[4-9]* grok-code*"),
        ("chat", "gemini-*-flash-lite* qwen3*-instruct* qwen3-coder* qwen3-max* qwen3*-flash* qwen3*-vl-plus*"),
        ("reasoning", "gemini-2.5-pro* gemini-[3-9]* qwen3*"),
        ("chat", "gpt-4* gpt-3.5* chatgpt-* davinci-* babbage-* claude* gemini* gemma* learnlm*"),
        ("chat", "llama* meta-llama* codellama* mistral* ministral* mixtral* codestral* devstral* pixtral*"),
        ("chat", "open-mistral* open-mixtral* qwen* codeqwen* deepseek* grok* command* c4ai-* aya-* phi* kimi*"),
        (
            "chat",
            "moonshot* glm* chatglm* codegeex* minimax* abab* yi-* jamba* nova-* titan-text* dbrx* ernie* doubao*",
        ),
        ("chat", "hunyuan* baichuan* internlm* granite* solar* sonar* step-* smollm* falcon* vicuna* hermes*"),
        ("chat", "nous-hermes* starcoder* tinyllama* olmo* exaone* lfm* reka* palmyra*"),
    )
    for glob in row.split()
)

# Words for the effort with which a model does not think, or hardly. They leave the table's word as it is: providers may
# ignore them, and a model listed as reasoning that thinks all the same must not be cut.
UNTHINKING = frozenset(("none", "off", "minimal", "disabled"))
_THINKS = frozenset(("chat", "unknown"))

# What an endpoint is for, whatever its model is called.
ENDPOINTS: Mapping[str, str] = MappingProxyType(
    {
        endpoint: scenario
        for scenario, row in (
            ("embedding", "embeddings moderations rerank embed_content batch_embed_contents"),
            ("embedding", "messages.count_tokens models.count_tokens"),
            ("image", "images.generations images.edits images.variations"),
            ("audio", "audio.speech audio.transcriptions audio.translations"),
        )
        for endpoint in row.split()
    }
)

_COMPILED = tuple((re.compile(translate(glob)), glob, scenario) for glob, scenario in MODELS)
_VENDORS = "ai21|amazon|anthropic|cohere|deepseek|google|meta|minimax|mistral|moonshot|nvidia|openai|qwen|writer|zai"
_VENDOR = re.compile(rf"^(?:(?:us|us-gov|eu|apac|au|ca|jp|global)\.)?(?:{_VENDORS})\.")
_DATE = re.compile(r"-(?:20\d\d-\d\d-\d\d|20\d{6}|\d\d-20\d\d|\d{4}|\d{6})$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Judged:
    """A scenario and why it is the one."""

    scenario: Scenario
    reason: str


def judge(
    model: str, effort: str | None = None, configured: Mapping[str, str] | None = None, endpoint: str = ""
) -> Judged:
    """The scenario of a request for `model` (public name) with reasoning `effort` to `endpoint`.

    `configured`: glob of public names -> scenario; wins over the built-in tables and over `effort`. An endpoint with a
    purpose of its own (`ENDPOINTS`) comes next. Raises KeyError for a scenario that does not exist (the configuration
    is checked when it is read).
    """
    chosen = globs.first(configured, model) if configured else None
    if configured and chosen is not None:
        return Judged(SCENARIOS[configured[chosen]], f"config: {chosen}")
    purpose = ENDPOINTS.get(endpoint)
    if purpose is not None:
        return Judged(SCENARIOS[purpose], f"endpoint {endpoint}")
    name, reason = _listed(bare(model))
    if effort is not None and name in _THINKS:
        word = effort.lower()
        if word not in UNTHINKING or name == "unknown":  # who names an effort at all talks to a model that thinks
            return Judged(SCENARIOS["reasoning"], f"the request names effort {effort[:20]}")
    return Judged(SCENARIOS[name], reason)


def bare(model: str) -> str:
    """`model` in lower case without provider prefix, fine-tune mark and date; a tag becomes a suffix (`:` -> `-`)."""
    name = model.lower().strip().removeprefix("ft:")
    name = name.rstrip("/").rsplit("/", 1)[-1]
    name = _VENDOR.sub("", name).replace(":", "-").replace("@", "-")
    return _DATE.sub("", name)


def _listed(name: str) -> tuple[str, str]:
    for pattern, glob, scenario in _COMPILED:
        if pattern.match(name):
            return scenario, f"model table: {glob}"
    return "unknown", "no row in the model table"
