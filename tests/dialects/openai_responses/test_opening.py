from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from openai import APIError, OpenAI
from openai.types.responses import ResponseCompletedEvent, ResponseCreatedEvent, ResponseInProgressEvent

from outwait.core.delta import Began, Delta, Said, Stopped
from outwait.core.fault import UpstreamError, fault
from outwait.core.plan import Heartbeat
from outwait.core.request import Call, State
from outwait.dialects.openai_responses import opening
from outwait.dialects.openai_responses.encode import Encoder
from outwait.dialects.openai_responses.opening import PING, Voice
from outwait.dialects.profiles import UNKNOWN, Profile
from outwait.dialects.voice import PlainVoice

Lifecycle = ResponseCreatedEvent | ResponseInProgressEvent | ResponseCompletedEvent
SDK = Profile("sdk-python", responses="steady")
NODE = Profile("sdk-js", responses="comment")


def call(stream: bool = True) -> Call:
    return Call("responses", "responses", "m", stream, b'{"model":"m","input":"q"}', created=1795383256)


def kept(**fields: object) -> Call:
    return structs.replace(call(), state=State("resp_ow"), **fields)


def voice(mode: str = "auto", profile: Profile = UNKNOWN, asked: Call | None = None) -> Voice:
    made = opening.voice(asked or kept(), Heartbeat(mode=mode), profile)
    assert isinstance(made, Voice)
    return made


def told(made: Voice, data: bytes) -> bytes:
    """`data` as the client gets it once the exchange knows what was announced."""
    return made.say(data if made.announced is None else made.announced.retell(data))


def answer(*deltas: Delta) -> bytes:
    """The upstream's stream."""
    encoder = Encoder(call())
    given = deltas or (Began("resp_real", "up", 7), Said("Hel"), Said("lo"), Stopped("stop"))
    return b"".join(encoder.feed(delta) for delta in given) + encoder.end()


def split(stream: bytes) -> tuple[bytes, bytes, bytes]:
    """What is told before the first words, the first words, and the rest."""
    events = [event + b"\n\n" for event in stream.split(b"\n\n")[:-1]]
    return b"".join(events[:4]), events[4], b"".join(events[5:])


ANSWER = answer()
BEFORE, WORDS, REST = split(ANSWER)


def test_the_head() -> None:
    assert opening.reply_head(call()).content_type == "text/event-stream; charset=utf-8"
    assert opening.reply_head(call(stream=False)).content_type == "application/json"


@pytest.mark.parametrize("mode, beat", [("auto", b"\n"), ("event", b"\n"), ("off", b""), ("headers", b"")])
def test_a_json_reply_beats_with_white_space(mode: str, beat: bytes) -> None:
    made = opening.voice(call(stream=False), Heartbeat(mode=mode), UNKNOWN)
    assert isinstance(made, PlainVoice)
    assert made.beat() == beat
    assert json.loads(made.fail(fault("idle_timeout"), "ow_1"))["error"]["code"] == "idle_timeout"


@pytest.mark.parametrize("mode, beat", [("comment", PING), ("whitespace", b"\n"), ("off", b""), ("headers", b"")])
def test_plain_beats_change_nothing(mode: str, beat: bytes) -> None:
    made = voice(mode)
    assert made.beat() == beat
    assert made.say(BEFORE) == BEFORE
    assert made.beat() == beat
    assert made.say(WORDS + REST) == WORDS + REST


def test_a_heartbeat_that_is_switched_off_has_no_bytes() -> None:
    assert opening.voice(call(), Heartbeat(enabled=False), UNKNOWN).beat() == b""


def test_the_first_beats_stand_for_the_upstream(strict: Callable[[bytes], Any]) -> None:
    made = voice()
    first, second = made.beat(), made.beat()
    assert first.endswith(PING)
    assert second.endswith(PING)
    events = strict(first + second)
    assert [kind for kind, _ in events] == ["response.created", *["response.in_progress"] * 2]
    assert [value["sequence_number"] for _, value in events] == [0, 1, 2]
    assert len({value["response"]["id"] for _, value in events}) == 1
    assert not voice("event").beat().endswith(PING)


