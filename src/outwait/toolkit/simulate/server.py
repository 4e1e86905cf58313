"""The simulated provider as a server: paths, keys, and a player for each call.

Promises: `start` returns when calls are taken, `stop` when nothing is left open; a call to a model that is no script is
told 404 with the grammar; what was received can be asked for over HTTP (`/simulate/calls`) and in process (`calls`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from random import Random
from typing import Final
from urllib.parse import parse_qsl, unquote

import msgspec

from outwait.core.fault import Fault
from outwait.toolkit.simulate import background, errands, models, multipart, record, routes
from outwait.toolkit.simulate.answer import Answer, Question, answer
from outwait.toolkit.simulate.dialect import EVENTS, JSON, BadCallError, Envelope, Speech
from outwait.toolkit.simulate.kept import Kept, Library, items_of
from outwait.toolkit.simulate.models import Shelf
from outwait.toolkit.simulate.openai_chat import OPENAI_CHAT
from outwait.toolkit.simulate.openai_responses import OPENAI_RESPONSES, waiting
from outwait.toolkit.simulate.player import Player
from outwait.toolkit.simulate.record import Calls, Received
from outwait.toolkit.simulate.script import EXAMPLES, Content, Script, ScriptError, parse
from outwait.toolkit.simulate.voice import Left, Voice
from outwait.wire import framing, listen
from outwait.wire.guard import Limits
from outwait.wire.request import Request
from outwait.wire.server import Server
from outwait.wire.tasks import spawn
from outwait.wire.wheel import Wheel

BODY_LIMIT: Final = 256 << 20
_OF_STATE: Final = frozenset(("background", "store", "previous_response_id"))
_JSON = b"content-type: application/json\r\n"


class Simulator:
    """A provider whose model names are scripts (outwait.toolkit.simulate.script).

    `key`: the only API key taken; None takes any, and none. `aliases`: further model names and what they stand for.
    `models`: the names that `/v1/models` lists, instead of an example of each step. `on_call`: told each call when it
    is over. `stateless`: no response is kept, and what is asked of that in a call is overlooked, as smaller servers do.
    The same `seed` makes the same answers. `library`: the responses kept.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        key: str | None = None,
        aliases: Mapping[str, str] | None = None,
        models: Iterable[str] = (),
        on_call: Callable[[Received], None] | None = None,
        stateless: bool = False,
    ) -> None:
        self._seed = seed
        self._key = key
        self._aliases = dict(aliases or {})
        self._models = tuple(models) or (*EXAMPLES, *self._aliases)
        self._on_call = on_call
        self._calls = Calls()
        self.library = None if stateless else Library()
        self._chance = Random(f"{seed}/ids")
        self._server: Server | None = None
        self._listeners: list[asyncio.Server] = []
        self._wheel: Wheel | None = None
        self._started = 0.0
        for name in (*self._models, *self._aliases):
            parse(name, self._aliases)

    @property
    def calls(self) -> list[Received]:
        """The calls received, oldest first (the newest 10,000)."""
        return list(self._calls.kept)

    @property
    def charged(self) -> int:
        """How many generations were begun for these calls."""
        return self._calls.charged

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> str:
        """Listen; returns the base URL for clients. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._started = loop.time()
        self._wheel = Wheel(loop)
        limits = Limits(per_ip=0, body_seconds=600.0)
        self._server = Server(
            self._handle, limits=limits, wheel=self._wheel, body_limit=lambda _: BODY_LIMIT, refuse=_refuse
        )
        sockets = listen.bind(host, port, shared=False)  # two that share a port would answer in turns
        self._listeners = [await listen.start(self._server, sock) for sock in sockets]
        bound = sockets[0].getsockname()[1]
        return f"http://{f'[{host}]' if ':' in host else host}:{bound}/v1"

    async def stop(self) -> None:
        """Stop listening and cut what is still open."""
        for listener in self._listeners:
            listener.close()
        if self.library is not None:
            self.library.close()
        if self._server is not None:
            await self._server.close(0.0)
        for listener in self._listeners:
            await listener.wait_closed()
        self._listeners.clear()
        if self._wheel is not None:
            self._wheel.close()

    async def __aenter__(self) -> str:
        """`async with Simulator() as base_url`."""
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    def reset(self) -> None:
        """Forget the calls received."""
        self._calls.reset()

    # -- paths

    async def _handle(self, request: Request) -> None:
        path, method = request.path, request.method
        found = routes.find(path, request.query, request.headers)
        if found is not None:
            if method == "POST":
                await self._call(request, *found)
            else:
                _tell(request, 405, f"Not allowed to {method} on {path}.", speech=found[0])
        elif self.library is not None and (about := errands.find(method, path, request.query)) is not None:
            await self._errand(request, about, self.library)
        elif path == "/healthz":
            request.outlet.send(200, _JSON, b'{"status":"ok"}')
        elif path == "/simulate/calls":
            self._told(request)
        elif method == "GET" and (shelf := models.shelf(path, request.headers)):
            self._models_told(request, shelf)
        else:
            _tell(request, 404, f"Invalid URL ({method} {path})")

    def _models_told(self, request: Request, shelf: Shelf) -> None:
        name = unquote(shelf.name)
        envelope = Envelope(query=dict(parse_qsl(request.query)), headers=request.headers)
        if (refused := self._admit(shelf.speech, envelope)) is not None:
            request.outlet.send(refused[0], _JSON, refused[1])
            return
        try:
            if name:
                parse(name, self._aliases)
        except ScriptError as error:
            _tell(request, 404, str(error), code="model_not_found", param="model", speech=shelf.speech)
        else:
            told = models.card(name, shelf.speech) if name else models.cards(self._models, shelf.speech, envelope.query)
            request.outlet.send(200, _JSON, msgspec.json.encode(told))

    def _told(self, request: Request) -> None:
        """What was received; DELETE forgets it."""
        if request.method == "DELETE":
            self.reset()
            request.outlet.send(204, b"", b"")
        elif request.method == "GET":
            told = {
                "count": self._calls.total,
                "charged": self._calls.charged,
                "calls": [asdict(call) for call in self._calls.kept],
            }
            request.outlet.send(200, _JSON, msgspec.json.encode(told))
        else:
            _tell(request, 405, "Only GET and DELETE are taken here.")

    # -- a call

    async def _call(self, request: Request, speech: Speech, envelope: Envelope) -> None:
        now = asyncio.get_running_loop().time
        call = self._calls.receive(request.path, request.headers, request.body, now() - self._started)
        voice = Voice(request.outlet, call)
        ident = f"{self._chance.getrandbits(96):024x}"
        answering = self._answer(request.body, speech, envelope, voice, (call, ident))
        await self._recorded(request, call, answering)

    async def _errand(self, request: Request, about: errands.Asked, library: Library) -> None:
        at = asyncio.get_running_loop().time() - self._started
        call = self._calls.receive(request.path, request.headers, request.body, at, request.method)
        voice = Voice(request.outlet, call)
        identity = OPENAI_RESPONSES.identity(f"{self._chance.getrandbits(96):024x}")
        await self._recorded(request, call, self._about(about, library, voice, (request.headers, identity)))

    async def _about(
        self, about: errands.Asked, library: Library, voice: Voice, named: tuple[Mapping[str, str], bytes]
    ) -> str:
        headers, identity = named
        refused = self._admit(OPENAI_RESPONSES, Envelope(headers=headers))
        if refused is None:
            try:
                return await errands.serve(about, library, voice, identity)
            except BadCallError as error:
                refused = error.status, _refusal(error)
        voice.send(refused[0], b"content-type: %b\r\n%b" % (JSON.encode(), identity), refused[1])
        return "error"

    async def _recorded(self, request: Request, call: Received, answering: Coroutine[None, None, str]) -> None:
        now = asyncio.get_running_loop().time
        try:
            call.outcome = await answering
        except Left:
            call.cut = True
            call.outcome = "cut"
        finally:
            call.seconds = now() - request.accepted
            if self._on_call is not None:
                self._on_call(call)

    async def _answer(
        self, body: bytes, speech: Speech, envelope: Envelope, voice: Voice, named: tuple[Received, str]
    ) -> str:
        call, ident = named
        identity = speech.identity(ident)
        refused = self._admit(speech, envelope)
        if refused is None:
            question = _question(body, speech, envelope, self._prepared(speech))
            if isinstance(question, Question):
                record.asked(call, question.model, question.text, stream=question.stream)
                script = self._script(question, speech, call)
                if isinstance(script, Script):
                    if script.content is Content.HEARD:
                        question = replace(question, heard=_heard(body, speech))
                    created = int(datetime.now(UTC).timestamp())
                    said = answer(question, script, self._seed, created=created, ident=speech.prefix + ident)
                    call.charged = True
                    if speech is OPENAI_RESPONSES and self.library is not None:
                        outcome = await _kept(script, said, self.library, voice, identity)
                    else:
                        outcome = await Player(script, said, speech, voice, identity).play()
                    call.charged = call.status < 400
                    return outcome
                refused = script
            else:
                refused = question
        status, told = refused
        voice.send(status, b"content-type: %b\r\n%b" % (JSON.encode(), identity), told)
        return "error"

    def _prepared(self, speech: Speech) -> Callable[[Mapping[str, object]], Mapping[str, object]]:
        """What is done to a decoded body before it is read: where responses are kept, or overlooked."""
        if speech is not OPENAI_RESPONSES:
            return _as_it_is
        return _without_state if self.library is None else self.library.continued

    def _admit(self, speech: Speech, envelope: Envelope) -> tuple[int, bytes] | None:
        if self._key is None or speech.key(envelope) == self._key:
            return None
        status, code, message = speech.wrong_key
        return status, speech.error(status, code, message, None)

    def _script(self, question: Question, speech: Speech, call: Received) -> Script | tuple[int, bytes]:
        try:
            script = parse(question.model, self._aliases)
        except ScriptError as error:
            return 404, speech.error(404, "model_not_found", str(error), "model")
        if script.flaky:
            times = self._calls.times(call.body_sha256)
            if times <= script.flaky:
                message = f"This is failure {times} of {script.flaky}; after that there is an answer."
                return 503, speech.error(503, None, message, None)
            return replace(script, flaky=0)
        return script


async def _kept(script: Script, said: Answer, library: Library, voice: Voice, identity: bytes) -> str:
    """Answer with a response that is kept, be it a job or not."""
    body = said.question.body
    if body.get("background") is True and background.is_job(script, stream=said.question.stream):
        return await _in_background(script, said, library, voice, identity)
    outcome = await Player(script, said, OPENAI_RESPONSES, voice, identity).play()
    if outcome == "whole" and body.get("store") is not False:
        library.put(Kept(msgspec.json.decode(OPENAI_RESPONSES.whole(said)), items_of(said)))
    return outcome


async def _in_background(script: Script, said: Answer, library: Library, voice: Voice, identity: bytes) -> str:
    """Begin a job and tell of it: at once, or for as long as the client listens."""
    kept = library.job(said)
    kept.began = voice.now()
    kept.task = spawn(background.run(script, said, kept), said.id)
    if not kept.streamed:
        voice.send(200, b"content-type: %b\r\n%b" % (JSON.encode(), identity), waiting(said))
        return "whole"
    voice.open(200, b"content-type: %b\r\n%b" % (EVENTS.encode(), identity))
    return await kept.follow(voice, 0, first=True)


def _without_state(body: Mapping[str, object]) -> Mapping[str, object]:
    return {name: value for name, value in body.items() if name not in _OF_STATE}


def _as_it_is(body: Mapping[str, object]) -> Mapping[str, object]:
    return body


def _refusal(error: BadCallError) -> bytes:
    """As OpenAI refuses what is asked about a response: without a code where it has none of its own."""
    told = {"message": str(error), "type": "invalid_request_error", "param": error.param, "code": error.code}
    return msgspec.json.encode({"error": told})


def _question(
    body: bytes,
    speech: Speech,
    envelope: Envelope,
    prepared: Callable[[Mapping[str, object]], Mapping[str, object]],
) -> Question | tuple[int, bytes]:
    try:
        return speech.ask(prepared(_decoded(body, speech, envelope)), envelope)
    except BadCallError as error:
        return error.status, speech.error(error.status, error.code, str(error), error.param)


def _decoded(body: bytes, speech: Speech, envelope: Envelope) -> Mapping[str, object]:
    if speech.form:
        try:
            return multipart.parse(envelope.headers.get("content-type", ""), body)
        except ValueError as error:
            raise BadCallError(f"We could not parse the form of your request: {error}") from error
    try:
        decoded = msgspec.json.decode(body)
    except ValueError as error:  # msgspec's and UnicodeDecodeError are both
        raise BadCallError("We could not parse the JSON body of your request.") from error
    if not isinstance(decoded, dict):
        raise BadCallError("The body of the request must be a JSON object.")
    return decoded


def _heard(body: bytes, speech: Speech) -> str:
    """The body as text; of a form, which may hold any bytes, only its length."""
    return f"{len(body)} bytes" if speech.form else body.decode()


def _tell(
    request: Request, status: int, message: str, *, code: str | None = None, param: str | None = None,
    speech: Speech = OPENAI_CHAT,
) -> None:  # fmt: skip
    request.outlet.send(status, _JSON, speech.error(status, code, message, param))


def _refuse(refused: Fault, _: Request | None) -> tuple[int, bytes, bytes]:
    """How the wire tells what never became a call."""
    body = OPENAI_CHAT.error(refused.status, refused.code, refused.message, refused.param)
    return refused.status, framing.render([("content-type", JSON)]), body
