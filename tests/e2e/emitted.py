"""Programs run from emitted settings: the text as it stands, and around it only what no snippet can say (who runs the
program, where it may write)."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

from tests.e2e.stage import ROOT, Stage, environment, found, free_port

from outwait.toolkit.timeouts.advice import Advice, Place
from outwait.toolkit.timeouts.emit import emit

ENVOY = ROOT / ".tools" / "envoy" / "bin" / "envoy"
_MODULES = Path("/usr/lib/apache2/modules")
_NGINX = """\
daemon off;
{user}
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include {file};
}}
"""
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
Include {file}
"""
_HAPROXY = """\
global
    log stderr format raw daemon warning
"""

Words = tuple[list[str], list[str]]


def words(target: str, file: Path, folder: Path) -> Words:
    """How `target`'s settings in `file` are checked, and how they are run. Skips where the program is missing."""
    return _PROGRAMS[target](file, folder)


def folder_for(stage: Stage, name: str) -> Path:
    """A folder that the program's own user may enter."""
    made = Path(mkdtemp(prefix=f"{name}-", dir=stage.folder))
    made.chmod(0o755)
    return made


def write(target: str, advice: Advice, folder: Path) -> Path:
    """The emitted file."""
    snippet = emit(target, advice)
    path = folder / snippet.file
    path.write_text(snippet.text)
    return path


def check(argv: list[str], **env: str) -> subprocess.CompletedProcess[str]:
    """Run a checker."""
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, env=environment(**env), check=False)


def start(stage: Stage, target: str, advice: Advice) -> int:
    """Run `target` with its emitted settings, where the advice has its place; returns its port."""
    folder = folder_for(stage, target)
    _, run = words(target, write(target, advice, folder), folder)
    port = advice.at(target).place.listen
    stage.start(target, run, port)
    return port


def placed(advice: Advice, gateway: int) -> Advice:
    """The advice for a gateway on the port `gateway`, with free ports for all edges, and the client at the first."""
    count = len(advice.chain.edges)
    listen = next(port for port in iter(free_port, 0) if all(_free(port + more) for more in range(1, count)))
    place = Place(f"127.0.0.1:{gateway}", listen, f"http://127.0.0.1:{listen + count - 1}")
    return replace(advice, facts=replace(advice.facts, place=place))


def _free(port: int) -> bool:
    with socket.socket() as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _nginx(file: Path, folder: Path) -> Words:
    program, config = found("nginx"), folder / "main.conf"
    config.write_text(_NGINX.format(user="user root;" if os.geteuid() == 0 else "", file=file))
    run = [program, "-p", str(folder), "-e", "stderr", "-c", str(config)]
    return [*run, "-t"], run


def _haproxy(file: Path, folder: Path) -> Words:
    program, first = found("haproxy"), folder / "global.cfg"
    first.write_text(_HAPROXY)
    files = ["-f", str(first), "-f", str(file)]
    return [program, "-c", *files], [program, "-db", *files]


def _caddy(file: Path, folder: Path) -> Words:
    program = found("caddy")
    home = ["env", f"HOME={folder}", f"CADDY_ADMIN=127.0.0.1:{free_port()}", program]
    options = ["--adapter", "caddyfile", "--config", str(file)]
    return [*home, "validate", *options], [*home, "run", *options]


def _apache(file: Path, folder: Path) -> Words:
    program, config = found("apache2"), folder / "main.conf"
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    config.write_text(_APACHE.format(folder=folder, user=user, modules=_MODULES, file=file))
    return [program, "-t", "-f", str(config)], [program, "-D", "FOREGROUND", "-f", str(config)]


def _envoy(file: Path, _: Path) -> Words:
    program = str(ENVOY) if ENVOY.is_file() else found("envoy")
    quiet = ["--use-dynamic-base-id", "--concurrency", "1", "--log-level", "error"]
    return [program, "--mode", "validate", "-c", str(file)], [program, "-c", str(file), *quiet]


def _shell(file: Path, _: Path) -> Words:
    program = found("sh")
    return [program, "-n", str(file)], []


def _systemd(file: Path, folder: Path) -> Words:
    """The project's own unit, with this drop-in."""
    program = found("systemd-analyze")
    unit = folder / "outwait.service"
    text = (ROOT / "deploy" / "systemd" / "outwait.service").read_text()
    unit.write_text(text.replace("/opt/outwait/bin/outwait", "/bin/true"))
    drop_in = folder / "outwait.service.d"
    drop_in.mkdir(exist_ok=True)
    file.rename(drop_in / file.name)
    return [program, "verify", str(unit)], []


_PROGRAMS: Mapping[str, Callable[[Path, Path], Words]] = {
    "nginx": _nginx,
    "haproxy": _haproxy,
    "caddy": _caddy,
    "apache": _apache,
    "envoy": _envoy,
    "alb-cli": _shell,
    "cloudflare": _shell,
    "systemd": _systemd,
}
CHECKED = tuple(_PROGRAMS)
RUN = ("nginx", "haproxy", "caddy", "apache", "envoy")
