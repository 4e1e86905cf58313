"""Who runs: each contender's program, its configuration and how it is started. A new peer is one more entry here.

All run one worker, keep upstream connections alive, speak HTTP/1.1 on both sides and write no access log, except
outwait, which runs as it is shipped: authentication, timeline, replay, heartbeats, one log line per call.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from bench.http import KEY, completion

BASELINE = "nginx"
CANDIDATE = "outwait"
_DESCRIPTORS = 20000


@dataclass(frozen=True, slots=True)
class Site:
    """Where a contender runs. `buffered`: replies may be collected (short calls); else each chunk goes out at once.

    `every`: seconds between the heartbeats of one that makes its own.
    """

    directory: Path
    port: int
    upstream: int
    buffered: bool
    every: int


@dataclass(frozen=True, slots=True)
class Contender:
    """A proxy. `config`: the text of its file; `command`: program and file -> argv.

    `beats`: it fills an upstream's silence itself; for others the upstream beats, and they relay. `ready`: a path that
    answers 200 when it is up, None if an open port says enough. `version`: the argument that prints its version.
    """

    name: str
    program: str
    config_name: str
    config: Callable[[Site], str]
    command: Callable[[str, Path], list[str]]
    beats: bool = False
    ready: str | None = None
    version: str = "-v"

    def find(self) -> str | None:
        """The program, beside our Python or on the PATH; None if it is not installed."""
        beside = Path(sys.executable).parent / self.program
        places = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"
        return str(beside) if beside.exists() else shutil.which(self.program, path=places)

    def prepare(self, site: Site) -> list[str]:
        """Write the configuration and return the command to start."""
        file = site.directory / self.config_name
        file.write_text(self.config(site))
        return self.command(self.find() or self.program, file)


def nginx_proxy(site: Site) -> str:
    """A plain reverse proxy."""
    buffering = "on" if site.buffered else "off"
    return _nginx(
        site,
        f"upstream provider {{ server 127.0.0.1:{site.upstream}; keepalive 512; keepalive_requests 1000000000; }}",
        'proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection "";'
        f" proxy_buffering {buffering}; proxy_read_timeout 3600s;",
    )


def nginx_stub(site: Site) -> str:
    """The provider of the short calls: a constant reply, as cheap as nginx can give it."""
    return _nginx(site, "", f"add_header x-request-id req_bench; return 200 '{completion().decode()}';")


def _nginx(site: Site, outside: str, location: str) -> str:
    user = "user root;" if os.geteuid() == 0 else ""  # else the worker could not enter our private directory
    paths = "".join(
        f"{name}_temp_path {site.directory}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""{user} daemon off; worker_processes 1; worker_rlimit_nofile {_DESCRIPTORS};
pid {site.directory}/nginx.pid; error_log stderr error;
events {{ worker_connections {_DESCRIPTORS}; }}
http {{ access_log off; {paths} default_type application/json;
  keepalive_requests 1000000000; keepalive_timeout 3600s; {outside}
  server {{ listen 127.0.0.1:{site.port} backlog=4096; location / {{ {location} }} }} }}
"""


def haproxy_proxy(site: Site) -> str:
    """A plain reverse proxy; `http-no-delay`, or it would collect chunks for up to 200 ms."""
    return f"""global
  nbthread 1
  maxconn {(_DESCRIPTORS - 200) // 2}
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  http-reuse always
  option http-no-delay
frontend in
  bind 127.0.0.1:{site.port} backlog 4096
  default_backend provider
backend provider
  server one 127.0.0.1:{site.upstream}
"""


def outwait_gateway(site: Site) -> str:
    """One channel, one key, heartbeats after and every `site.every` seconds, everything else as shipped."""
    return f"""server: {{host: 127.0.0.1, port: {site.port}, workers: 1}}
data_dir: {site.directory}/data
channels:
  - {{name: provider, dialect: openai, base_url: "http://127.0.0.1:{site.upstream}/v1", api_key: sk-provider}}
keys:
  - {{name: bench, key: {KEY}, heartbeat: {{after: {site.every}s, every: {site.every}s}}}}
"""


def _run_nginx(program: str, file: Path) -> list[str]:
    return [program, "-e", "stderr", "-p", str(file.parent), "-c", str(file)]


STUB = Contender("stub", "nginx", "stub.conf", nginx_stub, _run_nginx)
CONTENDERS = (
    Contender(BASELINE, "nginx", "nginx.conf", nginx_proxy, _run_nginx),
    Contender("nginx-again", "nginx", "nginx.conf", nginx_proxy, _run_nginx),
    Contender(
        "haproxy", "haproxy", "haproxy.cfg", haproxy_proxy, lambda program, file: [program, "-db", "-f", str(file)]
    ),
    Contender(
        "bare",
        Path(sys.executable).name,
        "bare.txt",
        lambda site: f"{site.port} {site.upstream}",
        lambda program, file: [program, "-m", "bench.bare", *file.read_text().split()],
        version="--version",
    ),
    Contender(
        CANDIDATE,
        "outwait",
        "outwait.yaml",
        outwait_gateway,
        lambda program, file: [program, "serve", "--config", str(file)],
        beats=True,
        ready="/healthz",
        version="--version",
    ),
)
_OUTWAIT = CONTENDERS[-1]


def before(tree: Path) -> Contender:
    """What stands in another checkout of outwait, `tree`, with our Python and its packages."""
    source = f"PYTHONPATH={tree.resolve() / 'src'}"
    return replace(
        _OUTWAIT,
        name=f"{CANDIDATE}-before",
        command=lambda program, file: ["env", source, *_OUTWAIT.command(program, file)],
    )


DEFAULT_NAMES = (BASELINE, "nginx-again", "bare", CANDIDATE)