def test_what_follows_a_beat_is_numbered_anew(strict: Callable[[bytes], Any]) -> None:
    made = voice()
    out = made.beat() + told(made, BEFORE) + made.beat() + told(made, WORDS) + made.beat() + made.beat()
    out += told(made, REST)
    events = strict(out)
    assert [value["sequence_number"] for _, value in events] == list(range(len(events)))
    kinds = [kind for kind, _ in events]
    assert kinds.count("response.created") == 1
    # The upstream's own beginning keeps its words.
    assert events[2][0] == "response.in_progress"
    responses = [value["response"] for _, value in events if "response" in value]
    assert {(each["id"], each["created_at"]) for each in responses} == {("resp_ow", 1795383256)}
    assert [each["model"] for each in responses[:3]] == ["m", "m", "up"]
    assert made.announced is not None
    assert made.announced.handle == "resp_real"
    assert kinds[-1] == "response.completed"


def test_a_client_that_counts_events_reads_through(served: Callable[[bytes], OpenAI]) -> None:
    made = voice()
    out = made.beat() + told(made, BEFORE + WORDS) + made.beat() + told(made, REST)
    events = list(served(out).responses.create(model="m", input="q", stream=True))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "Hello"
    assert events[-1].type == "response.completed"
    assert {event.response.id for event in events if isinstance(event, Lifecycle)} == {"resp_ow"}
    with served(out).responses.stream(model="m", input="q") as reading:  # which looks at the id
        assert reading.get_final_response().id == "resp_ow"


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("mode", ["auto", "comment", "whitespace"])
def test_the_sdks_accumulator_reads_through(served: Callable[[bytes], OpenAI], mode: str, early: bool) -> None:
    made = voice(mode, SDK)
    out = made.beat() if early else b""
    out += made.say(BEFORE + WORDS) + made.beat() + made.beat() + made.say(REST)
    with served(out).responses.stream(model="m", input="q") as reading:
        final = reading.get_final_response()
    assert (final.id, final.output_text) == ("resp_real", "Hello")


def test_an_sdk_gets_comments_until_the_id_is_known() -> None:
    made = voice(profile=SDK)
    assert made.beat() == PING
    assert made.say(BEFORE) == BEFORE
    assert made.beat().startswith(b"event: response.in_progress")
    assert voice("event", SDK).beat().startswith(b"event: response.created")


def test_other_sdks_get_comments_to_the_end() -> None:
    made = voice(profile=NODE)
    assert made.beat() == PING
    assert made.say(BEFORE + WORDS) == BEFORE + WORDS
    assert made.beat() == PING
    assert voice("event", NODE).beat().startswith(b"event: response.created")


def test_an_upstream_that_hides_its_id_is_left_alone() -> None:
    nameless = b'event: response.created\ndata: {"type":"response.created","response":{"id":7}}\n\n'
    made = voice(profile=SDK)
    assert made.say(nameless) == nameless
    assert made.beat() == PING
    other = voice()
    assert other.say(nameless) == nameless
    assert other.beat() == PING  # the client may have read it
    assert other.announced is None


def test_where_the_upstream_alone_keeps_the_response_only_its_id_will_do() -> None:
    assert voice(asked=call()).beat() == PING
    unkept = structs.replace(call(), body=b'{"model":"m","input":"q","store":false}')
    assert voice(asked=unkept).beat().startswith(b"event: response.created")
    counting = Profile("codex", chat="event")  # it would give up before the id is known
    assert voice(profile=counting, asked=call()).beat().startswith(b"event: response.created")
    assert voice("event", asked=call()).beat().startswith(b"event: response.created")


def test_once_the_answer_is_there_nothing_is_announced() -> None:
    late = voice()
    late.decided()
    assert (late.beat(), late.announced) == (PING, None)
    early = voice()
    early.beat()
    early.decided()
    assert early.beat().startswith(b"event: response.in_progress")


def test_events_that_nobody_knows_go_on_as_they_are() -> None:
    strange = b"event: new\ndata: not JSON\n\n" + b'event: new\ndata: {"type":"new"}\n\n' + b"data: [1]\n\n"
    made = voice()
    made.beat()
    assert made.say(strange) == strange


def test_half_a_character_is_no_obstacle() -> None:
    half = b'data: {"type":"response.output_text.delta","delta":"\\ud83d","sequence_number":4}\n\n'
    made = voice()
    made.beat()
    assert made.say(half) == half.replace(b"4}", b"6}")


def test_numbers_are_found_however_late_they_are_asked_for(strict: Callable[[bytes], Any]) -> None:
    made = voice()
    made.say(BEFORE + b"event: new\ndata: {}\n\n")
    made.say(b'event: new\ndata: {"deep":{"sequence_number":99}}\n\n')
    assert strict(made.beat())[0][1]["sequence_number"] == 0  # an event that hides a number: begin anew
    other = voice()
    other.say(BEFORE)
    other.say(b": nothing\n\n")
    assert strict(other.beat())[0][1]["sequence_number"] == 4


