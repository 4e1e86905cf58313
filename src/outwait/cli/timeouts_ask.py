"""What was asked of `outwait timeouts`: options, a gateway and a saved run become facts; snippets become files."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import typer

from outwait.cli.gateway import UNREACHED, USAGE, Unreached, refusal, running, trouble
from outwait.core.tongue import Said, Tongue
from outwait.policy import durations, globs, heartbeat, scenarios
from outwait.policy.adaptive import DEFAULTS
from outwait.policy.presets import PRESETS
from outwait.toolkit.timeouts import boxes, emit, measured
from outwait.toolkit.timeouts.advice import Facts, Place, advise
from outwait.toolkit.timeouts.snippet import Snippet
from outwait.toolkit.timeouts.spell import said

_MOST = 200  # characters of a model's name


class BadNews(Exception):  # noqa: N818 - it says what happened
    """Nothing can be advised, or not written; the text says why. `status`: to end with. `plain`: it as JSON, by
    default with `code`.
    """

    def __init__(self, told: str, status: int = 1, *, code: str = "", plain: Mapping[str, Any] | None = None) -> None:
        super().__init__(told)
        self.status = status
        self.plain = trouble(told, code) if plain is None else plain


@dataclass(frozen=True, slots=True)
class Words:
    """The options as they were given."""

    model: str | None
    scenario: str | None
    preset: str
    stream: bool
    effort: str | None
    targets: str | None
    behind: str | None
    every: str | None
    url: str | None
    gateway: str
    listen: int
    scale: float


@dataclass(frozen=True, slots=True)
class Asked:
    """What they mean. `remarks`: what a measurement had to say besides its numbers."""

    facts: Facts
    targets: tuple[str, ...]
    remarks: tuple[Said, ...] = ()


_NEEDED: Final = Said(
    "name a MODEL or a --scenario; scenarios are {names}", "请给出 MODEL 或 --scenario；场景有 {names}"
)
_NO_NAME: Final = Said("{value} is no model's name", "{value} 不是模型名")
_ONE_OF: Final = Said("one of {names}; not {value}", "应为 {names} 之一，而不是 {value}")
_NEAR: Final = Said("{value} is not known.{near} All: {names}", "未知的 {value}。{near}全部：{names}")
_NEAREST: Final = Said(" Nearest: {names}.", "最接近的：{names}。")
_TWICE: Final = Said("{value} is named twice", "{value} 重复")
_BEAT: Final = Said(
    "`off`, or {low:g}-{high:g} s, as in 10s; not {value}", "`off`，或 {low:g}-{high:g} 秒，如 10s；而不是 {value}"
)
_URL: Final = Said(
    "{value} is no URL such as https://llm.example.com", "{value} 不是 https://llm.example.com 这样的地址"
)
_ADDRESS: Final = Said("{value} is no address such as 127.0.0.1:8787", "{value} 不是 127.0.0.1:8787 这样的地址")
_NO_PORTS: Final = Said(
    "{count} proxies listen on as many ports from {value} on, and ports end at 65535",
    "{count} 个代理需要从 {value} 起的同样多个端口，而端口最大为 65535",
)
_NO_GATEWAY: Final = Said(
    "What answers there is no outwait gateway: {why}. Its /v1/channels is needed.",
    "该地址的服务不是 outwait 网关：{why}。需要它的 /v1/channels。",
)
_NOTHING_LEARNED: Final = Said(
    "The gateway has learned nothing of {what} yet (it has counted {waits} of the {needed} waits it needs): these "
    "are the numbers of the preset.{known}",
    "网关尚未学到关于 {what} 的内容（已计 {waits} 次等待，需要 {needed} 次）：以下为预设值。{known}",
)
_KNOWN: Final = Said(" It was asked for: {names}.", "它收到过的模型：{names}。")
_SEVERAL: Final = Said(
    "this run asked for several models: {names}. Name one: outwait timeouts MODEL --from-run {file}",
    "该次测量包含多个模型：{names}。请指定一个：outwait timeouts MODEL --from-run {file}",
)
_NOT_IN_RUN: Final = Said("this run has no {model}; it asked for {names}", "该次测量中没有 {model}；其中有 {names}")
_NO_MODEL: Final = Said(
    "this run asked no model for an answer: name a MODEL or a --scenario",
    "该次测量没有请求任何模型：请给出 MODEL 或 --scenario",
)
_NO_WAIT: Final = Said(
    "{file} holds a probe with a wait that is none ({why}): it was changed since `outwait check --save` wrote it",
    "{file} 中有一个探测的等待时间不成立（{why}）：该文件在 `outwait check --save` 写入之后被改动过",
)
_UNUSED: Final = Said(
    "--config says where the gateway of --from-gateway is and what its key is; nothing else of it counts here.",
    "--config 只用于 --from-gateway（网关的地址与密钥）；其中其他内容在此不起作用。",
)
_SHORT_RUN: Final = Said(
    "No wait of the run's {count} probes asks for more than the preset has; so few make nothing shorter.",
    "这次测量的 {count} 个探测都没有超出预设；样本太少，不足以缩短任何时长。",
)
_EXISTS: Final = Said(
    "{path} is there already and says something else: --overwrite, or another folder.",
    "{path} 已存在且内容不同：请使用 --overwrite，或换一个目录。",
)
_UNWRITABLE: Final = Said("{path} cannot be written: {why}.", "无法写入 {path}：{why}。")


def understood(words: Words, tongue: Tongue, *, measured: bool) -> Asked:
    """The facts and targets that `words` mean; wrong ones end the command. `measured`: a run may name the model."""
    if words.model is None and words.scenario is None and not measured:
        _bad("MODEL", _NEEDED, tongue, names=", ".join(scenarios.SCENARIOS))
    model = _model(words.model or "", tongue)
    _one_of("--scenario", words.scenario, scenarios.SCENARIOS, tongue)
    _one_of("--preset", words.preset, PRESETS, tongue)
    boxed = {*boxes.names(), *boxes.ALIASES.values()}
    behind = tuple(boxes.short(name) for name in _listed("--behind", words.behind, boxed, tongue))
    targets = _targets(words.targets, behind, tongue)
    beats, every = _heartbeat(words.every, tongue)
    way = emit.on_the_way(behind, targets)
    facts = Facts(
        model,
        words.scenario or "",
        words.preset,
        words.stream,
        words.effort,
        beats=beats,
        every=every,
        behind=way,
        place=_place(words, way, tongue),
        scale=words.scale,
    )
    return Asked(facts, targets)


def with_gateway(asked: Asked, url: str, key: str | None, config: str | None, tongue: Tongue) -> Asked:
    """`asked` with what the gateway at `url` has learned. Raises BadNews."""
    try:
        told = running(config, url, key, tongue).ask("")
    except Unreached as error:
        raise BadNews(error.told(tongue), code=UNREACHED) from error
    if told.status != 200:
        status = 2 if told.status in USAGE else 1
        raise BadNews(told.told(tongue), status, plain=refusal(told, tongue))
    facts = asked.facts
    advice = advise(facts)
    whole = not (facts.stream or scenarios.SCENARIOS[advice.scenario].slow)
    try:
        layers = measured.from_gateway(told.body, facts.model, advice.scenario, whole=whole)
        waits = measured.waits(told.body, facts.model, advice.scenario, whole=whole)
        known = measured.models(told.body)
    except (ValueError, KeyError, TypeError) as error:
        raise BadNews(_NO_GATEWAY.told(tongue, why=error), code="no_gateway") from error
    if layers:
        return replace(asked, facts=replace(facts, learned=(*facts.learned, *layers)))
    names = said(_KNOWN, names=", ".join(known)) if known and facts.model not in known else Said("", "")
    counted = {"what": facts.model or advice.scenario, "waits": waits, "needed": DEFAULTS.samples}
    remark = Said(
        _NOTHING_LEARNED.en.format(**counted, known=names.en), _NOTHING_LEARNED.zh.format(**counted, known=names.zh)
    )
    return replace(asked, remarks=(*asked.remarks, remark))


def with_run(asked: Asked, path: Path, tongue: Tongue) -> Asked:
    """`asked` with what the saved run in `path` found; it may name the model."""
    from outwait.toolkit.check.saved import Unreadable, read

    try:
        run = read(path)
    except Unreadable as error:
        raise typer.BadParameter(str(error), param_hint="--from-run") from error
    facts = asked.facts
    models = tuple(dict.fromkeys(each.model for each in run.header.endpoints if each.model))
    if not facts.model:
        if len(models) > 1:
            _bad("MODEL", _SEVERAL, tongue, names=", ".join(models), file=path)
        if not models and not facts.scenario:
            _bad("MODEL", _NO_MODEL, tongue)
        facts = replace(facts, model=_model("".join(models), tongue))
    elif models and not any(globs.fits(facts.model, each) for each in models):
        _bad("MODEL", _NOT_IN_RUN, tongue, model=facts.model, names=", ".join(models))
    asked_for = [each for each in run.header.endpoints if _about(each.model, facts.model if models else "")]
    kinds = {each.stream for each in asked_for if each.model} - {None}
    if len(kinds) == 1:
        facts = replace(facts, stream=bool(kinds.pop()))
    about = {each.name for each in asked_for}
    probes = [probe for probe in run.probes if probe.endpoint in about]
    try:
        layers = measured.from_run(probes, advise(facts).timeouts)
    except ValueError as error:
        _bad("--from-run", _NO_WAIT, tongue, file=path, why=error)
    facts = replace(facts, learned=(*facts.learned, *layers))
    remarks = asked.remarks if layers else (*asked.remarks, said(_SHORT_RUN, count=len(probes)))
    return replace(asked, facts=facts, remarks=remarks)


def with_config(asked: Asked, path: str, *, used: bool) -> Asked:
    """`asked`, if the configuration in `path` is good; it is said where nothing of it is `used`."""
    from outwait.config.errors import ConfigError
    from outwait.config.load import load

    try:
        load(path, serving=False)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    return asked if used else replace(asked, remarks=(*asked.remarks, _UNUSED))


def _about(name: str | None, model: str) -> bool:
    """Whether probes of the model `name` (None: of no model) are about `model`: a name, a glob, or "" for none."""
    return globs.fits(model, name) if name and model else not (name or model)


def written(snippets: Sequence[Snippet], folder: Path, tongue: Tongue, *, overwrite: bool) -> list[Path]:
    """The files of `snippets`, written into `folder`; none if one is there with other words in it. Raises BadNews."""
    paths = [folder / snippet.file for snippet in snippets]
    path = folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, snippet in zip(paths, snippets, strict=True):
            if not overwrite and path.exists() and path.read_bytes() != snippet.text.encode():
                raise BadNews(_EXISTS.told(tongue, path=path), code="file_exists")
        for path, snippet in zip(paths, snippets, strict=True):
            path.write_text(snippet.text, "utf-8")
    except OSError as error:
        raise BadNews(_UNWRITABLE.told(tongue, path=path, why=error.strerror or error), code="not_written") from error
    return paths


def _targets(text: str | None, behind: tuple[str, ...], tongue: Tongue) -> tuple[str, ...]:
    if text is None:
        return emit.usual(behind)
    known = {*emit.GROUPS, *emit.TARGETS}
    return emit.meant(_listed("--for", text, known, tongue))


def _heartbeat(text: str | None, tongue: Tongue) -> tuple[bool, float | None]:
    """Whether heartbeats are on, and how often."""
    if text is None or text == "off":
        return text is None, None
    try:
        seconds = durations.parse(text)
    except ValueError:
        seconds = -1.0
    if not heartbeat.SHORTEST <= seconds <= heartbeat.LONGEST:
        _bad("--heartbeat-every", _BEAT, tongue, value=text, low=heartbeat.SHORTEST, high=heartbeat.LONGEST)
    return True, seconds


def _place(words: Words, way: Sequence[str], tongue: Tongue) -> Place:
    """Where things are. Clients call the outermost proxy of this machine, unless told otherwise."""
    found = _HOST_PORT.fullmatch(words.gateway)
    if found is None or not 0 < int(found["port"]) <= _LAST_PORT:
        _bad("--gateway", _ADDRESS, tongue, value=words.gateway)
    proxies = sum(not boxes.box(name).cloud for name in way)
    if words.listen + max(0, proxies - 1) > _LAST_PORT:
        _bad("--listen", _NO_PORTS, tongue, count=proxies, value=words.listen)
    url = words.url or f"http://{f'127.0.0.1:{words.listen + proxies - 1}' if proxies else words.gateway}"
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and parts.hostname and not set(url) - _URL_LETTERS
    except ValueError:
        fine = False
    if not fine:
        _bad("--url", _URL, tongue, value=url)
    return Place(words.gateway, words.listen, url.rstrip("/").removesuffix("/v1"))


_LAST_PORT = 65535
_HOST_PORT = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]):(?P<port>[1-9][0-9]{0,4})")
_URL_LETTERS = frozenset(string.ascii_letters + string.digits + ".-_[]:/%~+=")


def _model(name: str, tongue: Tongue) -> str:
    if len(name) > _MOST or not name.isprintable() or any(letter.isspace() for letter in name):
        _bad("MODEL", _NO_NAME, tongue, value=repr(name[:60]))
    return name


def _one_of(option: str, value: str | None, known: Mapping[str, object], tongue: Tongue) -> None:
    if value is not None and value not in known:
        _bad(option, _ONE_OF, tongue, names=", ".join(known), value=value)


def _listed(option: str, text: str | None, known: Iterable[str], tongue: Tongue) -> tuple[str, ...]:
    """The names in `text`, told apart by commas; each must be known, and stand there once."""
    names = [name for part in (text or "").split(",") if (name := part.strip().lower())]
    known = set(known)
    for name in names:
        if name not in known:
            close = get_close_matches(name, sorted(known), n=3, cutoff=0.4)
            near = said(_NEAREST, names=", ".join(close)).told(tongue) if close else ""
            _bad(option, _NEAR, tongue, value=name, near=near, names=", ".join(sorted(known)))
        if names.count(name) > 1:
            _bad(option, _TWICE, tongue, value=name)
    return tuple(names)


def _bad(option: str, words: Said, tongue: Tongue, **values: object) -> NoReturn:
    raise typer.BadParameter(words.told(tongue, **values) if values else words.told(tongue), param_hint=option)
