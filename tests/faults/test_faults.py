"""Fault by fault: what the client is told, whether another channel was asked, and how often each upstream was called.

The first channel fails; a second one would answer. Only where the upstream surely did nothing (`safe`) it may be asked:
the share of calls that may be paid twice is 0 here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest
from tests.e2e.acts import Serve
from tests.e2e.asking import Heard, ask, chat
from tests.e2e.backstage import Backstage, Provider, Raw, Script
from tests.e2e.stage import Gateway, free_port
from tests.faults import upstreams

MODES = pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
GOOD = "long-5"


@dataclass(frozen=True, slots=True)
class Told:
    """What a client is told when nobody else may be asked. `code` None: the upstream's own words are passed on."""

    status: int
    code: str | None


# Scripts of the simulated provider.
SAFE = (
    "error-401", "error-403", "error-404", "error-429", "error-429-insufficient_quota", "error-503-retry-after-1",
    "error-529", "error-in-stream",
)  # fmt: skip
ENDS = {
    "error-400": Told(400, None),
    "error-413": Told(413, None),
    "error-422": Told(422, None),
    "error-400-context_length_exceeded": Told(400, None),
    "error-408": Told(408, None),
    "error-500": Told(500, None),
    "error-502": Told(502, None),
    "error-503": Told(503, None),
    "error-504": Told(504, None),
    "html-502": Told(502, "upstream_error"),
    "html-504": Told(504, "upstream_error"),
    "garbage": Told(502, "upstream_bad_response"),
    "garbage-http": Told(502, "upstream_bad_response"),
    "empty-body": Told(502, "upstream_empty"),
    "empty": Told(502, "upstream_empty"),
}
# Scripts of our own; their connections are never used twice.
RAW: dict[str, tuple[Script, Told]] = {
    "silent_close": (upstreams.silent_close, Told(502, "upstream_reset")),
    "silent_reset": (upstreams.silent_reset, Told(502, "upstream_reset")),
    "half_a_head": (upstreams.half_a_head, Told(502, "upstream_reset")),
    "head_alone": (upstreams.head_alone, Told(502, "upstream_truncated")),
    "two_lengths": (upstreams.two_lengths, Told(502, "upstream_bad_response")),
}
# Words come, the end does not.
CUT: dict[str, tuple[Script, str]] = {
    "short_of_its_length": (upstreams.short_of_its_length, "upstream_truncated"),
    "bad_chunk": (upstreams.bad_chunk, "upstream_bad_response"),
    "one_piece": (upstreams.one_piece, "upstream_truncated"),
    "garbage_between": (upstreams.garbage_between, "upstream_bad_response"),
}
WHOLE: dict[str, Script] = {
    "without_done": upstreams.without_done,
    "never_closed": upstreams.never_closed,
    "until_closed": upstreams.until_closed,
    "compressed": upstreams.compressed,
    "interim": upstreams.interim,
    "byte_by_byte": upstreams.byte_by_byte,
    "other_kind": upstreams.other_kind,
}
SCRIPTS: dict[str, Script] = {
    "redirect": upstreams.redirect,
    **{name: script for name, (script, _) in {**RAW, **CUT}.items()},
    **WHOLE,
}


@pytest.fixture(scope="module")
def raws(backstage: Backstage) -> dict[str, Raw]:
    return {name: backstage.raw(script) for name, script in SCRIPTS.items()}


@pytest.fixture(scope="module")
def rescuer(backstage: Backstage) -> Provider:
    """The second channel."""
    names = [*SAFE, *ENDS, *SCRIPTS, "refused", "no_such_host"]
    return backstage.simulate(aliases=dict.fromkeys(names, GOOD))


@pytest.fixture(scope="module")
def gateway(serve: Serve, provider: Provider, rescuer: Provider, raws: dict[str, Raw]) -> Gateway:
    first = [{"name": name, "base_url": raw.url, "models": [name]} for name, raw in raws.items()]
    first.append({"name": "refused", "base_url": f"http://127.0.0.1:{free_port()}/v1", "models": ["refused"]})
    first.append({"name": "dns", "base_url": "http://no-such-host.invalid/v1", "models": ["no_such_host"]})
    # A refused key is not used again: there is one for each case, or the first of them would be the last.
    keys = [f"sk-faults-{number:04}" for number in range(2 * len({*SAFE, *ENDS}))]
    first.append({"name": "provider", "base_url": provider.url, "models": [*SAFE, *ENDS], "api_keys": keys})
    second = {"name": "rescuer", "base_url": rescuer.url, "priority": 1}
    paid = {"unknown": 0}
    return serve(
        {"channels": [*first, second], "retry": {"attempts": 2, "paid": paid}, "timeouts": {"total": 4}}, "faults"
    )


