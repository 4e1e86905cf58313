from __future__ import annotations

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.client.lines import Cut, chat, cuts, pieces

from outwait.client.course import Reattach
from outwait.client.flow import Flow, Ports
from outwait.client.places import place_of
from outwait.client.steps import Done, Drop, Pass, Pause, Read, Send, Step, Steps, advance

EVENTS = chat(5)
WHOLE = b"".join(EVENTS)


class World:
    """A gateway with one answer, whose lines are cut as a test says; it does what a flow tells it."""

    def __init__(self, made: list[Cut], seed: float) -> None:
        self.cuts = made
        self.luck = seed
        self.now = 0.0
        self.calls = 0
        self.open = False
        self.passed: list[bytes] = []
        self._line: list[bytes] = []
        self._cut = False

    def play(self, steps: Steps[object]) -> object:
        step = advance(steps)
        while not isinstance(step, Done):
            try:
                result = self._do(step)
            except httpx2.TransportError as error:
                step = advance(steps, trouble=error)
            else:
                step = advance(steps, result)
        return step.value

    def _do(self, step: Step) -> object:
        match step:
            case Send(request):
                return self._send(request)
            case Read():
                if self._line:
                    return self._line.pop(0)
                if self._cut:
                    raise httpx2.ReadError("cut")
                return None
            case Pass(data):
                self.passed.append(data)
            case Pause(seconds):
                assert not self.open
                self.now += seconds
            case Drop():
                self.open = False
        return None

    def _send(self, request: httpx2.Request) -> httpx2.Response:
        self.open = False
        if request.method == "GET" and request.url.path.endswith("/probe"):
            return httpx2.Response(404, headers={"x-outwait-exchange": "ow_2"})
        if request.method == "POST":
            self.calls += 1
        most, splits = self.cuts.pop(0) if self.cuts else (1 << 30, [])
        after = int(request.url.params.get("starting_after", 0))
        told = b"".join(EVENTS[after:])
        self._cut = most < len(told)
        if most == 0:
            raise httpx2.ReadError("cut before the head")
        self._line = pieces(told[:most], splits)
        self.open = True
        return httpx2.Response(200, headers={"x-outwait-exchange": "ow_1", "content-type": "text/event-stream"})


@given(cuts(len(WHOLE)), st.floats(0, 0.999))
def test_whatever_the_cuts_the_answer_is_whole(made: list[Cut], luck: float) -> None:
    world = World(list(made), luck)
    request = httpx2.Request("POST", "http://a/v1/chat/completions", content=b"{}")
    place = place_of("POST", "/v1/chat/completions")
    assert place is not None
    flow = Flow(request, place, Ports(lambda: world.now, lambda: luck, Reattach()), again=True)
    response = world.play(flow.call())
    assert isinstance(response, httpx2.Response)
    assert flow.flows
    world.play(flow.body(response))
    assert b"".join(world.passed) == WHOLE
    assert world.passed == [each for each in world.passed if each.endswith(b"\n\n")]


def test_a_flow_that_is_told_nothing_of_bodies_names_nothing() -> None:
    request = httpx2.Request("POST", "http://a/v1/messages", content=iter([b"x"]))
    place = place_of("POST", "/v1/messages")
    assert place is not None
    flow = Flow(request, place, Ports(lambda: 0.0, lambda: 0.0), again=False)
    step = advance(flow.call())
    assert isinstance(step, Send)
    assert step.request is request
    with pytest.raises(httpx2.ReadError) as caught:
        advance(flow.call(), trouble=httpx2.ReadError("x"))
    assert not hasattr(caught.value, "__notes__")
