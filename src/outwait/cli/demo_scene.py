"""The scene of `outwait demo`: a silent model, a middlebox that cuts silence, a real gateway, and four calls at once.

    direct        client -> middlebox -> model
    via outwait   client -> middlebox -> outwait -> model

Promises: every call is one call (the SDK's own retries are off), made with a key and an address of the scene's own,
never with those of the environment; what is reported was seen on the wire; nothing is left running or lying about,
except the gateway's log when something went wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

from outwait.cli.demo_gateway import KEY, SERVE, gateway, keep, workplace
from outwait.testing.middlebox import Middlebox
from outwait.toolkit.simulate.answer import Question, answer
from outwait.toolkit.simulate.script import parse
from outwait.toolkit.simulate.server import Simulator

_MARGIN: Final = 10.0  # seconds a call may take beyond the model's thinking
_TICK: Final = 0.1

Kind = Literal["beat", "cut", "answer", "failed"]


@dataclass(slots=True)
class Track:
    """One call and what was seen of it. `marks`: seconds since it began, and what happened then.

    `result`: the outcome in words. `right`: the whole right answer came. `status`: of an HTTP error, else None.
    """

    way: Literal["direct", "outwait"]
    stream: bool
    marks: list[tuple[float, Kind]] = field(default_factory=list)
    result: str = ""
    right: bool = False
    status: int | None = None
    began: float = 0.0
    seconds: float | None = None
    upstream_calls: int = 0

    @property
    def title(self) -> str:
        """The call in three words."""
        return f"{'direct' if self.way == 'direct' else 'via outwait'}, {'stream' if self.stream else 'JSON'}"

    @property
    def question(self) -> str:
        """What is asked; it also tells this call from the others at the model."""
        return f"What is patience? ({self.title})"

    def count(self, kind: Kind) -> int:
        """How often `kind` happened."""
        return sum(1 for _, each in self.marks if each == kind)


@dataclass(frozen=True, slots=True)
class Setting:
    """`silence`: seconds of it that the middlebox bears. `thinking`: seconds the model is silent. `beat`: seconds
    between heartbeats. `serve`: the command that runs the gateway, to which `--config FILE` is added."""

    silence: float
    thinking: float
    beat: float = 1.0
    serve: tuple[str, ...] = SERVE

    @property
    def model(self) -> str:
        """The model's name, which is its script."""
        return f"silent-{round(self.thinking * 1000)}ms"


def tracks() -> list[Track]:
    """The four calls, in the order they are shown."""
    return [Track("direct", True), Track("direct", False), Track("outwait", True), Track("outwait", False)]


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is shown the play. `ready`: it begins; `tell`: something happened to a call; `tick`: some times a second."""

    ready: Callable[[], None]
    tell: Callable[[Track, Kind], None]
    tick: Callable[[], None]


async def play(setting: Setting, calls: list[Track], audience: Audience) -> str | None:
    """Set the scene, make `calls` at once and fill them in.

    Returns where the gateway's log was kept if anything went wrong. Raises GatewayError when it does not start.
    """
    simulator = Simulator()
    model_url = await simulator.start()
    boxes: list[Middlebox] = []
    try:
        with workplace() as folder:
            async with gateway(setting.serve, model_url, setting.beat, folder) as gateway_url:
                targets = {"direct": model_url, "outwait": gateway_url}
                urls = [await _before(each, targets[each.way], setting, boxes, audience) for each in calls]
                audience.ready()
                await _make(setting, calls, urls, audience)
            for each in calls:
                each.upstream_calls = sum(1 for call in simulator.calls if call.question == each.question)
            return keep(folder) if problems(setting, calls) else None
    finally:
        for box in boxes:
            await box.stop()
        await simulator.stop()


def problems(setting: Setting, calls: list[Track]) -> list[str]:
    """What did not go as promised; empty when all did."""
    found = []
    for each in calls:
        if each.way == "direct":
            died = not each.right and each.count("cut") == 1 and each.status == 504
            if not died:
                found.append(f"{each.title}: should have died of the cut after {setting.silence:g} s: {each.result}")
        elif not each.right:
            found.append(f"{each.title}: should have got the whole answer: {each.result}")
    return found


async def _before(track: Track, target: str, setting: Setting, boxes: list[Middlebox], audience: Audience) -> str:
    """A middlebox of the track's own before `target`; the base URL that leads through it."""
    loop = asyncio.get_running_loop()

    def watch(kind: str, data: bytes) -> None:
        beat = kind == "body" and is_beat(data, stream=track.stream)
        seen: Kind | None = "cut" if kind == "cut" else "beat" if beat else None
        if seen is not None:
            track.marks.append((loop.time() - track.began, seen))
            audience.tell(track, seen)

    url = urlsplit(target)
    box = Middlebox(url.hostname or "", url.port or 80, setting.silence, watch=watch)
    boxes.append(box)
    return f"http://127.0.0.1:{await box.start()}/v1"


