from __future__ import annotations

import json

import pytest

from outwait.toolkit.path.judge import How, Outcome, Verdict, judge
from outwait.toolkit.path.question import Form, Part, Question
from outwait.toolkit.path.reading import End, Heard

STREAM = Question(Form.STREAM, Part.FIRST_BYTE, 9.0)
JSON = Question(Form.JSON, Part.FIRST_BYTE, 9.0)
UPLOAD = Question(Form.UPLOAD, Part.UPLOAD, 9.0, size=10)
BEATEN = Question(Form.STREAM, Part.FIRST_BYTE, 4.0, beat=1.0, after=1.0)
OURS = (("x-outwait-exchange", "ow_1"),)
DONE = json.dumps({"object": "probe", "form": "stream"}).encode()


def heard(end: End, at: float, status: int = 200, *pieces: tuple[float, bytes], framing: str = "chunked") -> Heard:
    return Heard(end, at, status, (), tuple(pieces), at, framing if status else "")


def error(code: str, status: int) -> Heard:
    body = json.dumps({"error": {"code": code, "message": "It says why."}}).encode()
    return Heard(End.WHOLE, 5.0, status, OURS, ((5.0, body),), 5.0, "length")


@pytest.mark.parametrize(
    "question, answer, verdict, how",
    [
        (STREAM, heard(End.WHOLE, 9.0, 200, (9.0, b"data: %b\n\n" % DONE)), Verdict.SURVIVED, None),
        (JSON, heard(End.WHOLE, 9.0, 200, (9.0, b"\n\n" + DONE)), Verdict.SURVIVED, None),
        (JSON, heard(End.FIN, 9.0, 200, (9.0, DONE), framing="close"), Verdict.SURVIVED, None),
        (STREAM, heard(End.WHOLE, 3.0, 504, (3.0, b"<html>"), framing="length"), Verdict.CUT, How.PAGE),
        (STREAM, heard(End.FIN, 3.0, 200, (0.0, b": probe\n\n")), Verdict.CUT, How.TRUNCATED),
        (STREAM, heard(End.FIN, 3.0, 200, (0.0, b": probe\n\n"), framing="close"), Verdict.CUT, How.ENDED),
        (STREAM, heard(End.WHOLE, 3.0, 200, (0.0, b": probe\n\n")), Verdict.CUT, How.ENDED),
        (JSON, heard(End.WHOLE, 3.0, 200, (0.0, b" ")), Verdict.CUT, How.ENDED),
        (STREAM, heard(End.FIN, 3.0, 0), Verdict.CUT, How.FIN),
        (STREAM, heard(End.RESET, 3.0, 200, (0.0, b": probe\n\n")), Verdict.CUT, How.RESET),
        (UPLOAD, heard(End.RESET, 3.0, 0), Verdict.CUT, How.RESET),
        (STREAM, heard(End.SILENT, 14.0, 0), Verdict.LOST, How.NOTHING),
        (STREAM, heard(End.SILENT, 14.0, 200, (0.0, b": probe\n\n")), Verdict.LOST, How.NOTHING),
        (STREAM, heard(End.BROKEN, 0.1, 0), Verdict.TROUBLE, How.FIN),
        (STREAM, heard(End.WHOLE, 3.0, 403, framing="length"), Verdict.TROUBLE, How.PAGE),
        (STREAM, heard(End.WHOLE, 0.01, 502, framing="length"), Verdict.TROUBLE, How.PAGE),
        (STREAM, Heard(End.UNREACHED, 0.0, why="Connection refused"), Verdict.TROUBLE, None),
        (STREAM, error("rate_limited", 429), Verdict.REFUSED, None),
        (UPLOAD, error("request_timeout", 408), Verdict.GUARD, None),
        (STREAM, error("request_timeout", 408), Verdict.REFUSED, None),
    ],
)
def test_what_an_answer_says(question: Question, answer: Heard, verdict: Verdict, how: How | None) -> None:
    outcome = judge(question, answer)
    assert outcome.verdict is verdict
    if verdict in (Verdict.CUT, Verdict.LOST):
        assert outcome.how is how
    assert outcome.elapsed == answer.ended


