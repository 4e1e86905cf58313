"""Middleboxes with limits of a few seconds, each in front of a server: what `docs/middleboxes` says of them is tried on
these. `start(stage, name, target)` starts one; it skips where its program is not installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.e2e.proxies import start_haproxy, start_nginx
from tests.e2e.stage import ROOT, Stage, found, free_port

LIMIT = 3  # seconds: of silence, or of the whole call, as the name says
LONG = 60
ENVOY = ROOT / ".tools" / "envoy" / "bin" / "envoy"

_APACHE = """\
DefaultRuntimeDir {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
ServerName localhost
{user}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
Listen 127.0.0.1:{port}
{more}
ProxyPass / http://127.0.0.1:{target}/ flushpackets={flush} retry=0 timeout={limit}
"""
_DEFLATE = """\
LoadModule filter_module {modules}/mod_filter.so
LoadModule deflate_module {modules}/mod_deflate.so
AddOutputFilterByType DEFLATE text/event-stream application/json"""
_MODULES = "/usr/lib/apache2/modules"
_HAPROXY_GZIP = """\
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend f
    bind 127.0.0.1:{port}
    compression algo gzip
    compression type application/json text/event-stream
    default_backend b
backend b
    server s 127.0.0.1:{target}
"""
_CADDY = """\
{{
	admin off
	auto_https off
	servers {{
		timeouts {{
			{options}
		}}
	}}
}}
http://127.0.0.1:{port} {{
	{site}
	reverse_proxy 127.0.0.1:{target} {{
		{flush}
		transport http {{
			{transport}
		}}
	}}
}}
"""
_ENVOY = """\
static_resources:
  listeners:
    - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": {types}.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: test
                stream_idle_timeout: {idle}s
                route_config:
                  virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes:
                        - match: {{prefix: "/"}}
                          route: {{cluster: server, timeout: {total}s}}
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": {types}.http.router.v3.Router
  clusters:
    - name: server
      type: STATIC
      load_assignment:
        cluster_name: server
        endpoints:
          - lb_endpoints:
              - endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {target}}}}}}}
