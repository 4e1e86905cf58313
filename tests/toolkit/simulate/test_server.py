from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any

import openai
import pytest
from tests.toolkit.simulate.conftest import Heard, body_of, hear, run

from outwait.toolkit.simulate.script import EXAMPLES, GRAMMAR, ScriptError
from outwait.toolkit.simulate.server import Simulator


def get(path: str, simulator: Simulator | None = None, method: str = "GET") -> Heard:
    return run(lambda url: hear(url, b"", path, method), simulator)


def test_it_says_that_it_is_alive() -> None:
    assert get("/healthz").body == b'{"status":"ok"}'


def test_two_do_not_share_a_port() -> None:
    async def second(url: str) -> Heard:
        with pytest.raises(OSError, match="in use"):
            await Simulator().start(int(url.rpartition(":")[2].partition("/")[0]), "127.0.0.1")
        return await hear(url, b"", "/healthz", "GET")

    assert run(second).status == 200


def test_models_lists_the_examples_and_the_aliases() -> None:
    listed = json.loads(get("/v1/models", Simulator(aliases={"o3": "silent-20s"})).body)
    assert [each["id"] for each in listed["data"]] == [*EXAMPLES, "o3"]
    chosen = json.loads(get("/v1/models", Simulator(models=["hang"])).body)
    assert chosen == {
        "object": "list", "data": [{"id": "hang", "object": "model", "created": 0, "owned_by": "simulate"}]
    }  # fmt: skip


def test_any_script_is_a_model() -> None:
    assert json.loads(get("/v1/models/drip-7ms").body)["id"] == "drip-7ms"
    assert get("/v1/models/gpt-9").status == 404


def test_names_given_must_be_scripts() -> None:
    with pytest.raises(ScriptError):
        Simulator(aliases={"o3": "nonsense"})
    with pytest.raises(ScriptError):
        Simulator(models=["nonsense"])


def test_an_unknown_model_is_told_the_grammar() -> None:
    heard = run(lambda url: hear(url, body_of("gpt-9", stream=True)))
    error = json.loads(heard.body)["error"]
    assert (heard.status, error["code"], error["param"]) == (404, "model_not_found", "model")
    assert GRAMMAR in error["message"]


@pytest.mark.parametrize(
    "body,param", [(b"{", None), (b"[]", None), (b"\xff", None), (b"{}", "model"), (b'{"model":"fast"}', "messages")]
)
def test_a_wrong_body_is_a_400(body: bytes, param: str | None) -> None:
    heard = run(lambda url: hear(url, body))
    assert heard.status == 400
    assert json.loads(heard.body)["error"]["param"] == param


def test_other_paths_and_methods_are_errors_in_the_same_shape() -> None:
    for path, method, status in (
        ("/v1/chat/completions", "GET", 405), ("/nowhere", "GET", 404), ("/simulate/calls", "POST", 405),
        ("/v1/models", "DELETE", 404),
    ):  # fmt: skip
        heard = get(path, method=method)
        assert heard.status == status
        assert json.loads(heard.body)["error"]["message"]


def test_what_the_wire_refuses_has_the_same_shape_too() -> None:
    heard = get("/ä".encode().decode("latin-1"))
    assert heard.status == 400
    assert json.loads(heard.body)["error"]["code"] == "bad_request"


@pytest.mark.parametrize("key,status", [("sk-right", 200), ("sk-wrong", 401), ("", 401)])
def test_a_key_is_asked_for_when_there_is_one(key: str, status: int) -> None:
    heard = run(lambda url: hear(url, body_of("fast", stream=False), key=key), Simulator(key="sk-right"))
    assert heard.status == status


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/fast", "/v1/models/gpt-9"])
def test_the_key_is_asked_for_by_the_lists_of_models_too(path: str) -> None:
    for key, status in (("sk-right", 404 if path.endswith("gpt-9") else 200), ("sk-wrong", 401), ("", 401)):
        asked = partial(hear, body=b"", path=path, method="GET", key=key)
        assert run(asked, Simulator(key="sk-right")).status == status


def test_the_key_of_the_list_may_stand_in_the_query_as_google_has_it() -> None:
    assert get("/v1beta/models?key=sk-right", Simulator(key="sk-right")).status == 200
    assert get("/v1beta/models?key=sk-wrong", Simulator(key="sk-right")).status == 400


def test_flaky_counts_each_body_for_itself() -> None:
    async def story(url: str) -> Heard:
        bodies = body_of("flaky-2", stream=False), body_of("flaky-2", stream=False, seed=1)
        heard = [await hear(url, body) for body in bodies for _ in range(3)]
        assert [each.status for each in heard] == [503, 503, 200] * 2
        return heard[0]

    run(story)


