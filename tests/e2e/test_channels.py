"""What operators see of channels, and do with them: dead keys, `outwait channels`, who may ask."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from tests.e2e.acts import Serve
from tests.e2e.asking import ask, chat, get
from tests.e2e.backstage import Backstage, Provider
from tests.e2e.looking import changes, channel
from tests.e2e.stage import Gateway, environment, free_port, until

ADMIN, PLAIN = {"Authorization": "Bearer key-admin"}, {"Authorization": "Bearer key-plain"}
REVOKED, GOOD = "upstream-revoked", "upstream-good"


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def command(gateway: Gateway, *words: str, key: str = "key-admin") -> Said:
    """`outwait channels WORDS` at this gateway."""
    where = ["--url", f"http://127.0.0.1:{gateway.port}", "--key", key]
    argv = [sys.executable, "-m", "outwait", "channels", *words, *where]
    done = subprocess.run(
        argv, capture_output=True, text=True, timeout=20, check=False, env=environment(COLUMNS="200", NO_COLOR="1")
    )
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def keyed(backstage: Backstage) -> Provider:
    """It takes the second key of the channel, and not the first."""
    return backstage.simulate(key=GOOD)


@pytest.fixture(scope="module")
def gateway(serve: Serve, provider: Provider, keyed: Provider) -> Gateway:
    return serve(
        {
            "channels": [
                {"name": "keyed", "base_url": keyed.url, "api_keys": [REVOKED, GOOD], "model_map": {"m": "fast"}},
                {"name": "well", "base_url": provider.url, "models": ["fast"]},
                {"name": "gone", "base_url": f"http://127.0.0.1:{free_port()}/v1", "models": ["lost"]},
            ],
            "keys": [
                {"name": "admin", "key": "key-admin", "admin": True},
                {"name": "plain", "key": "key-plain"},
            ],
            "health": {"probe": {"every": "1s"}},
        },
        "desk",
    )


def test_a_dead_key_is_used_once_and_again_when_it_is_revived(gateway: Gateway, keyed: Provider) -> None:
    for number in range(40):
        assert ask(gateway.port, chat("m", question=f"before {number}"), PLAIN).status == 200
    assert Counter(call.status for call in keyed.calls()) == {401: 1, 200: 40}
    keys = channel(gateway, "keyed", ADMIN)["keys"]
    assert (keys["count"], [dead["key"] for dead in keys["dead"]]) == (2, [0])
    assert channel(gateway, "keyed", ADMIN)["state"] == "impaired"
    assert changes(gateway, "keyed") == ["key dead: number 0"]

    keyed.becomes()  # now it takes any
    assert command(gateway, "revive", "keyed", "--credential", "1").out.strip() == "keyed: no key was dead."
    said = command(gateway, "revive", "keyed")
    assert (said.status, said.out.strip()) == (0, "keyed: key 0 is used again.")
    assert channel(gateway, "keyed", ADMIN)["keys"] == {"count": 2, "dead": []}
    keyed.becomes(key=REVOKED)  # only the one that was dead: who is answered now, is answered by it
    assert ask(gateway.port, chat("m", question="after"), PLAIN).status == 200
    assert [call.status for call in keyed.calls("after")][-1] == 200


def test_a_dead_key_that_the_provider_takes_again_comes_back_by_a_free_question(
    serve: Serve, backstage: Backstage
) -> None:
    upstream = backstage.simulate(key=GOOD)
    gateway = serve(
        {
            "channels": [{"name": "c", "base_url": upstream.url, "api_keys": [REVOKED, GOOD]}],
            "health": {"credentials": {"probe": "1s", "probe_longest": "1s"}},
        },
        "probed",
    )

    def dead() -> bool:
        return bool(channel(gateway, "c")["keys"]["dead"])

    until(lambda: ask(gateway.port, chat("fast")).status == 200 and dead(), "its death", timeout=5)
    time.sleep(2.5)  # it is asked about twice, and refused each time
    assert dead()
    upstream.becomes()
    until(lambda: not dead(), "its return", timeout=5)
    assert [call.status for call in upstream.calls()].count(401) == 1
    assert [each.partition(":")[0] for each in changes(gateway, "c")] == ["key dead", "key revived"]


def test_only_admins_see_and_change_channels(gateway: Gateway) -> None:
    for path in ("/v1/channels", "/v1/channels/well"):
        refused = get(gateway.port, path, PLAIN)
        assert (refused.status, refused.error["code"]) == (403, "permission_denied")
        assert get(gateway.port, path).status == 401
    refused = ask(gateway.port, b"{}", PLAIN, "/v1/channels/well/revive")
    assert (refused.status, refused.error["code"]) == (403, "permission_denied")
    page = get(gateway.port, "/v1/channels", ADMIN)
    assert [row["name"] for row in page.json["data"]] == ["keyed", "well", "gone"]
    assert REVOKED.encode() not in page.body
    assert GOOD.encode() not in page.body


def test_the_command_shows_a_table_and_ends_with_1_where_a_channel_is_out(gateway: Gateway) -> None:
    until(lambda: channel(gateway, "gone", ADMIN)["state"] == "out", "a probe that fails", timeout=5)
    said = command(gateway)
    assert said.status == 1
    rows = {line.split()[1]: line.split()[3] for line in said.out.splitlines() if line.startswith("│")}
    assert rows["gone"] == "out"
    assert rows["well"] == "up"
    assert "upstream_connect" in said.out
    told = command(gateway, "--json")
    assert told.status == 1
    assert {row["name"]: row["state"] for row in told.json["data"]}["gone"] == "out"
    assert (command(gateway, "well").status, command(gateway, "gone").status) == (0, 1)


def test_the_command_checks_a_channel(gateway: Gateway) -> None:
    free = command(gateway, "check", "well", "--json")
    assert (free.status, free.json["ok"], free.json["paid"]) == (0, True, False)
    paid = command(gateway, "check", "well", "--model", "fast", "--paid", "--json")
    assert (paid.status, paid.json["ok"], paid.json["model"]) == (0, True, "fast")
    lost = command(gateway, "check", "gone", "--json")
    assert (lost.status, lost.json["fault"]["code"]) == (1, "upstream_connect")


def test_the_command_ends_with_2_where_the_key_may_not_and_with_1_where_nobody_is(gateway: Gateway) -> None:
    refused = command(gateway, key="key-plain")
    assert (refused.status, refused.out) == (2, "")
    assert "admin: true" in refused.err
    assert command(gateway, "nobody").status == 2
    argv = [sys.executable, "-m", "outwait", "channels", "--url", f"http://127.0.0.1:{free_port()}", "--key", "k"]
    nobody = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False, env=environment())
    assert nobody.returncode == 1
    assert "Is it running?" in nobody.stderr