def test_a_page_is_signed() -> None:
    body = b"<html><body><h1>504 Gateway Time-out</h1>\nThe server didn't respond in time.\n</body></html>\n"
    outcome = judge(STREAM, heard(End.WHOLE, 5.0, 504, (5.0, body), framing="length"))
    assert (outcome.signer, outcome.status) == ("HAProxy", 504)


def test_a_cut_body_is_signed_by_nobody_but_who_passed_the_head_on_is_told() -> None:
    answer = Heard(End.FIN, 3.0, 200, (("server", "nginx"),), ((0.0, b" "),), 0.0, "chunked")
    outcome = judge(JSON, answer)
    assert (outcome.signer, outcome.seen) == ("", ("nginx",))


def test_trouble_says_what_it_was() -> None:
    assert judge(STREAM, heard(End.WHOLE, 3.0, 403, framing="length")).why == "status 403 from somebody"
    signed = Heard(End.WHOLE, 3.0, 403, (("server", "cloudflare"),), (), 3.0, "length")
    assert judge(STREAM, signed).why == "status 403 from Cloudflare"
    assert judge(STREAM, Heard(End.BROKEN, 0.1, why="it is no HTTP")).why == "it is no HTTP"
    assert judge(STREAM, heard(End.FIN, 0.01, 0)).why == "the connection was closed at once"
    assert judge(STREAM, heard(End.WHOLE, 0.01, 502, framing="length")).why == "status 502 at once"


def test_refusals_are_told_in_the_gateways_words() -> None:
    outcome = judge(STREAM, error("gateway_draining", 503))
    assert (outcome.code, outcome.why, outcome.signer) == ("gateway_draining", "It says why.", "outwait")


def test_a_late_failure_inside_a_stream_is_the_gateways_too() -> None:
    told = json.dumps({"error": {"code": "gateway_draining", "message": "Bye."}}).encode()
    answer = Heard(End.WHOLE, 2.0, 200, OURS, ((2.0, b": probe\n\ndata: %b\n\n" % told),), 2.0, "chunked")
    assert judge(STREAM, answer).verdict is Verdict.REFUSED


def test_an_upload_says_how_long_it_stood_still() -> None:
    body = json.dumps({"object": "probe", "form": "upload", "waited": 8.99}).encode()
    outcome = judge(UPLOAD, heard(End.WHOLE, 9.0, 200, (9.0, body), framing="length"))
    assert (outcome.verdict, outcome.waited) == (Verdict.SURVIVED, 8.99)


def beats(question: Question, *pieces: tuple[float, bytes]) -> tuple[float, ...]:
    outcome: Outcome = judge(question, heard(End.WHOLE, pieces[-1][0], 200, *pieces))
    return outcome.beats


def test_when_heartbeats_of_a_stream_arrived() -> None:
    last = (4.0, b"data: %b\n\n" % DONE)
    assert beats(BEATEN, (1.0, b": ping\n\n"), (2.0, b": ping\n\n: ping\n\n"), last) == (1.0, 2.0, 2.0)
    assert beats(BEATEN, (1.0, b": pi"), (1.1, b"ng\n\n"), last) == (1.1,)
    assert beats(BEATEN, (4.0, b": ping\n\n: ping\n\ndata: %b\n\n" % DONE)) == (4.0, 4.0)


def test_when_heartbeats_of_a_json_answer_arrived() -> None:
    question = Question(Form.JSON, Part.FIRST_BYTE, 4.0, beat=1.0, after=1.0)
    assert beats(question, (1.0, b"\n"), (2.0, b"\n\n"), (4.0, DONE)) == (1.0, 2.0, 2.0)
    assert beats(question, (4.0, b"\n\n" + DONE)) == (4.0, 4.0)


def test_without_heartbeats_there_are_none() -> None:
    assert beats(JSON, (9.0, b"\n" + DONE)) == ()
