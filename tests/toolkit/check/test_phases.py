from __future__ import annotations

from outwait.core.fault import Clock, Stage, fault
from outwait.toolkit.check.phases import Phases, Spans, outcome

DIRECT = [
    ("connect_tcp.started", 10.0),
    ("connect_tcp.complete", 10.1),
    ("start_tls.started", 10.1),
    ("start_tls.complete", 10.3),
    ("send_request_headers.started", 10.3),
    ("send_request_headers.complete", 10.3),
    ("send_request_body.started", 10.3),
    ("send_request_body.complete", 10.4),
    ("receive_response_headers.started", 10.4),
    ("receive_response_headers.complete", 11.4),
]


def played(*events: tuple[str, float]) -> tuple[Phases, list[Clock]]:
    phases = Phases(10.0)
    clocks = [clock for event, now in events if (clock := phases.note(event, now)) is not None]
    return phases, clocks


def test_each_phase_runs_between_its_events() -> None:
    phases, clocks = played(*DIRECT)
    phases.end(13.0)
    phases.end(99.0)
    assert phases.spans(12.0) == Spans(0.1, 0.2, 0.1, 1.0, 0.6, 2.0, 3.0)
    assert clocks == [Clock.CONNECT, Clock.WRITE, Clock.FIRST_BYTE, Clock.IDLE]
    assert (phases.stage, phases.secure, phases.reused) == (Stage.HEAD, True, False)


def test_how_long_the_head_was_waited_for() -> None:
    assert played(*DIRECT)[0].waited == 11.4 - 10.4
    assert played(*DIRECT[:-1])[0].waited is None
    assert played(DIRECT[-1])[0].waited is None


def test_what_was_not_reached_took_no_time() -> None:
    phases, _ = played(*DIRECT[:3])
    phases.end(15.0)
    assert phases.spans(None) == Spans(0.1, None, None, None, None, None, 5.0)
    assert (phases.stage, phases.secure) == (Stage.CONNECTING, True)


def test_a_connection_that_was_there_is_reused() -> None:
    phases, _ = played(*DIRECT[4:])
    assert phases.reused
    assert phases.spans(None).connect is None
    assert not played()[0].reused


ASKED = [
    ("send_request_headers.started", 10.1),
    ("send_request_body.complete", 10.1),
    ("receive_response_headers.complete", 10.2),
]


def test_behind_a_proxy_that_was_asked_for_a_way_the_last_request_counts() -> None:
    phases = Phases(10.0, proxied=True, tunnel=True)
    assert not phases.at_proxy
    phases.note(*DIRECT[0])
    assert (phases.at_proxy, phases.reached) == (True, False)
    phases.note(*DIRECT[1])
    assert phases.reached
    assert [phases.note(event, now) for event, now in ASKED] == [None, Clock.CONNECT, None]
    assert (phases.at_proxy, phases.stage, phases.spans(None)[:4]) == (True, Stage.CONNECTING, (0.1, None, None, None))
    clocks = [phases.note(event, now + 1.0) for event, now in DIRECT[2:]]
    assert phases.spans(None)[:4] == (0.1, 0.2, 0.1, 1.0)
    assert [clock for clock in clocks if clock][:2] == [Clock.CONNECT, Clock.WRITE]
    assert (phases.at_proxy, phases.secure, phases.stage) == (False, True, Stage.HEAD)


def test_a_handshake_with_the_proxy_itself_is_none_with_the_endpoint() -> None:
    phases = Phases(10.0, proxied=True, tunnel=True)
    for event, now in (*DIRECT[:4], *ASKED):
        phases.note(event, now)
    assert (phases.at_proxy, phases.secure, phases.spans(None).tls) == (True, False, None)
    phases.note("start_tls.started", 11.0)
    assert (phases.at_proxy, phases.secure) == (False, True)
    plain = Phases(10.0, proxied=True)
    for event, now in DIRECT[:4]:
        plain.note(event, now)
    assert (plain.at_proxy, plain.secure) == (True, False)
    plain.note(*DIRECT[4])
    assert (plain.at_proxy, plain.secure, plain.stage) == (False, False, Stage.SENDING)


def test_a_way_through_socks_stands_when_it_is_set_up() -> None:
    phases = Phases(10.0, proxied=True, tunnel=True)
    for event, now in DIRECT[:2]:
        phases.note(event, now)
    assert phases.note("setup_socks5_connection.started", 10.2) is Clock.CONNECT
    assert phases.at_proxy
    phases.note("setup_socks5_connection.complete", 10.3)
    assert not phases.at_proxy


def test_a_way_that_was_kept_is_not_asked_for_again() -> None:
    phases = Phases(10.0, proxied=True, tunnel=True)
    assert phases.note(*DIRECT[4]) is Clock.WRITE
    assert (phases.at_proxy, phases.reused) == (False, True)


def test_how_it_ended() -> None:
    assert outcome(None) == "ok"
    assert outcome(fault("upstream_reset")) == "error"
    assert outcome(fault("idle_timeout", clock=Clock.IDLE)) == "timeout"