def test_calls_tell_what_was_received_and_a_delete_forgets_it() -> None:
    async def story(url: str) -> Heard:
        await hear(url, body_of("drip-1ms", stream=True), key="sk-secret")
        told: dict[str, Any] = json.loads((await hear(url, b"", "/simulate/calls", "GET")).body)
        call = told["calls"][0]
        assert (told["count"], call["model"], call["stream"], call["outcome"]) == (1, "drip-1ms", True, "whole")
        assert (call["question"], call["cut"], call["status"]) == ("what is it?", False, 200)
        assert "sk-secret" not in json.dumps(told)
        assert (await hear(url, b"", "/simulate/calls", "DELETE")).status == 204
        empty = await hear(url, b"", "/simulate/calls", "GET")
        assert json.loads(empty.body) == {"count": 0, "charged": 0, "calls": []}
        return empty

    run(story)


def test_replies_are_the_same_for_the_same_seed() -> None:
    def words(seed: int) -> str:
        heard = run(lambda url: hear(url, body_of("fast", stream=False)), Simulator(seed=seed))
        content: str = json.loads(heard.body)["choices"][0]["message"]["content"]
        return content

    assert words(1) == words(1) != words(2)


def test_the_sdk_gets_its_answer_and_its_errors() -> None:
    async def story() -> None:
        simulator = Simulator(aliases={"o3": "silent-50ms"})
        http = openai.DefaultAsyncHttpxClient(trust_env=False)
        async with (
            simulator as url,
            openai.AsyncOpenAI(api_key="x", base_url=url, max_retries=0, http_client=http) as client,
        ):
            messages: Any = [{"role": "user", "content": "hi"}]
            whole = await client.chat.completions.create(model="o3", messages=messages, n=2)
            stream = await client.chat.completions.create(model="o3", messages=messages, stream=True)
            text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
            assert text == whole.choices[0].message.content
            assert len(whole.choices) == 2
            for model, error in (
                ("error-429", openai.RateLimitError),
                ("nope", openai.NotFoundError),
                ("reset", openai.APIConnectionError),
            ):
                with pytest.raises(error):
                    await client.chat.completions.create(model=model, messages=messages)

    asyncio.run(story())


def test_stopping_cuts_what_is_open_and_it_can_start_again() -> None:
    async def story() -> None:
        simulator = Simulator()
        url = await simulator.start()
        task = asyncio.ensure_future(hear(url, body_of("hang", stream=True)))
        async with asyncio.timeout(5):
            while not simulator.calls:  # noqa: ASYNC110 - what is awaited happens in the simulator
                await asyncio.sleep(0.01)
            await simulator.stop()
            assert (await task).raw == b""
        assert simulator.calls[0].cut
        simulator.reset()
        async with simulator as again:
            assert (await hear(again, body_of("fast", stream=False))).status == 200
        assert len(simulator.calls) == 1

    asyncio.run(story())


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=b"])
def test_a_form_that_is_none_is_a_400(kind: str) -> None:
    heard = run(lambda url: hear(url, b"{}", "/v1/images/edits", headers={"content-type": kind}))
    assert heard.status == 400
    assert "could not parse the form" in json.loads(heard.body)["error"]["message"]


def test_a_form_is_echoed_by_its_length() -> None:
    form = (
        b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\necho-request\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n\xff\r\n--b--\r\n'
    )
    kind = {"content-type": "multipart/form-data; boundary=b"}
    heard = run(lambda url: hear(url, form, "/v1/audio/transcriptions", headers=kind))
    assert json.loads(heard.body)["text"] == f"{len(form)} bytes"


@pytest.mark.parametrize(
    "path,body,headers,status,shape",
    [
        ("/v1/messages", b"{", {}, 400, {"type": "error"}),
        ("/v1/messages", b"{}", {}, 400, {"type": "error"}),
        ("/v1beta/models/fast:generateContent", b"[]", {}, 400, {}),
        ("/v1beta/models/nope:generateContent", b'{"contents":[{"parts":[{"text":"x"}]}]}', {}, 404, {}),
        ("/v1/responses", b'{"model":"fast","input":[{"type":"item_reference","id":"x"}]}', {}, 404, {}),
        ("/openai/deployments/fast/chat/completions", b"{}", {}, 404, {}),
    ],
)
def test_each_protocol_refuses_in_its_shape(
    path: str, body: bytes, headers: dict[str, str], status: int, shape: dict[str, str]
) -> None:
    heard = run(lambda url: hear(url, body, path, headers=headers))
    told = json.loads(heard.body)
    assert heard.status == status
    assert told.items() >= shape.items()
    assert told["error"]["message"]


def test_a_method_that_does_not_fit_is_refused_in_the_protocols_shape() -> None:
    heard = get("/v1/messages")
    assert (heard.status, json.loads(heard.body)["type"]) == (405, "error")


def test_each_provider_names_its_calls() -> None:
    hello = json.dumps({"model": "fast", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}).encode()
    version = {"anthropic-version": "2023-06-01"}
    message = run(lambda url: hear(url, hello, "/v1/messages", headers=version))
    assert b"\r\nrequest-id: req_" in message.head
    assert json.loads(message.body)["id"].startswith("msg_")
    chat = run(lambda url: hear(url, hello))
    assert b"\r\nx-request-id: req_" in chat.head
