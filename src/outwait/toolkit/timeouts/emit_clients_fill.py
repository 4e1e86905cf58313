"""Templates of client programs, and what their `@NAME@` places are filled with.

    connect, write, idle, total    seconds        connect_ms, ...    milliseconds, for Node
    idle_whole                     whole seconds  retries            after the first try
    url, root, model, question     literals of the program's language: `url` ends in /v1, `root` does not

What a user names (model, URL) is only ever put in as a quoted literal.
"""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Callable
from typing import Final

from outwait.core.tongue import Said
from outwait.policy import globs
from outwait.toolkit.timeouts.advice import Advice

Quote = Callable[[str], str]

QUESTION: Final = "Say hello."
FAMILIES: Final = ("openai", "anthropic")
_MODELS: Final = {
    "openai": {"reasoning": "o3", "deep": "o3-pro", "unknown": "my-model"},
    "anthropic": {},
}
_USUAL: Final = {"openai": "gpt-4.1", "anthropic": "claude-sonnet-4-5"}
_ELSEWHERE: Final = frozenset({"image", "audio", "embedding"})

ADOPTED: Final = Said(
    "Retries are safe through outwait, which answers them from the call that still runs; straight at a provider a "
    "retry after a timeout may be paid twice: set them to 0 there.",
    "经由 outwait 重试是安全的：重试会接上仍在进行的调用。若直接调用服务商，超时后的重试可能被重复计费：请设为 0。",
)
OTHER_CALL: Final = Said(
    "The example asks a chat model; the client and its timeouts are the same for images, audio and embeddings.",
    "示例调用的是对话模型；图像、音频与向量接口使用同样的客户端与超时设置。",
)


def fill(template: str, advice: Advice, *, family: str = "openai", quote: Quote = json.dumps) -> str:
    """`template` with its places filled. Raises KeyError for a place that is not known."""
    client = advice.chain.client
    spans = {"connect": client.connect, "write": client.write, "idle": client.idle, "total": client.total}
    root = advice.place.url.rstrip("/")
    values = {
        **{name: _number(seconds) for name, seconds in spans.items()},
        **{f"{name}_ms": str(math.ceil(1000 * seconds - 0.001)) for name, seconds in spans.items()},
        "idle_whole": str(max(1, math.ceil(client.idle - 0.0005))),
        "retries": str(advice.retries),
        "root": quote(root),
        "url": quote(f"{root}/v1"),
        "model": quote(model(advice, family)),
        "question": quote(QUESTION),
    }
    return re.sub(r"@([a-z_]+)@", lambda place: values[place[1]], template)


def model(advice: Advice, family: str) -> str:
    """The model a program asks for unless it is told another: the one the advice is for, else one of its scenario. A
    glob is no name to ask for.
    """
    named = advice.facts.model if globs.literal(advice.facts.model) else ""
    return named or _MODELS[family].get(advice.scenario, _USUAL[family])


def notes(advice: Advice, *more: Said, retried: bool = True) -> tuple[Said, ...]:
    """What to know besides: about retries, `more`, and calls that are no chat."""
    told = (ADOPTED,) if retried and advice.retries else ()
    return (*told, *more, *((OTHER_CALL,) if advice.scenario in _ELSEWHERE else ()))


def shell(text: str) -> str:
    """`text` as a word of a shell, printable ASCII whatever it holds."""
    safe = "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in text)
    return shlex.quote(safe)


def _number(seconds: float) -> str:
    return f"{seconds:.3f}".rstrip("0").rstrip(".")
