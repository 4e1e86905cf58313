"""What a reader of advice must know besides the numbers: limits nobody can change, models nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from outwait.core.plan import Heartbeat
from outwait.core.tongue import Said
from outwait.policy.durations import tell
from outwait.policy.globs import literal
from outwait.policy.scenarios import MODELS, bare
from outwait.toolkit.timeouts.boxes import box, most, settings
from outwait.toolkit.timeouts.chain import Chain, Hop
from outwait.toolkit.timeouts.spell import said

_KEPT = Said(
    "{name} ends an answer after {idle} of silence, and {wanted} cannot be had there: leave heartbeats on. They come "
    "at least every {every} and keep it alive.",
    "{name} 在静默 {idle} 后切断回答，且无法设为 {wanted}：请保持心跳开启，至少每 {every} 一次，连接便不会被切断。",
)
_CUT = Said(
    "{name} ends an answer after {idle} of silence, and {wanted} cannot be had there. Without heartbeats every answer "
    "that is silent for longer is lost to its client: switch them on.",
    "{name} 在静默 {idle} 后切断回答，且无法设为 {wanted}。没有心跳时，静默更久的回答客户端都收不到：请开启心跳。",
)
_ENDED = Said(
    "{name} ends every call after {total}, heartbeats or not. What takes longer: call with background: true, or fetch "
    "it later from /v1/exchanges/ID (the gateway goes on), or pass {name} by.",
    "{name} 在 {total} 后结束任何请求，心跳也无济于事。更久的请求：使用 background: true，或稍后从 "
    "/v1/exchanges/ID 取回（网关会继续），或者绕开 {name}。",
)
_SET = Said(
    "{product}: set to {span} (default {usual}): {setting}.", "{product}：设为 {span}（默认 {usual}）：{setting}。"
)
_UNKNOWN = Said(
    "No row of the model table fits {model}, so it is `unknown`, which waits long.{near}",
    "模型表中没有与 {model} 相符的条目，因此按 `unknown` 处理，等待时间较长。{near}",
)
_GLOB = Said(
    "Every model that {model} fits gets these numbers, also one that would get others by its own name.",
    "凡与 {model} 匹配的模型都使用这些数值，即使按其自身名称会得到不同的数值。",
)
_NEAR = Said(" Nearest: {names}.", "最接近的：{names}。")
_SOUND = Said(
    "Sound has no heartbeats: a limit of silence on the way counts for it as it is.",
    "音频没有心跳：途中的静默限制会直接生效。",
)

OWN = frozenset(("edge", "nginx", "haproxy", "caddy", "apache", "traefik", "envoy", "ingress-nginx", "alb"))
"""Edges whose settings are emitted, so that no note need say them."""


def notes(model: str, scenario: str, chain: Chain, beat: Heartbeat, *, listed: bool) -> Iterator[Said]:
    """Remarks on a chain. `listed`: a row of the model table, or somebody, said the scenario."""
    if model and not listed:
        names = near(model)
        found = said(_NEAR, names=", ".join(names)) if names else Said("", "")
        yield Said(_UNKNOWN.en.format(model=model, near=found.en), _UNKNOWN.zh.format(model=model, near=found.zh))
    if listed and not literal(model):
        yield said(_GLOB, model=model)
    for edge in chain.edges:
        yield from _held(edge, beat)
        if edge.name not in OWN:
            yield from _settable(edge)
    if scenario == "audio" and beat.enabled:
        yield _SOUND


def near(model: str, most: int = 3) -> tuple[str, ...]:
    """Names of the model table that look like `model`."""
    known = {part for glob, _ in MODELS if len(part := glob.split("[")[0].strip("*-")) > 1}
    return tuple(get_close_matches(bare(model), sorted(known), n=most, cutoff=0.55))


def _held(edge: Hop, beat: Heartbeat) -> Iterator[Said]:
    name = box(edge.name).product or edge.name
    if edge.held_total:
        yield said(_ENDED, name=name, total=tell(edge.total))
    if edge.held_idle and edge.idle < edge.total:
        longest = max(beat.after, beat.json_after, beat.every)
        told = _KEPT if beat.enabled and longest < edge.idle else _CUT
        yield said(told, name=name, idle=tell(edge.idle), wanted=tell(edge.wanted), every=tell(longest))


def _settable(edge: Hop) -> Iterator[Said]:
    """What is to be set higher than it is, as high as it goes; what waits long enough as it comes is left alone."""
    for row in settings(edge.name):
        span = min(edge.wanted, most(row))
        if row.seconds is not None and row.seconds < span:
            told = {"product": row.product, "setting": row.setting}
            yield said(_SET, **told, span=tell(span), usual=tell(row.seconds))
