"""Real proxies that cut silence after a few seconds, as operators have them by default (with a longer span)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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

_APACHE = """
ServerRoot {folder}
ServerName localhost
PidFile {folder}/pid
DefaultRuntimeDir {folder}
Mutex file:{folder} default
ErrorLog /dev/stderr
LogLevel warn
{modules}
{sites}
"""
_APACHE_MODULES = ("mpm_event", "authz_core", "proxy", "proxy_http")
_APACHE_FOLDER = Path("/usr/lib/apache2/modules")
_SITE = """
Listen 127.0.0.1:{port}
<VirtualHost 127.0.0.1:{port}>
    ProxyTimeout {silence}
    ProxyPass / http://127.0.0.1:{target}/
</VirtualHost>
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


def start_nginx(stage: Stage, targets: Mapping[str, int], silence: int = SILENCE) -> Proxies:
    """Nginx in front of `targets` (name -> port), both variants. `silence`: seconds it allows."""
    program = found("nginx")
    ports: dict[tuple[str, str], int] = {}
    servers = []
    for name, target in targets.items():
        for variant, more in (("nginx", ""), ("nginx-1.1", _KEPT_ALIVE)):
            port = ports[variant, name] = free_port()
            servers.append(_SERVER.format(port=port, target=target, silence=silence, more=more))
    config = stage.folder / f"nginx-{len(stage.programs)}.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # its worker must reach the folder of this test run
    config.write_text(_NGINX.format(user=user, servers="".join(servers)))
    prefix = stage.folder / f"nginx-{len(stage.programs)}-prefix"
    prefix.mkdir()
    stage.start("nginx", [program, "-p", str(prefix), "-e", "stderr", "-c", str(config)], *ports.values())
    return Proxies(ports)


def start_haproxy(stage: Stage, targets: Mapping[str, int], silence: int = SILENCE) -> Proxies:
    """HAProxy in front of `targets`. `silence`: seconds it allows."""
    program = found("haproxy")
    ports = {("haproxy", name): free_port() for name in targets}
    pairs = "".join(_PAIR.format(port=port, target=targets[name]) for (_, name), port in ports.items())
    config = stage.folder / f"haproxy-{len(stage.programs)}.cfg"
    config.write_text(_HAPROXY.format(silence=silence, pairs=pairs))
    stage.start("haproxy", [program, "-db", "-f", str(config)], *ports.values())
    return Proxies(ports)


def start_apache(stage: Stage, targets: Mapping[str, int], silence: int = SILENCE) -> Proxies:
    """Apache httpd in front of `targets`. `silence`: seconds it allows."""
    program = found("apache2")
    ports = {("apache", name): free_port() for name in targets}
    sites = "".join(_SITE.format(port=port, target=targets[name], silence=silence) for (_, name), port in ports.items())
    modules = "\n".join(f"LoadModule {name}_module {_APACHE_FOLDER}/mod_{name}.so" for name in _APACHE_MODULES)
    folder = stage.folder / f"apache-{len(stage.programs)}"
    folder.mkdir()
    config = folder / "apache.conf"
    config.write_text(_APACHE.format(folder=folder, modules=modules, sites=sites))
    stage.start("apache", [program, "-DFOREGROUND", "-f", str(config)], *ports.values())
    return Proxies(ports)