def refused(heard: Heard, told: Told) -> None:
    assert (heard.status, heard.end) == (told.status, "whole")
    assert heard.headers["content-type"].startswith("application/json")
    assert heard.error["message"]
    if told.code is not None:
        assert heard.error["code"] == told.code
    else:
        assert "outwait" not in heard.error
    assert heard.headers["x-should-retry"] == "false"


@MODES
@pytest.mark.parametrize("model", [*SAFE, "refused", "no_such_host", "redirect"])
def test_where_nothing_was_done_another_channel_answers(
    gateway: Gateway, rescuer: Provider, model: str, stream: bool
) -> None:
    question = f"safe {model} {stream}"
    if model.startswith("error-503"):
        time.sleep(1.1)  # the case before was told to leave all keys alone for a second
    heard = ask(gateway.port, chat(model, stream=stream, question=question))
    assert (heard.status, heard.end) == (200, "whole")
    assert len(heard.text.split()) == 5
    assert len(rescuer.calls(question)) == 1
    if heard.status == 200 and not heard.beats:
        assert (heard.headers["x-outwait-attempts"], heard.headers["x-outwait-channel"]) == ("2", "rescuer")


@MODES
@pytest.mark.parametrize("model", ENDS)
def test_what_may_have_been_charged_is_not_asked_again(
    gateway: Gateway, provider: Provider, rescuer: Provider, model: str, stream: bool
) -> None:
    question = f"ends {model} {stream}"
    heard = ask(gateway.port, chat(model, stream=stream, question=question))
    refused(heard, ENDS[model])
    assert len(provider.calls(question)) == 1
    assert rescuer.calls(question) == []


@MODES
@pytest.mark.parametrize("model", RAW)
def test_a_connection_that_breaks_before_the_answer(
    gateway: Gateway, raws: dict[str, Raw], rescuer: Provider, model: str, stream: bool
) -> None:
    before = len(raws[model].requests)
    heard = ask(gateway.port, chat(model, stream=stream, question=f"raw {model} {stream}"))
    refused(heard, RAW[model][1])
    assert len(raws[model].requests) == before + 1
    assert rescuer.calls(f"raw {model} {stream}") == []


@pytest.mark.parametrize("model", CUT)
def test_a_cut_stream_tells_its_error(gateway: Gateway, raws: dict[str, Raw], model: str) -> None:
    """Behind the words that came; or, where words and their break came in one packet, with the break's status."""
    heard = ask(gateway.port, chat(model, stream=True))
    assert heard.end == "whole"
    assert heard.error["code"] == CUT[model][1]
    assert len(raws[model].requests) == 1
    if heard.status == 200:
        assert heard.text.startswith("One two")
        assert not heard.finished
        assert heard.body.endswith(b"data: [DONE]\n\n")
    else:
        assert heard.status == 502


@pytest.mark.parametrize("model", CUT)
def test_a_cut_stream_never_becomes_a_json_reply(gateway: Gateway, model: str) -> None:
    heard = ask(gateway.port, chat(model, question="json"))
    assert (heard.status, heard.end) == (502, "whole")
    assert heard.error["code"] in ("upstream_truncated", "upstream_bad_response")
    assert "choices" not in heard.json


@MODES
@pytest.mark.parametrize("model", WHOLE)
def test_an_odd_answer_that_is_whole_is_delivered(gateway: Gateway, model: str, stream: bool) -> None:
    heard = ask(gateway.port, chat(model, stream=stream))
    assert (heard.status, heard.end) == (200, "whole")
    assert heard.text == upstreams.TEXT
    assert heard.seconds < 2
    if stream:
        assert heard.finished
        assert heard.body.endswith(b"data: [DONE]\n\n")