"""
_TYPES = "type.googleapis.com/envoy.extensions.filters"
_VCL = 'vcl 4.1;\nbackend default {{ .host = "127.0.0.1"; .port = "{target}"; }}\n'
_LIGHTTPD = """\
server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{folder}"
server.modules = ("mod_proxy")
server.stream-response-body = {stream}
proxy.server = ("" => (("host" => "127.0.0.1", "port" => {target}, "read-timeout" => {limit})))
"""


def _folder(stage: Stage, name: str) -> Path:
    folder = stage.folder / f"{name}-{len(stage.programs)}-home"
    folder.mkdir()
    folder.chmod(0o755)
    return folder


def _apache(stage: Stage, target: int, *, more: str = "", flush: str = "on") -> int:
    program, port, folder = found("apache2"), free_port(), _folder(stage, "apache")
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    config = folder / "apache.conf"
    config.write_text(
        _APACHE.format(
            folder=folder, user=user, modules=_MODULES, port=port, target=target, limit=LIMIT, flush=flush, more=more
        )
    )
    stage.start("apache", [program, "-D", "FOREGROUND", "-f", str(config)], port)
    return port


def _caddy(stage: Stage, target: int, **more: str) -> int:
    """`options`: for all sites; `site`: for this one; `flush`, `transport`: of its reverse proxy."""
    program, port, folder = found("caddy"), free_port(), _folder(stage, "caddy")
    config = folder / "Caddyfile"
    usual = {"options": "idle 60s", "site": "", "flush": "flush_interval -1", "transport": "dial_timeout 3s"}
    config.write_text(_CADDY.format(port=port, target=target, **{**usual, **more}))
    words = ["env", f"HOME={folder}", program, "run", "--adapter", "caddyfile", "--config", str(config)]
    stage.start("caddy", words, port)
    return port


def _envoy(stage: Stage, target: int, *, idle: int = LONG, total: int = 0) -> int:
    program = str(ENVOY) if ENVOY.is_file() else shutil.which("envoy")
    if program is None:
        pytest.skip("no Envoy in .tools/envoy (tools/test-needs fetches it)")
    port, folder = free_port(), _folder(stage, "envoy")
    config = folder / "envoy.yaml"
    config.write_text(_ENVOY.format(types=_TYPES, port=port, target=target, idle=idle, total=total))
    words = [program, "-c", str(config), "--use-dynamic-base-id", "--concurrency", "1", "--log-level", "error"]
    stage.start("envoy", words, port)
    return port


def _haproxy_gzip(stage: Stage, target: int) -> int:
    program, port, folder = found("haproxy"), free_port(), _folder(stage, "haproxy")
    config = folder / "haproxy.cfg"
    config.write_text(_HAPROXY_GZIP.format(port=port, target=target))
    stage.start("haproxy", [program, "-db", "-f", str(config)], port)
    return port


def _varnish(stage: Stage, target: int) -> int:
    program, port, folder = found("varnishd"), free_port(), _folder(stage, "varnish")
    vcl = folder / "default.vcl"
    vcl.write_text(_VCL.format(target=target))
    words = [program, "-j", "none", "-F", "-n", str(folder / "work"), "-f", str(vcl), "-a", f"127.0.0.1:{port}"]
    spans = ("first_byte_timeout", "between_bytes_timeout")
    words += ["-s", "malloc,16m", *(word for span in spans for word in ("-p", f"{span}={LIMIT}"))]
    stage.start("varnish", words, port)
    return port


def _lighttpd(stage: Stage, target: int, *, stream: int = 2) -> int:
    program, port, folder = found("lighttpd"), free_port(), _folder(stage, "lighttpd")
    config = folder / "lighttpd.conf"
    config.write_text(_LIGHTTPD.format(port=port, folder=folder, target=target, limit=LIMIT, stream=stream))
    stage.start("lighttpd", [program, "-D", "-f", str(config)], port)
    return port


_SILENCE = f"response_header_timeout {LIMIT}s\n\t\t\tread_timeout {LIMIT}s"

# By name. The limit is one of silence, but for those with `total` in their name.
MIDDLEBOXES: Mapping[str, Callable[[Stage, int], int]] = {
    "nginx": lambda stage, target: start_nginx(stage, {"it": target}).ports["nginx-1.1", "it"],
    "haproxy": lambda stage, target: start_haproxy(stage, {"it": target}).ports["haproxy", "it"],
    "apache": _apache,
    "caddy": lambda stage, target: _caddy(stage, target, transport=_SILENCE),
    "caddy-total": lambda stage, target: _caddy(stage, target, options=f"write {LIMIT}s"),
    "envoy": lambda stage, target: _envoy(stage, target, idle=LIMIT),
    "envoy-total": lambda stage, target: _envoy(stage, target, total=LIMIT),
    "varnish": _varnish,
    "lighttpd": _lighttpd,
}


# Those that hold bytes back, or might: compression, buffers.
HOLDERS: Mapping[str, Callable[[Stage, int], int]] = {
    "nginx": lambda stage, target: start_nginx(stage, {"it": target}).ports["nginx", "it"],
    "nginx-gzip": lambda stage, target: start_nginx(stage, {"it": target}).ports["nginx-1.1", "it"],
    "haproxy-gzip": _haproxy_gzip,
    "apache": lambda stage, target: _apache(stage, target, flush="auto"),
    "apache-gzip": lambda stage, target: _apache(stage, target, flush="auto", more=_DEFLATE.format(modules=_MODULES)),
    "caddy": lambda stage, target: _caddy(stage, target, flush=""),
    "caddy-gzip": lambda stage, target: _caddy(stage, target, flush="", site="encode gzip"),
    "envoy": _envoy,
    "varnish": _varnish,
    "lighttpd": lambda stage, target: _lighttpd(stage, target, stream=0),
    "lighttpd-1": lambda stage, target: _lighttpd(stage, target, stream=1),
    "lighttpd-2": lambda stage, target: _lighttpd(stage, target, stream=2),
}


def start(stage: Stage, name: str, target: int) -> int:
    """Start the middlebox `name` before the server on port `target`; returns its own port."""
    return {**HOLDERS, **MIDDLEBOXES}[name](stage, target)
