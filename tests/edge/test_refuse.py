from __future__ import annotations

from tests.edge.conftest import house, story


@story
async def test_a_refusal_is_told_in_the_clients_shape_and_recorded_once() -> None:
    async with house() as door:
        reply = await door.ask(
            "/v1/chat/completions", "user-agent: spy", "content-length: 0", method="POST", key="ow-x"
        )
        assert (reply.status, reply.error["code"], reply.error["type"]) == (
            401,
            "invalid_api_key",
            "authentication_error",
        )
        (entry,) = door.entries
        ids = {reply.headers[name] for name in ("x-outwait-exchange", "x-request-id", "request-id")}
        assert ids == {entry.exchange}
        assert (entry.outcome, entry.status, entry.key, entry.endpoint) == ("refused", 401, "", "chat.completions")
        assert (entry.client, entry.delivered, entry.attempts) == ("spy", "none", 0)
        assert entry.fault is not None
        assert 0 <= entry.duration < 10


@story
async def test_made_up_paths_never_become_names() -> None:
    async with house() as door:
        await door.ask("/v1/secret-path")
        assert door.entries[0].endpoint == "other"