def is_beat(piece: bytes, *, stream: bool) -> bool:
    """Whether a piece of a body carries nothing but a heartbeat: white space, in a stream comments too."""
    lines = [line for line in piece.split(b"\n") if line.strip()]
    return not lines or (stream and all(line.startswith(b":") for line in lines))


# -- the calls


async def _make(setting: Setting, calls: list[Track], urls: list[str], audience: Audience) -> None:
    try:
        async with asyncio.timeout(setting.thinking + _MARGIN), asyncio.TaskGroup() as group:
            for track, url in zip(calls, urls, strict=True):
                group.create_task(_call(setting, track, url, audience))
            while any(track.seconds is None for track in calls):
                await asyncio.sleep(_TICK)
                audience.tick()
    except TimeoutError:
        for track in calls:
            if track.seconds is None:
                _settle(track, f"no answer within {setting.thinking + _MARGIN:g} s", audience)


async def _call(setting: Setting, track: Track, url: str, audience: Audience) -> None:
    """One call with the official SDK, to its end."""
    import openai

    http = openai.DefaultAsyncHttpxClient(trust_env=False)  # no proxy and no netrc of the environment
    async with openai.AsyncOpenAI(api_key=KEY, base_url=url, max_retries=0, http_client=http) as client:
        await asyncio.sleep(0)  # making a client takes a moment: all four are made before the first call begins
        track.began = asyncio.get_running_loop().time()
        try:
            text, finish = await (_streamed if track.stream else _whole)(client, setting.model, track.question)
        except Exception as error:  # noqa: BLE001 - task top: whatever the SDK raises is the call's result
            track.status = getattr(error, "status_code", None)
            _settle(track, _words(error), audience)
            return
    track.right = text == expected(setting, track) and finish == "stop"
    if track.right:
        _settle(track, f"whole answer, {len(text.split())} words", audience)
    else:
        _settle(track, f"a wrong answer ({len(text.split())} words, finish reason {finish})", audience)


async def _streamed(client: object, model: str, question: str) -> tuple[str, str | None]:
    import openai

    assert isinstance(client, openai.AsyncOpenAI)  # noqa: S101 - the SDK may be missing, so no signature names it
    text, finish = "", None
    stream = await client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": question}], stream=True
    )
    async for chunk in stream:
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
    return text, finish


async def _whole(client: object, model: str, question: str) -> tuple[str, str | None]:
    import openai

    assert isinstance(client, openai.AsyncOpenAI)  # noqa: S101 - the SDK may be missing, so no signature names it
    reply = await client.chat.completions.create(model=model, messages=[{"role": "user", "content": question}])
    return reply.choices[0].message.content or "", reply.choices[0].finish_reason


def expected(setting: Setting, track: Track) -> str:
    """The right answer, known because the model's words are a function of the question."""
    question = Question(setting.model, track.stream, track.question, 0)
    said = answer(question, parse(setting.model), 0, created=0, ident="")
    return "".join(said.choices[0].pieces)


def _words(error: Exception) -> str:
    status = getattr(error, "status_code", None)
    if status is not None:
        return f"{status} {type(error).__name__}"
    return f"{type(error).__name__}: {' '.join(str(error).split())[:80]}"


def _settle(track: Track, result: str, audience: Audience) -> None:
    kind: Kind = "answer" if track.right else "failed"
    track.seconds = asyncio.get_running_loop().time() - track.began
    track.result = result
    track.marks.append((track.seconds, kind))
    audience.tell(track, kind)
