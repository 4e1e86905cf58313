"""What the docs say of heartbeats, translation and routes is what the code does and its tables hold."""

from __future__ import annotations

import json

import msgspec
import pytest
from tests.pages import plain, table, words

from outwait.core.ask import Ask, Sampling
from outwait.core.fault import FAULTS
from outwait.core.plan import Heartbeat
from outwait.core.request import Call, State
from outwait.dialects.anthropic import errors as anthropic_errors
from outwait.dialects.anthropic import tables as anthropic
from outwait.dialects.dialect import Translation
from outwait.dialects.effort import BUDGETS
from outwait.dialects.gemini import errors as gemini_errors
from outwait.dialects.gemini import tables as gemini
from outwait.dialects.openai_chat import tables as chat
from outwait.dialects.openai_responses import tables as responses
from outwait.dialects.passthrough.endpoints import ENDPOINTS, Endpoint, takes_files
from outwait.dialects.passthrough.table import PASSTHROUGH
from outwait.dialects.profiles import BY_AGENT, BY_STAINLESS, UNKNOWN, Profile
from outwait.dialects.providers import COUNTING, GENERATION
from outwait.dialects.table import DIALECTS
from outwait.edge.routes import ROUTES
from outwait.policy import heartbeat

# -------------------------------------------------------------------------------------------------------- heartbeats
STREAM = "/v1beta/models/m:streamGenerateContent"
# Column of the tables -> the reply it speaks of.
REPLIES: dict[str, Call] = {
    "chat, stream": Call("openai", "chat.completions", "m", stream=True, body=b"{}"),
    "responses, stream": Call("responses", "responses", "m", stream=True, body=b"{}", state=State("resp_1")),
    "messages, stream": Call("anthropic", "messages", "m", stream=True, body=b"{}"),
    "gemini, stream": Call(
        "gemini",
        "generate_content",
        "m",
        stream=True,
        body=b"{}",
        path=f"{STREAM}?alt=sse",
    ),
    "gemini, array": Call("gemini", "generate_content", "m", stream=True, body=b"{}", path=STREAM),
    "JSON": Call("openai", "chat.completions", "m", stream=False, body=b"{}"),
}
# What a table calls a heartbeat -> bytes that stand in it; the first that is there names it.
WORDS = {
    "comment, empty chunk": (b": ping", b'"delta":{"content":""}'),
    "comment, then event": (b"(comment)", b"response.in_progress"),
    "event, comment": (b"response.in_progress", b": ping"),
    "event": (b"response.in_progress",),
    "ping, delta": (b"event: ping", b"message_delta"),
    "ping": (b"event: ping",),
    "empty chunk": (b'""',),
    "comment": (b": ping",),
    "blank": (b"\n",),
    "–": (),
}
STARTED = (
    b'event: response.created\ndata: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1"}}\n\n'
)


def beats(call: Call, mode: str, client: Profile, agent: str = "") -> str:
    """The word for what `client` gets in the silence of the reply to `call`: the first beat and some later ones."""
    voice = DIALECTS[call.dialect].voice(
        msgspec.structs.replace(call, headers={"user-agent": agent}), Heartbeat(mode=mode), client
    )
    first = voice.beat()
    if call.dialect == "responses" and first == b": ping\n\n":
        voice.say(STARTED)  # now the upstream's id is known
        first += b"(comment)"
    said = first + b"".join(voice.beat() for _ in range(20))
    return next(word for word, signs in WORDS.items() if all(sign in said for sign in signs)) if said else "–"


def test_modes() -> None:
    rows = table("heartbeats.md", "mode", "JSON")
    assert {plain(row["mode"]) for row in rows} == set(heartbeat.MODES)
    for row in rows:
        made = {name: beats(call, plain(row["mode"]), UNKNOWN) for name, call in REPLIES.items()}
        assert {name: row[name] for name in REPLIES} == made, row["mode"]


def spans(client: Profile) -> str:
    if client.after is None and client.every is None:
        return "–"
    return ", ".join("–" if span is None else f"{span:g} s" for span in (client.after, client.every))


def test_client_profiles() -> None:
    """Each client that gets something else than one of which nothing is known."""
    streams = [name for name in REPLIES if name.endswith(", stream")]
    usual = [beats(REPLIES[name], "auto", UNKNOWN) for name in streams]
    known = [(text, text, client) for text, client in BY_AGENT]
    known += [(f"x-stainless-lang: {lang}", "", client) for lang, client in BY_STAINLESS.items()]
    rows: dict[str, tuple[list[str], str, set[str]]] = {}
    for text, agent, client in known:
        shapes = [beats(REPLIES[name], "auto", client, agent) for name in streams]
        if shapes != usual or spans(client) != "–":
            entry = rows.setdefault(client.name, (shapes, spans(client), set()))
            assert entry[:2] == (shapes, spans(client))
            entry[2].add(text)
    told = {row["client"]: row for row in table("heartbeats.md", "client", "known by")}
    assert told.keys() == rows.keys()
    for name, (shapes, within, texts) in rows.items():
        row = told[name]
        assert {plain(word) for word in row["known by"].split(", ")} == texts, name
        assert [row[column] for column in streams] == shapes, name
        assert row["first after, then every"] == within, name


