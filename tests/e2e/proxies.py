"""Real proxies that cut silence after three seconds, as operators have them by default (with a longer span)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from tests.e2e.stage import Stage, found, free_port

SILENCE = 3  # seconds

_NGINX = """
daemon off;
{user}
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    client_max_body_size 32m;
    types {{ text/html html; }}
{servers}
}}
"""
_SERVER = """
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{target};
            proxy_read_timeout {silence}s;
            {more}
        }}
    }}
"""
# What a careful admin writes, and a careless one: compression of whatever passes.
_KEPT_ALIVE = """proxy_http_version 1.1;
            proxy_set_header Connection "";
            gzip on;
            gzip_min_length 1;
            gzip_proxied any;
            gzip_types application/json text/event-stream;"""

_HAPROXY = """
global
    log stderr format raw daemon warning
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server {silence}s
{pairs}
"""
_PAIR = """
frontend f{port}
    bind 127.0.0.1:{port}
    default_backend b{port}
backend b{port}
    server s 127.0.0.1:{target}
"""


@dataclass(frozen=True, slots=True)
class Proxies:
    """Ports by proxy and by what stands behind it, e.g. `ports["nginx", "gateway"]`.

    `nginx` is the stock one (HTTP/1.0 to the upstream), `nginx-1.1` speaks HTTP/1.1 to it and compresses.
    """

    ports: Mapping[tuple[str, str], int]

    def url(self, proxy: str, target: str) -> str:
        """The base URL for an SDK."""
        return f"http://127.0.0.1:{self.ports[proxy, target]}/v1"


def start_nginx(stage: Stage, targets: Mapping[str, int]) -> Proxies:
    """Nginx in front of `targets` (name -> port), both variants."""
    program = found("nginx")
    ports: dict[tuple[str, str], int] = {}
    servers = []
    for name, target in targets.items():
        for variant, more in (("nginx", ""), ("nginx-1.1", _KEPT_ALIVE)):
            port = ports[variant, name] = free_port()
            servers.append(_SERVER.format(port=port, target=target, silence=SILENCE, more=more))
    config = stage.folder / f"nginx-{len(stage.programs)}.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # its worker must reach the folder of this test run
    config.write_text(_NGINX.format(user=user, servers="".join(servers)))
    prefix = stage.folder / f"nginx-{len(stage.programs)}-prefix"
    prefix.mkdir()
    stage.start("nginx", [program, "-p", str(prefix), "-e", "stderr", "-c", str(config)], *ports.values())
    return Proxies(ports)


def start_haproxy(stage: Stage, targets: Mapping[str, int]) -> Proxies:
    """HAProxy in front of `targets`."""
    program = found("haproxy")
    ports = {("haproxy", name): free_port() for name in targets}
    pairs = "".join(_PAIR.format(port=port, target=targets[name]) for (_, name), port in ports.items())
    config = stage.folder / f"haproxy-{len(stage.programs)}.cfg"
    config.write_text(_HAPROXY.format(silence=SILENCE, pairs=pairs))
    stage.start("haproxy", [program, "-db", "-f", str(config)], *ports.values())
    return Proxies(ports)
