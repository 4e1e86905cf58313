"""nginx, HAProxy, Apache and Caddy in front of the faulty servers: their pages and the lines they log."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.corpus.errors.labels import Label, told
from tests.corpus.errors.origins import Origins
from tests.corpus.errors.scrub import scrub
from tests.e2e.stage import SBIN, Stage, free_port

_LOG_WAIT: Final = 0.4  # seconds a proxy has to write its line


class Seen(NamedTuple):
    """What is to be kept of one call. `what`: page or log; the label, as in labels.py."""

    fault: str
    what: str
    cause: str
    side: str
    also_ok: str = ""
    also_side: str = ""


_502 = "connect_refused connect_reset bad_response gateway_no_channel empty_response"
_TIMEOUT = ("gateway_timeout_upstream", "middlebox")
SEEN: Final[dict[str, tuple[Seen, ...]]] = {
    "nginx": (
        Seen("refused", "page", "upstream_error", "upstream", _502, "middlebox gateway"),
        Seen("refused", "log", "connect_refused", "upstream", "", "middlebox"),
        Seen("silent", "page", *_TIMEOUT, "", "upstream gateway"),
        Seen("silent", "log", *_TIMEOUT, "", "upstream"),
        Seen("blackhole", "log", "connect_timeout", "network", "gateway_timeout_upstream", "middlebox upstream"),
        Seen(
            "close-before", "log", "connect_reset", "upstream", "empty_response middlebox_idle_cut", "middlebox network"
        ),
        Seen("reset-before", "log", "connect_reset", "upstream", "", "middlebox network"),
        Seen("stall", "log", "middlebox_idle_cut", "middlebox", "idle_timeout"),
        Seen("truncated-chunked", "log", "stream_truncated", "upstream", "connect_reset", "middlebox network"),
        Seen("banner", "log", "bad_response", "upstream", "", "middlebox"),
        Seen("too-large", "page", "bad_request", "middlebox", "", "client"),
        Seen("too-large", "log", "bad_request", "middlebox", "", "client"),
        Seen("gave-up", "access", "client_gave_up", "client"),
        Seen("tls", "log", "tls_failure", "middlebox", "proxy_misconfigured", "upstream gateway"),
        Seen("dns", "log", "dns_failure", "middlebox", "", "network gateway"),
        Seen("dead", "log", "gateway_no_channel", "middlebox", "connect_refused upstream_error", "upstream gateway"),
    ),
    "haproxy": (
        Seen(
            "refused",
            "page",
            "gateway_no_channel",
            "middlebox",
            "connect_refused overloaded upstream_error",
            "upstream gateway",
        ),
        Seen("refused", "log", "connect_refused", "upstream", "gateway_no_channel", "middlebox"),
        Seen("silent", "page", *_TIMEOUT, "", "upstream gateway"),
        Seen("silent", "log", *_TIMEOUT, "", "upstream"),
        Seen("blackhole", "log", "connect_timeout", "network", "gateway_timeout_upstream", "middlebox upstream"),
        Seen(
            "close-before",
            "page",
            "bad_response",
            "upstream",
            "connect_reset empty_response upstream_error",
            "middlebox gateway",
        ),
        Seen("close-before", "log", "connect_reset", "upstream", "bad_response empty_response", "middlebox network"),
        Seen("stall", "log", "middlebox_idle_cut", "middlebox", "idle_timeout stream_truncated", "upstream"),
        Seen("truncated-chunked", "log", "stream_truncated", "upstream", "connect_reset", "middlebox network"),
        Seen("dead", "log", "gateway_no_channel", "middlebox", "", "gateway upstream"),
    ),
    "apache": (
        Seen(
            "refused",
            "page",
            "overloaded",
            "upstream",
            "upstream_error connect_refused gateway_no_channel",
            "middlebox gateway",
        ),
        Seen("refused", "log", "connect_refused", "upstream", "", "middlebox"),
        Seen(
            "silent", "page", *_TIMEOUT, "bad_response connect_reset upstream_error empty_response", "upstream gateway"
        ),
        Seen("silent", "log", *_TIMEOUT, "first_byte_timeout", "upstream"),
        Seen(
            "close-before",
            "page",
            "bad_response",
            "upstream",
            "connect_reset empty_response upstream_error",
            "middlebox gateway",
        ),
        Seen("close-before", "log", "connect_reset", "upstream", "bad_response empty_response", "middlebox network"),
    ),
    "caddy": (
        Seen("refused", "page", "upstream_error", "upstream", _502, "middlebox gateway"),
        Seen("refused", "log", "connect_refused", "upstream", "", "middlebox"),
        Seen("silent", "page", *_TIMEOUT, "", "upstream gateway"),
        Seen("silent", "log", *_TIMEOUT, "first_byte_timeout", "upstream"),
        Seen("blackhole", "log", "connect_timeout", "network", "gateway_timeout_upstream", "middlebox upstream"),
        Seen("reset-before", "log", "connect_reset", "upstream", "", "middlebox network"),
        Seen("stall", "log", "client_gave_up", "client", "stream_truncated", "middlebox"),
    ),
}
_PASSED: Final = (
    "refused",
    "silent",
    "blackhole",
    "close-before",
    "reset-before",
    "stall",
    "truncated-chunked",
    "banner",
)

_NGINX: Final = """
daemon off;
{user}
worker_processes 1;
pid nginx.pid;
error_log error.log;
events {{ worker_connections 256; }}
http {{
    access_log access.log;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    proxy_connect_timeout 1s; proxy_read_timeout 1s; proxy_http_version 1.1;
    upstream pool {{ server 127.0.0.1:{refused} max_fails=1; server 127.0.0.1:{unused} max_fails=1; }}
    server {{
        listen 127.0.0.1:{port};
        server_name llm.example.com;
{passed}
        location /gave-up/ {{ proxy_pass http://127.0.0.1:{silent}/; }}
        location /too-large/ {{ client_max_body_size 10; proxy_pass http://127.0.0.1:{silent}/; }}
        location /tls/ {{ proxy_pass https://127.0.0.1:{plain}/; }}
        location /dead/ {{ proxy_pass http://pool/; }}
        location /dns/ {{
            resolver 127.0.0.1:{refused}; resolver_timeout 1s;
            set $up model.internal; proxy_pass http://$up:8000;
        }}
    }}
}}
"""
_HAPROXY: Final = """
global
    log stdout format raw local0
defaults
    log global
    mode http
    option httplog
    retries 0
    timeout connect 1s
    timeout client 30s
    timeout server 1s
frontend llm
    bind 127.0.0.1:{port}
    use_backend %[path,field(2,/)]
backend dead
{passed}
"""
_APACHE: Final = """
ServerName llm.example.com
ServerRoot {folder}
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
{passed}
"""
_CADDY: Final = """
{{
    admin off
    auto_https off
}}
http://127.0.0.1:{port} {{
{passed}
}}
"""


class Proxy(NamedTuple):
    """A running one. `logs`: where it writes, by kind."""

    port: int
    logs: dict[str, Path]
    version: str


def made(stage: Stage, origins: Origins, only: str) -> Iterator[dict[str, Any]]:
    """The cases of all proxies that are here."""
    path = f"{os.environ.get('PATH', '')}:{SBIN}"
    for name, start in (("nginx", _nginx), ("haproxy", _haproxy), ("apache", _apache), ("caddy", _caddy)):
        wanted = [seen for seen in SEEN[name] if only in f"{name}-{seen.fault}-{seen.what}"]
        program = shutil.which("apache2" if name == "apache" else name, path=path)
        if program is None or not wanted:
            sys.stderr.write(f"left out: {name}\n" if wanted else "")
            continue
        proxy = start(stage, origins.ports, program)
        for seen in wanted:
            yield _case(name, proxy, seen, origins)


def _case(name: str, proxy: Proxy, seen: Seen, origins: Origins) -> dict[str, Any]:
    log = proxy.logs.get("access" if seen.what == "access" else "log", proxy.logs["log"])
    if seen.fault == "dead":  # a pool is dead once its servers have failed
        _call(proxy.port, seen.fault)
    begun = log.stat().st_size if log.exists() else 0
    page = _call(proxy.port, seen.fault)
    time.sleep(_LOG_WAIT)
    text = page if seen.what == "page" else log.read_bytes()[begun:].decode("utf-8", "replace")
    if not text.strip():
        raise RuntimeError(f"{name} said nothing of {seen.fault}")
    shown = {**dict.fromkeys(origins.ports.values(), 8000), proxy.port: 443}
    for was, shall in ((f"/{seen.fault}/v1", "/v1"), (f" {seen.fault}/", " vllm/")):
        text = text.replace(was, shall)  # the corpus must not say what was done
    case = {
        "id": f"{name}-{seen.fault}-{seen.what}",
        "text": scrub(text, shown, (str(log.parent),)),
        "made_by": f"{proxy.version}: {seen.what} for `{seen.fault}`",
    }
    return {**case, **told(Label(seen.cause, seen.side, seen.also_ok, seen.also_side))}


def _call(port: int, fault: str) -> str:
    """What curl shows of a call: status line, headers, page."""
    wait = "0.4" if fault == "gave-up" else "5"
    argv = ["curl", "-si", "--max-time", wait, "-H", "Content-Type: application/json", "-d", '{"model": "gpt-4o"}']
    done = subprocess.run(
        [*argv, f"http://127.0.0.1:{port}/{fault}/v1/chat/completions"], capture_output=True, check=False
    )
    text = done.stdout.decode("utf-8", "replace").replace("\r", "")
    return re.sub(r"(?m)^(Date|ETag|Connection|Keep-Alive): .*\n", "", text)


def _version(argv: list[str]) -> str:
    done = subprocess.run(argv, capture_output=True, check=True)
    said = (done.stdout + done.stderr).decode()
    found = re.search(r"(nginx|HAProxy version|Apache)/? ?([\d.]+)", said)
    return f"{found[1].removesuffix(' version')} {found[2]}" if found else f"Caddy {said.split()[0]}"


def _nginx(stage: Stage, ports: dict[str, int], program: str) -> Proxy:
    port, folder = free_port(), stage.folder / "nginx-corpus"
    folder.mkdir()
    passed = "\n".join(
        f"        location /{name}/ {{ proxy_pass http://127.0.0.1:{ports[name]}/; }}" for name in _PASSED
    )
    user = "user root;" if os.geteuid() == 0 else ""
    more = {name: ports[name] for name in ("refused", "silent", "plain")}
    config = _NGINX.format(user=user, port=port, passed=passed, unused=ports["no-proxy"], **more)
    (folder / "nginx.conf").write_text(config)
    stage.start("nginx", [program, "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")], port)
    return Proxy(port, {"log": folder / "error.log", "access": folder / "access.log"}, _version([program, "-v"]))


def _haproxy(stage: Stage, ports: dict[str, int], program: str) -> Proxy:
    port, path = free_port(), stage.folder / "haproxy-corpus.cfg"
    passed = "\n".join(f"backend {name}\n    server s1 127.0.0.1:{ports[name]}" for name in _PASSED)
    path.write_text(_HAPROXY.format(port=port, passed=passed))
    running = stage.start("haproxy", [program, "-db", "-f", str(path)], port)
    return Proxy(port, {"log": running.log}, _version([program, "-v"]))


def _apache(stage: Stage, ports: dict[str, int], program: str) -> Proxy:
    port, folder = free_port(), stage.folder / "apache-corpus"
    folder.mkdir()
    passed = "\n".join(
        f"ProxyPass /{name}/ http://127.0.0.1:{ports[name]}/ timeout=1 connectiontimeout=1 retry=0" for name in _PASSED
    )
    (folder / "httpd.conf").write_text(
        _APACHE.format(folder=folder, port=port, passed=passed, modules="/usr/lib/apache2/modules")
    )
    stage.start("apache", [program, "-X", "-f", str(folder / "httpd.conf")], port)
    return Proxy(port, {"log": folder / "error.log"}, _version([program, "-v"]))


def _caddy(stage: Stage, ports: dict[str, int], program: str) -> Proxy:
    port, path = free_port(), stage.folder / "Caddyfile-corpus"
    limits = "transport http {{ dial_timeout 1s\nresponse_header_timeout 1s }}".format()
    limits = limits.replace("{ ", "{\n").replace(" }", "\n}")
    passed = "\n".join(
        f"handle_path /{name}/* {{\nreverse_proxy 127.0.0.1:{ports[name]} {{\n{limits}\n}}\n}}" for name in _PASSED
    )
    path.write_text(_CADDY.format(port=port, passed=passed))
    running = stage.start("caddy", [program, "run", "--adapter", "caddyfile", "--config", str(path)], port)
    return Proxy(port, {"log": running.log}, _version([program, "version"]))