# ---------------------------------------------------------------------------------------------------------- dialects
SPEECHES: dict[str, Translation] = {
    name: dialect.translation for name, dialect in DIALECTS.items() if dialect.translation is not None
}
INSIDE = {"model", "messages", "stream", "sampling", "usage", "rest"}  # said by every dialect, or in parts
FIELDS = (
    *(name for name in Ask.__struct_fields__ if name not in INSIDE),
    *(f"sampling.{name}" for name in Sampling.__struct_fields__),
)


def test_what_each_dialect_can_say() -> None:
    def cell(field: str, speech: Translation) -> str:
        if field in speech.takes:
            return f"`{speech.names[field]}`{' *' if field in speech.drops else ''}"
        return "dropped" if field in speech.drops else "–"

    rows = table("dialects.md", "field", *SPEECHES)
    made = {f"`{field}`": {name: cell(field, speech) for name, speech in SPEECHES.items()} for field in FIELDS}
    told = {row["field"]: {name: row[name] for name in SPEECHES} for row in rows}
    assert told == made
    for speech in SPEECHES.values():
        assert speech.takes <= set(FIELDS)


@pytest.mark.parametrize("name", SPEECHES)
def test_what_is_left_out_and_why(name: str) -> None:
    speech = SPEECHES[name]
    told = table("dialects.md", "left out", "why that is harmless", under=f"Said to `{name}`")
    assert {plain(row["left out"]): row["why that is harmless"] for row in told} == dict(speech.drops)
    why = "why another protocol may go without"
    told = table("dialects.md", "field", why, under=f"Own fields of `{name}`")
    assert {plain(row["field"]): row[why] for row in told} == dict(speech.losable)


def test_why_answers_end() -> None:
    ends = {
        "openai": chat.ENDS,
        "responses": {reason: responses.INCOMPLETE.get(reason, "completed") for reason in chat.ENDS},
        "anthropic": anthropic.TOLD_REASONS,
        "gemini": gemini.FINISHES,
    }
    told, read = (table("dialects.md", "reason", *ends, under="Why an answer ended", which=at) for at in (0, 1))
    for name, words_of in ends.items():
        assert {plain(row["reason"]): plain(row[name].removeprefix("incomplete, ")) for row in told} == words_of
    known = {
        "openai": chat.REASONS,
        "responses": responses.REASONS,
        "anthropic": anthropic.REASONS,
        "gemini": gemini.REASONS,
    }
    for name, reasons in known.items():
        found = {word: plain(row["reason"]) for row in read for word in words(row[name]) if word != "–"}
        assert found == reasons, name


def test_efforts() -> None:
    rows = table("dialects.md", "effort", "tokens")
    assert {plain(row["effort"]): int(row["tokens"]) for row in rows} == BUDGETS
    assert {plain(row["effort"]): plain(row["`thinkingLevel`"]) for row in rows} == gemini.LEVELS


def test_what_a_status_is_called() -> None:
    rows = table("errors.md", "HTTP status", "`error.status` for `gemini`")
    assert {kind.status for kind in FAULTS.values()} <= {int(row["HTTP status"]) for row in rows}
    for row in rows:
        status = int(row["HTTP status"])
        assert plain(row["`error.type` for `anthropic`"]) == anthropic_errors.type_of(status)
        assert plain(row["`error.status` for `gemini`"]) == gemini_errors.status_of(status)


def test_every_plain_route() -> None:
    rows = table("dialects.md", "route", "endpoint")
    assert [plain(row["endpoint"]) for row in rows] == list(ENDPOINTS)
    for row in rows:
        kind = ENDPOINTS[plain(row["endpoint"])]
        path = plain(row["route"])
        assert path == f"/v1{kind.path}"
        assert path in ROUTES
        assert row["stream"] == (f"`{kind.switch}`" if kind.switch else "–")
        assert plain(row["body, at most"]) == ("file_body" if takes_files(path) else "json_body")
        silent = {form for form in ("", "json", "text", "srt", "vtt") if PASSTHROUGH.silent(plain_call(kind, form))}
        told = {
            "yes": set(),
            "in a stream of events": {"", "json", "text", "srt", "vtt"},
            "not as `text`, `srt`, `vtt`": {"text", "srt", "vtt"},
        }
        assert told[row["heartbeats"]] == silent


def plain_call(kind: Endpoint, form: str) -> Call:
    """A call of a plain route that is not streamed, as JSON, and asks for the answer in `form`."""
    body = json.dumps({"model": "m", "input": "x", "response_format": form} if form else {"model": "m"}).encode()
    return Call("openai", kind.name, "m", stream=False, body=body, headers={"content-type": "application/json"})


def test_every_model_path() -> None:
    """The paths of calls that may be translated, and those of Gemini, name their endpoints and what those become."""
    rows = table("dialects.md", "path", "translated to")
    for row in rows:
        path, endpoint = plain(row["path"]).replace("{model}", "m"), plain(row["endpoint"])
        assert any(dialect.endpoint(path) == endpoint for dialect in DIALECTS.values()), path
        if endpoint in GENERATION:
            assert row["translated to"] == "any of the four"
        elif endpoint in COUNTING:
            assert {endpoint, plain(row["translated to"])} == set(COUNTING)
        else:
            assert row["translated to"] == "–"
    assert {*GENERATION, *COUNTING} <= {plain(row["endpoint"]) for row in rows}
