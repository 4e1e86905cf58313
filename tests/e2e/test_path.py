"""`outwait path` through real proxies: their limits, who cut, and whether the printed setting survives them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.e2e.asking import Heard, ask, chat
from tests.e2e.backstage import Provider
from tests.e2e.middleboxes import LIMIT, start
from tests.e2e.proxies import start_apache, start_haproxy, start_nginx
from tests.e2e.stage import Gateway, Stage, environment, found, free_port

LIMITS = {"nginx": 3, "haproxy": 5, "apache": 4}  # seconds
PRODUCTS = {"nginx": "nginx", "haproxy": "HAProxy", "apache": "Apache httpd"}
NEAR = 0.5
SILENT = 8  # seconds: longer than each limit, and than the first heartbeat that is set by default
MODEL = f"silent-{SILENT}s+long-5"
ALL = [*LIMITS, "chain"]


@dataclass(frozen=True)
class Scene:
    """Proxies by name, each in front of two gateways: `first` as it is, and one that a test starts at a free port."""

    gateway: Gateway
    provider: Provider
    ports: Mapping[tuple[str, str], int]
    second: int

    def url(self, proxy: str, which: str = "first") -> str:
        return f"http://127.0.0.1:{self.ports[proxy, which]}"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> Iterator[Scene]:
    stage = Stage(tmp_path_factory.mktemp("path"))
    channel = {"name": "sim", "base_url": provider.url}
    keys = [{"name": name, "key": f"ow-{name}"} for name in ALL]
    try:
        gateway = stage.serve({"channels": [channel], "keys": keys})
        targets = {"first": gateway.port, "second": (second := free_port())}
        ports = dict(start_nginx(stage, targets, LIMITS["nginx"]).ports)
        ports.update(start_haproxy(stage, targets, LIMITS["haproxy"]).ports)
        ports.update(start_apache(stage, targets, LIMITS["apache"]).ports)
        # Apache before HAProxy before nginx before the gateway: the shortest limit is the innermost one.
        inner = {which: ports["nginx", which] for which in targets}
        middle = start_haproxy(stage, inner, LIMITS["haproxy"]).ports
        outer = start_apache(stage, {which: middle["haproxy", which] for which in targets}, LIMITS["apache"]).ports
        ports.update({("chain", which): port for (_, which), port in outer.items()})
        yield Scene(gateway, provider, ports, second)
    finally:
        stage.stop()


def path(url: str, *options: str, key: str = "") -> tuple[int, str, str]:
    argv = [sys.executable, "-m", "outwait", "path", url, "--lang", "en", *options]
    env = environment(OUTWAIT_API_KEY=key)
    done = subprocess.run(argv, capture_output=True, text=True, timeout=90, env=env, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def runs(scene: Scene) -> dict[str, tuple[int, dict[str, Any]]]:
    """What a run of a few seconds says of each proxy, all of them at the same time."""

    def one(proxy: str) -> tuple[int, dict[str, Any]]:
        status, out, err = path(scene.url(proxy), "--up-to", "9s", "--json", key=f"ow-{proxy}")
        assert out, err
        return status, json.loads(out)

    with ThreadPoolExecutor(len(ALL)) as pool:
        return dict(zip(ALL, pool.map(one, ALL), strict=True))


@pytest.mark.parametrize("proxy", ALL)
def test_the_limits_are_found_and_whose_they_are(runs: dict[str, tuple[int, dict[str, Any]]], proxy: str) -> None:
    status, told = runs[proxy]
    assert (status, told["verdict"]) == (0, "beaten"), told["said"]
    limits = {(each["form"], each["part"]): each for each in told["limits"]}
    nearest = LIMITS["nginx" if proxy == "chain" else proxy]
    for form in ("stream", "json"):
        for part in ("first_byte", "idle"):
            found = limits[form, part]
            assert found["limit"] == pytest.approx(nearest, abs=NEAR), (form, part)
            assert found["survived"] >= nearest - NEAR
            assert found["by"] == PRODUCTS["nginx" if proxy == "chain" else proxy], (form, part)
        assert limits[form, "first_byte"]["how"] == "page"
        assert limits[form, "idle"]["how"] in ("truncated", "reset")
    assert not told["held"]
    assert nearest / 4 <= told["setting"]["every"] <= nearest / 3


def test_uploads_that_stand_still(runs: dict[str, tuple[int, dict[str, Any]]]) -> None:
    uploads = {
        proxy: next(each for each in told["limits"] if each["form"] == "upload") for proxy, (_, told) in runs.items()
    }
    assert uploads["nginx"]["limit"] is None
    assert uploads["nginx"]["waited"] < 1.0  # it takes the request whole first
    assert uploads["haproxy"]["limit"] == pytest.approx(LIMITS["haproxy"], abs=NEAR)
    assert uploads["haproxy"]["by"] == "HAProxy"
    assert uploads["apache"]["limit"] is None


def asked(port: int, proxy: str, *, stream: bool, **headers: str) -> Heard:
    body = chat(MODEL, stream=stream, question=f"{proxy} {stream}")
    return ask(port, body, {"authorization": f"Bearer ow-{proxy}", **headers})


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
def test_what_it_prints_survives(
    scene: Scene, runs: dict[str, tuple[int, dict[str, Any]]], tmp_path: Path, stream: bool
) -> None:
    """A gateway whose keys have the printed settings, another with the printed header, and one with neither: cut."""
    told = {proxy: run[1] for proxy, run in runs.items()}
    channel = {"name": "sim", "base_url": scene.provider.url}
    keys = [{"name": name, "key": f"ow-{name}", **yaml.safe_load(told[name]["yaml"])} for name in ALL]
    config = {"server": {"port": scene.second}, "channels": [channel], "keys": keys}
    second = Gateway(config, tmp_path, "second")
    calls: list[tuple[str, str, dict[str, str]]] = []
    for proxy in ALL:
        name, value = told[proxy]["header"].split(": ")
        calls += [(proxy, "second", {}), (proxy, "first", {name: value}), (proxy, "first", {})]
    try:
        with ThreadPoolExecutor(len(calls)) as pool:
            heard = list(
                pool.map(lambda each: asked(scene.ports[each[0], each[1]], each[0], stream=stream, **each[2]), calls)
            )
    finally:
        second.stop()
    for (proxy, which, headers), each in zip(calls, heard, strict=True):
        if which == "second" or headers:
            assert (each.status, each.end, len(each.text.split())) == (200, "whole", 5), (proxy, which, each.body[:300])
            assert len(each.beats) >= 4
        else:
            assert each.status in (502, 504), proxy
            assert each.seconds < SILENT - 2


def test_without_a_proxy_nothing_is_cut(scene: Scene) -> None:
    status, out, err = path(scene.gateway.url, "--up-to", "2s", key="ow-nginx")
    assert status == 0, err
    assert "No cut up to 2s: silence passes this path." in out
    assert "heartbeat:" not in out


def test_heartbeats_that_are_held_back_are_bad_news(stage: Stage, scene: Scene) -> None:
    """Nginx that compresses, and is told to overlook `X-Accel-Buffering`."""
    port = free_port()
    config = stage.folder / "holding.conf"
    (prefix := stage.folder / "holding").mkdir()
    config.write_text(HOLDING.format(port=port, target=scene.gateway.port, folder=prefix))
    stage.start("holding", [found("nginx"), "-p", str(prefix), "-e", "stderr", "-c", str(config)], port)
    status, out, _ = path(
        f"http://127.0.0.1:{port}", "--up-to", "1s", "--only", "stream,json", "--json", key="ow-nginx"
    )
    told = json.loads(out)
    assert (status, told["verdict"], told["held"]) == (1, "held", ["stream", "json"])
    assert "buffering or compression" in told["said"][0]


HOLDING = """
daemon off;
user root;
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{target};
            proxy_ignore_headers X-Accel-Buffering;
            gzip on; gzip_min_length 1; gzip_proxied any; gzip_types application/json text/event-stream;
        }}
    }}
}}
"""


def test_no_gateway_there(provider: Provider) -> None:
    status, out, err = path(f"http://127.0.0.1:{provider.port}")
    assert (status, out) == (2, "")
    assert f"No outwait gateway answers at http://127.0.0.1:{provider.port} (status 404)" in err
    assert "`outwait serve` behind it" in err


def test_nobody_there() -> None:
    port = free_port()
    status, out, _ = path(f"http://127.0.0.1:{port}", "--json")
    assert (status, json.loads(out)["kind"]) == (1, "unreached")
    assert json.loads(out)["said"] == [f"The gateway cannot be reached: 127.0.0.1:{port}: Connection refused."]


def test_a_wrong_key(scene: Scene) -> None:
    status, _, err = path(scene.gateway.url, key="nobody's")
    assert status == 2
    assert "Give one with --key or OUTWAIT_API_KEY." in err


# Every middlebox there is to try on, with a limit of `LIMIT` seconds: who cuts, whether heartbeats help, and how a body
# ends that is cut. Caddy ends it properly.
TOUR = {
    "nginx": ("nginx", "beaten", "truncated"),
    "haproxy": ("HAProxy", "beaten", "truncated"),
    "apache": ("Apache httpd", "beaten", "truncated"),
    "caddy": ("Caddy", "beaten", "ended"),
    "caddy-total": (None, "total", "truncated"),
    "envoy": ("Envoy", "beaten", "truncated"),
    "envoy-total": ("Envoy", "total", "truncated"),
    "varnish": ("Varnish", "beaten", "truncated"),
    "lighttpd": ("lighttpd", "beaten", "truncated"),
}
LOOKS = {"lighttpd": 2.0}  # seconds that may pass before it looks at its clocks


@pytest.fixture(scope="module")
def tour(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, dict[str, Any]] | str]:
    """What a run says of each, or why there is none; all at the same time."""
    stage = Stage(tmp_path_factory.mktemp("tour"))
    told: dict[str, tuple[int, dict[str, Any]] | str] = {}
    ports: dict[str, int] = {}
    keys = [{"name": name, "key": f"ow-{name}"} for name in TOUR]
    gateway = stage.serve({"channels": [{"name": "sim", "base_url": scene.provider.url}], "keys": keys})

    def one(name: str) -> tuple[int, dict[str, Any]]:
        url = f"http://127.0.0.1:{ports[name]}"
        status, out, err = path(url, "--up-to", "6s", "--only", "stream", "--json", key=f"ow-{name}")
        assert out, err
        return status, json.loads(out)

    try:
        for name in TOUR:
            try:
                ports[name] = start(stage, name, gateway.port)
            except pytest.skip.Exception as missing:
                told[name] = str(missing)
        with ThreadPoolExecutor(len(TOUR)) as pool:
            return told | dict(zip(ports, pool.map(one, ports), strict=True))
    finally:
        stage.stop()


@pytest.mark.parametrize("name", TOUR)
def test_every_middlebox_is_seen_through(tour: dict[str, tuple[int, dict[str, Any]] | str], name: str) -> None:
    found = tour[name]
    if isinstance(found, str):
        pytest.skip(found)
    status, told = found
    product, verdict, ending = TOUR[name]
    assert (status, told["verdict"]) == (0 if verdict == "beaten" else 1, verdict), told["said"]
    first_byte, idle = told["limits"]
    for each in (first_byte, idle):
        assert LIMIT - NEAR <= each["limit"] <= LIMIT + NEAR + LOOKS.get(name, 0.0)
    assert (first_byte["by"], idle["how"]) == (product, ending)
    assert not told["held"]
    if verdict == "total":
        assert told["total"] == pytest.approx(LIMIT, abs=NEAR)
        assert told["setting"] is None
        assert "heartbeats arrived in time and did not help" in told["said"][0]
        assert {each["kind"] for each in told["middleboxes"]} == {"total"}
