"""Which channel has a request: shares by weight, conversations that stay, models that stand in for each other."""

from __future__ import annotations

from collections import Counter

from tests.e2e.acts import Serve
from tests.e2e.asking import ask, chat
from tests.e2e.backstage import Backstage
from tests.e2e.crowd import stream_of
from tests.e2e.stage import free_port

WEIGHTS = {"one": 1, "two": 2, "three": 3}
CALLS = 10_000


def test_weights_are_shares_over_ten_thousand_calls_on_four_workers(serve: Serve, backstage: Backstage) -> None:
    providers = {name: backstage.simulate(stateless=True, aliases={"model": "long-1"}) for name in WEIGHTS}
    channels = [{"name": name, "base_url": providers[name].url, "weight": weight} for name, weight in WEIGHTS.items()]
    gateway = serve({"channels": channels, "server": {"workers": 4}, "log": {"level": "warning"}}, "weights")
    taken = stream_of(gateway.port, chat("model"), CALLS, clients=8, lines=200)
    assert (len(taken), taken.total()) == (4, CALLS)
    assert min(taken.values()) > CALLS / 20  # each worker shares out what it has itself

    got = {name: len(each.calls()) for name, each in providers.items()}
    assert sum(got.values()) == CALLS
    shares = {name: weight / sum(WEIGHTS.values()) for name, weight in WEIGHTS.items()}
    skews = {name: abs(got[name] / CALLS - share) for name, share in shares.items()}
    assert max(skews.values()) < 0.03, got
    assert got["one"] < got["two"] < got["three"]


def test_a_fallback_of_another_dialect_answers_and_says_so(serve: Serve, backstage: Backstage) -> None:
    messages = backstage.simulate(aliases={"model-b-dated": "fast+long-4"})
    gateway = serve(
        {
            "channels": [
                {"name": "first", "base_url": f"http://127.0.0.1:{free_port()}/v1", "models": ["model-a"]},
                {
                    "name": "second",
                    "dialect": "anthropic",
                    "base_url": messages.url,
                    "api_key": "any",
                    "models": ["model-b"],
                    "model_map": {"model-b": "model-b-dated"},
                },
            ],
            "fallback": {"model-a": "model-b"},
        },
        "fallback",
    )
    attempts = []
    for number in range(8):
        heard = ask(gateway.port, chat("model-a", stream=number % 2 == 1, question=f"call {number}"))
        assert (heard.status, heard.end, len(heard.text.split())) == (200, "whole", 4)
        named = [heard.headers[f"x-outwait-{name}"] for name in ("channel", "model")]
        assert named == ["second", "model-b-dated"]
        attempts.append(heard.headers["x-outwait-attempts"])
    assert [(call.path, call.model) for call in messages.calls()] == [("/v1/messages", "model-b-dated")] * 8
    assert attempts == [*"22222", *"111"]  # the later ones find the first channel ejected
    plain = ask(gateway.port, chat("model-c"))
    assert (plain.status, plain.error["code"]) == (404, "model_not_found")


def test_the_requests_of_a_conversation_meet_one_channel(serve: Serve, backstage: Backstage) -> None:
    upstream = backstage.simulate()
    channels = [{"name": f"c{place}", "base_url": upstream.url} for place in range(4)]
    gateway = serve({"channels": channels, "sticky": "conversation", "server": {"workers": 2}}, "sticky")
    spread: Counter[str] = Counter()
    for number in range(16):
        headers = {"x-session-id": f"session {number}"} if number % 2 else None
        first = f"the first words of {number}"
        met = set()
        for turn in range(5):
            # with a header the words do not matter, without one the first of them say whose conversation it is
            said = _said(f"{first} {turn}" if headers else first, turn)
            heard = ask(gateway.port, chat("fast", messages=said), headers)
            assert heard.status == 200
            met.add(heard.headers["x-outwait-channel"])
        assert len(met) == 1
        spread += Counter(met)
    assert len(spread) >= 3, spread


def _said(first: str, turns: int) -> list[dict[str, str]]:
    later = [{"role": role, "content": f"{role} {turn}"} for turn in range(turns) for role in ("assistant", "user")]
    return [{"role": "user", "content": first}, *later]
