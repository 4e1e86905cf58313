from __future__ import annotations

import re
from pathlib import Path

import pytest

from outwait.toolkit.timeouts.advice import Facts, advise
from outwait.toolkit.timeouts.emit import GROUPS, TARGETS, emit, meant, on_the_way, usual
from outwait.toolkit.timeouts.emit_servers import EDGES

WANTED = {
    *("outwait", "systemd", "nginx", "haproxy", "caddy", "apache", "traefik", "envoy", "ingress-nginx", "alb"),
    *("cloudflare", "openai-python", "anthropic-python", "openai-node", "anthropic-node", "httpx", "requests", "axios"),
    *("curl", "langchain"),
}


def test_everything_that_is_promised_is_there() -> None:
    assert {*TARGETS, *GROUPS} >= WANTED


def test_all_is_all_and_no_two_files_have_one_name() -> None:
    advice = advise(Facts(model="o3"))
    files = [emit(target, advice).file for target in meant(["all"])]
    assert len(files) == len(TARGETS) == len({file.lower() for file in files})


def test_a_group_stands_for_its_targets_and_none_comes_twice() -> None:
    assert meant(["traefik", "nginx", "traefik-static"]) == ("traefik-static", "traefik-dynamic", "nginx")
    assert meant(["alb"]) == ("alb-cli", "alb-terraform", "alb-cloudformation")
    assert "curl" in meant(["clients"])


def test_what_names_nothing_is_named() -> None:
    with pytest.raises(KeyError, match="ngnix"):
        meant(["outwait", "ngnix"])
    with pytest.raises(KeyError):
        emit("ngnix", advise(Facts(model="o3")))


def test_who_asks_for_nothing_gets_the_gateway_a_proxy_and_a_client() -> None:
    assert usual(()) == ("outwait", "nginx", "openai-python")
    assert usual(("cloudflare", "haproxy")) == ("outwait", "cloudflare", "haproxy", "openai-python")
    assert usual(("heroku",)) == ("outwait", "openai-python")
    assert usual(("traefik",)) == ("outwait", "traefik-static", "traefik-dynamic", "openai-python")


def test_the_one_proxy_that_is_asked_for_is_thought_to_be_there() -> None:
    assert on_the_way((), ("outwait", "nginx", "curl")) == ("nginx",)
    assert on_the_way(("cloudflare",), ("nginx",)) == ("cloudflare", "nginx")
    assert on_the_way(("nginx",), ("alb-cli", "alb-terraform", "nginx")) == ("alb", "nginx")
    assert on_the_way((), ("nginx", "haproxy")) == ()  # one or the other
    assert on_the_way(("alb",), ("outwait",)) == ("alb",)


def test_each_edge_has_a_name_that_chains_and_options_take() -> None:
    assert set(EDGES) == set(TARGETS) & set(EDGES)
    assert all(meant([edge]) for edge in EDGES.values())


def test_the_page_names_every_target() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "generator.md").read_text()
    assert re.findall(r"^\| `([a-z][a-z-]+)` \| ", page, re.MULTILINE) == list(TARGETS)
