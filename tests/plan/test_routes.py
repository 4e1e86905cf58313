"""Which channels serve a model, in which order, and what is said when none does."""

from __future__ import annotations

import pytest

from outwait.core.catalog import Channel
from outwait.core.fault import Refusal
from outwait.core.principal import Principal
from outwait.core.request import Call
from outwait.plan.routes import MAX_MODEL, names, route, unnamed

ANYBODY = Principal("dev")


def _call(model: str) -> Call:
    return Call("openai", "chat.completions", model, stream=True, body=b"")


def _channel(name: str, **changes: object) -> Channel:
    return Channel(name, changes.pop("dialect", "openai"), "http://127.0.0.1/v1", **changes)  # type: ignore[arg-type]


def _refused(model: str, *channels: Channel, principal: Principal = ANYBODY) -> tuple[int, str, str]:
    with pytest.raises(Refusal) as told:
        route(_call(model), principal, channels)
    assert told.value.fault.param == "model"
    return told.value.fault.status, told.value.fault.code, told.value.fault.message


def test_lower_priority_then_weight_then_the_order_of_the_configuration() -> None:
    channels = [
        _channel("last", priority=1, weight=9),
        _channel("b", weight=1),
        _channel("heavy", weight=2),
        _channel("c", weight=1),
    ]
    assert [served.channel.name for served in route(_call("m"), ANYBODY, channels)] == ["heavy", "b", "c", "last"]


def test_globs_and_maps() -> None:
    channels = [
        _channel("globs", models=("gpt-*",)),
        _channel("mapped", models=("x",), model_map={"gpt-4o": "gpt-4o-2024-08-06"}),
        _channel("other", models=("claude-*",)),
    ]
    served = route(_call("gpt-4o"), ANYBODY, channels)
    assert [(found.channel.name, found.model) for found in served] == [
        ("globs", "gpt-4o"),
        ("mapped", "gpt-4o-2024-08-06"),
    ]


def test_a_key_may_use_only_its_models() -> None:
    status, code, message = _refused("o3", _channel("a"), principal=Principal("intern", models=("gpt-*", "o4-mini")))
    assert (status, code) == (403, "permission_denied")
    assert "'intern'" in message
    assert "'o3'" in message


def test_an_unknown_model_is_told_the_nearest_names() -> None:
    channels = [_channel("a", models=("gpt-4o", "o3-pro", "gpt-*-mini"), model_map={"gpt-4o-fast": "x"})]
    status, code, message = _refused("gpt-4oo", *channels)
    assert (status, code) == (404, "model_not_found")
    assert message == "No channel serves the model 'gpt-4oo'. Nearest: gpt-4o, gpt-4o-fast."
    assert _refused("zzz", *channels)[2] == "No channel serves the model 'zzz'."


def test_names_a_key_may_not_use_are_not_told() -> None:
    channels = [_channel("a", models=("gpt-4o", "secret-4o"))]
    assert "secret" not in _refused("gpt-4oo", *channels, principal=Principal("p", models=("gpt-*",)))[2]
    assert names(channels, Principal("p", models=("gpt-*",))) == ("gpt-4o",)


def test_names() -> None:
    channels = [_channel("a", models=("b", "a", "g*")), _channel("b", models=("a",), model_map={"c": "d"})]
    assert names(channels, ANYBODY) == ("a", "b", "c")


def test_of_what_a_provider_lists_the_names_that_are_served_there_under_that_name() -> None:
    channels = [
        _channel("open", model_map={"alias": "o3-2025-04-16"}),
        _channel("globs", models=("gpt-*", "plain"), model_map={"fast": "gpt-5-mini"}),
        _channel("named", models=("x",)),
    ]
    told = {
        "open": ("o3", "o3-2025-04-16", "gpt-5", "alias", "y" * MAX_MODEL, "z" * (MAX_MODEL + 1)),
        "globs": ("gpt-5", "gpt-5-mini", "whisper-1", "plain"),
        "named": ("x", "y"),
        "gone": ("w",),
    }
    found = ("alias", "fast", "gpt-5", "gpt-5-mini", "o3", "o3-2025-04-16", "plain", "x", "y" * MAX_MODEL)
    assert names(channels, ANYBODY, told) == found
    assert names(channels, Principal("p", models=("o3*", "fast")), told) == ("fast", "o3", "o3-2025-04-16")
    for name in found:
        assert route(_call(name), ANYBODY, channels)


def test_whose_names_only_the_provider_knows() -> None:
    channels = [
        _channel("open"),
        _channel("glob", models=("gpt-*", "o3"), dialect="anthropic"),
        _channel("named", models=("gpt-5", "o3")),
        _channel("mapped", models=("gpt-5",), model_map={"a": "b"}),
        _channel("deployments", dialect="azure", api_version="v1"),
        _channel("signed", dialect="bedrock", region="us-east-1"),
    ]
    assert [channel.name for channel in unnamed(channels, ANYBODY)] == ["open", "glob"]
    assert unnamed(channels, Principal("operator", models=(), admin=True)) == ()


def test_a_channel_of_another_dialect_answers_where_the_call_can_be_translated() -> None:
    mixed = [_channel("a", dialect="anthropic"), _channel("g", dialect="gemini"), _channel("o", priority=9)]
    served = route(_call("m"), ANYBODY, mixed)
    assert [(found.channel.name, found.endpoint, found.way.dialect) for found in served] == [
        ("a", "messages", "anthropic"),
        ("g", "generate_content", "gemini"),
        ("o", "chat.completions", "openai"),
    ]


def test_inside_one_priority_the_clients_own_dialect_comes_first() -> None:
    channels = [
        _channel("a", dialect="anthropic", weight=5),
        _channel("o"),
        _channel("first", dialect="gemini", priority=-1),
    ]
    assert [found.channel.name for found in route(_call("m"), ANYBODY, channels)] == ["first", "o", "a"]
    asked = Call("anthropic", "messages", "m", stream=False, body=b"{}")
    assert [found.channel.name for found in route(asked, ANYBODY, channels)] == ["first", "a", "o"]


def test_an_endpoint_that_no_channel_has_is_not_supported() -> None:
    asked = Call("openai", "embeddings", "m", stream=False, body=b"{}")
    with pytest.raises(Refusal) as refused:
        route(asked, ANYBODY, [_channel("a", dialect="anthropic")])
    assert (refused.value.fault.status, refused.value.fault.code) == (501, "not_supported")
    assert "anthropic channels only, which have nothing for embeddings" in refused.value.fault.message


def test_a_channel_may_name_its_endpoints_and_its_own_name_for_the_model() -> None:
    channel = _channel("o", endpoints=("responses",), model_map={"m": "theirs"})
    (found,) = route(_call("m"), ANYBODY, [channel])
    assert (found.endpoint, found.model, found.way.dialect) == ("responses", "theirs", "responses")


@pytest.mark.parametrize("model", ["", "x" * 257])
def test_a_name_no_model_can_have(model: str) -> None:
    assert _refused(model, _channel("a"))[:2] == (400, "invalid_value")