@pytest.mark.parametrize("profile", [UNKNOWN, SDK])
@pytest.mark.parametrize("before", [b"", BEFORE, BEFORE + WORDS])
def test_a_failure_is_told_twice(
    served: Callable[[bytes], OpenAI], strict: Callable[[bytes], Any], profile: Profile, before: bytes
) -> None:
    made = voice(profile=profile)
    out = made.beat() + told(made, before) + made.fail(fault("idle_timeout", span=5.0), "ow_1")
    events = strict(out)
    (_, error), (kind, failed) = events[-2:]
    assert error["code"] == error["error"]["code"] == "idle_timeout"
    assert kind == "response.failed"
    assert failed["response"]["status"] == "failed"
    assert failed["response"]["error"]["code"] == "server_error"
    if before:
        assert failed["response"]["id"] == ("resp_real" if profile is SDK else "resp_ow")
    client = served(out)
    with pytest.raises(APIError, match="silent"):
        list(client.responses.create(model="m", input="q", stream=True))
    if profile is SDK:
        with client.responses.stream(model="m", input="q") as reading, pytest.raises(APIError, match="silent"):
            reading.get_final_response()


def test_an_upstreams_own_error_is_told_in_its_words(strict: Callable[[bytes], Any]) -> None:
    own = b'{"error":{"message":"too many","type":"requests","param":null,"code":"rate_limit_exceeded"}}'
    failed = fault("upstream_error", cause="rate_limited", upstream=UpstreamError(200, "application/json", own))
    events = strict(voice().fail(failed, "ow_1"))
    assert events[0][1]["error"] == {**json.loads(own)["error"]}
    assert events[0][1]["message"] == "too many"
    assert events[1][1]["response"]["error"] == {"code": "rate_limit_exceeded", "message": "too many"}


@given(st.lists(st.integers(0, len(ANSWER)), max_size=8), st.sets(st.integers(0, 8), max_size=3))
def test_pieces_of_any_size_say_the_same(cuts: list[int], beats: set[int]) -> None:
    marks = [0, *sorted(cuts), len(ANSWER)]
    made, whole = voice(), voice()
    out, expected, given = b"", b"", 0
    for place, (start, end) in enumerate(pairwise(marks)):
        if place in beats:
            out += made.beat()
            # The same beat, in a stream whose pieces end between events.
            edge = ANSWER[:start].rfind(b"\n\n") + 2 if b"\n\n" in ANSWER[:start] else 0
            expected += whole.say(ANSWER[given:edge]) + whole.beat()
            given = edge
        out += made.say(ANSWER[start:end])
    expected += whole.say(ANSWER[given:])
    assert out == expected


@pytest.mark.parametrize("after, first", [(-1, 0), (4, 5)])
def test_a_client_that_came_back_goes_on_counting(after: int, first: int) -> None:
    speaker = voice("event", asked=structs.replace(kept(), state=State("resp_ow", background=True)))
    speaker.resume(after, [1, 2] if after > 0 else [])
    beat = speaker.beat().decode()
    assert (f'"sequence_number":{first}' in beat, "response.created" in beat) == (True, after < 0)
    assert list(speaker.inserted)[-1] >= first


def test_a_client_that_came_back_knows_an_id_that_its_voice_does_not() -> None:
    speaker = voice()
    speaker.resume(4, [])
    assert (speaker.beat(), speaker.announced) == (PING, None)


def test_in_the_background_even_the_first_beats_have_the_final_id(served: Callable[[bytes], OpenAI]) -> None:
    job = structs.replace(call(), state=State("resp_ow", background=True))
    made = opening.voice(job, Heartbeat(mode="auto"), SDK)
    out = made.beat() + made.say(ANSWER.replace(b"resp_real", b"resp_ow"))
    assert out.startswith(b"event: response.created")
    events = list(served(out).responses.create(model="m", input="q", stream=True))
    told = {event.response.id for event in events if isinstance(event, Lifecycle)}
    assert told == {"resp_ow"}
    with served(out).responses.stream(model="m", input="q") as reading:
        assert reading.get_final_response().id == "resp_ow"
    assert b'"background":true' in out
    assert b'"created_at":1795383256' in out
    assert made.announced is None


def test_a_failure_before_the_answer_names_the_kept_response() -> None:
    made = opening.voice(kept(), Heartbeat(mode="auto"), SDK)
    assert made.beat() == PING  # the id may be the upstream's yet
    assert b'"id":"resp_ow"' in made.fail(fault("idle_timeout"), "ow_1")
