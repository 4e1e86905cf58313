"""The settings that docs/middleboxes shows, taken out of the pages and put to the programs they are for: each passes
its program's own check, forwards a short silence, and cuts a longer one where it says."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from tests.e2e.backstage import Provider
from tests.e2e.middleboxes import ENVOY
from tests.e2e.stage import ROOT, Stage, environment, found, free_port

PAGES = ROOT / "docs" / "middleboxes"
SHORT = 2  # seconds that the pages' spans of silence become
MODULES = "/usr/lib/apache2/modules"

_NGINX = """\
daemon off;
{user}
pid nginx.pid;
error_log stderr warn;
events {{}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
{block}
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
{block}
"""


def block(page: str, language: str) -> str:
    """The first fenced block of `language` on `page`."""
    match = re.search(
        rf"^```{language}\n(.*?)^```", (PAGES / f"{page}.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert match is not None, f"no block of {language} on {page}"
    return match[1]


def envoy() -> str:
    program = str(ENVOY) if ENVOY.is_file() else shutil.which("envoy")
    if program is None:
        pytest.skip("no Envoy in .tools/envoy (tools/test-needs fetches it)")
    return program


def whole(page: str, text: str, folder: Path) -> str:
    """`text` of `page` as a configuration that can be started in `folder`."""
    root = os.geteuid() == 0
    if page == "nginx":
        return _NGINX.format(user="user root;" if root else "", block=text)
    if page == "apache":
        user = "User www-data\nGroup www-data" if root else ""
        return _APACHE.format(folder=folder, user=user, modules=MODULES, block=text)
    if page == "caddy":
        return "{\n\tadmin off\n}\n" + text
    if page == "lighttpd":
        return text.replace("/var/empty", str(folder))
    return text


# By page: the language of its block, how its program checks a file, and how it runs one; {file}, {folder}.
Words = Callable[[], Sequence[str]]
PROGRAMS: Mapping[str, tuple[str, Words, Words]] = {
    "nginx": (
        "nginx",
        lambda: [found("nginx"), "-t", "-p", "{folder}", "-e", "stderr", "-c", "{file}"],
        lambda: [found("nginx"), "-p", "{folder}", "-e", "stderr", "-c", "{file}"],
    ),
    "haproxy": (
        "haproxy",
        lambda: [found("haproxy"), "-c", "-f", "{file}"],
        lambda: [found("haproxy"), "-db", "-f", "{file}"],
    ),
    "apache": (
        "apache",
        lambda: [found("apache2"), "-t", "-f", "{file}"],
        lambda: [found("apache2"), "-D", "FOREGROUND", "-f", "{file}"],
    ),
    "caddy": (
        "caddy",
        lambda: [found("caddy"), "validate", "--adapter", "caddyfile", "--config", "{file}"],
        lambda: ["env", "HOME={folder}", found("caddy"), "run", "--adapter", "caddyfile", "--config", "{file}"],
    ),
    "envoy": (
        "yaml",
        lambda: [envoy(), "--mode", "validate", "-c", "{file}"],
        lambda: [envoy(), "--use-dynamic-base-id", "--concurrency", "1", "--log-level", "error", "-c", "{file}"],
    ),
    "varnish": (
        "vcl",
        lambda: [found("varnishd"), "-j", "none", "-C", "-n", "{folder}/work", "-f", "{file}"],
        lambda: [
            *(found("varnishd"), "-j", "none", "-F", "-s", "malloc,16m"),
            *("-n", "{folder}/work", "-a", "127.0.0.1:8080", "-f", "{file}"),
        ],
    ),
    "lighttpd": (
        "lighttpd",
        lambda: [found("lighttpd"), "-tt", "-f", "{file}"],
        lambda: [found("lighttpd"), "-D", "-f", "{file}"],
    ),
}  # fmt: skip


def filled(words: Sequence[str], file: Path) -> list[str]:
    return [word.replace("{file}", str(file)).replace("{folder}", str(file.parent)) for word in words]


@pytest.mark.parametrize("page", PROGRAMS)
def test_a_programs_own_check_takes_it(page: str, tmp_path: Path) -> None:
    language, check, _ = PROGRAMS[page]
    words = check()
    file = tmp_path / "settings.conf"
    if page == "envoy":
        file = file.with_suffix(".yaml")
    file.write_text(whole(page, block(page, language), tmp_path))
    done = subprocess.run(
        filled(words, file), capture_output=True, text=True, timeout=60, cwd=tmp_path, env=environment(), check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not re.search(r"\[?(warn|WARNING)", done.stderr), done.stderr


def ask(port: int, model: str) -> tuple[int, bytes, float]:
    """Status, body and seconds of one call."""
    start, connection = time.monotonic(), http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hello"}]})
    connection.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
    reply = connection.getresponse()
    got = reply.read()
    connection.close()
    return reply.status, got, time.monotonic() - start


@pytest.mark.parametrize("page", PROGRAMS)
def test_it_forwards_and_cuts_where_it_says(page: str, stage: Stage, provider: Provider) -> None:
    """The page's 120 s of silence become two."""
    language, _, run = PROGRAMS[page]
    words, port = run(), free_port()
    folder = stage.folder / f"page-{page}"
    folder.mkdir()
    folder.chmod(0o755)
    text = re.sub(r"\b8787\b", str(provider.port), block(page, language))
    text = re.sub(r"\b8080\b", str(port), text)
    text = re.sub(r"\b120(?=s?\b)", str(SHORT), text)
    file = folder / ("settings.yaml" if page == "envoy" else "settings.conf")
    file.write_text(whole(page, text, folder))
    stage.start(f"page-{page}", [word.replace("8080", str(port)) for word in filled(words, file)], port)
    status, got, _ = ask(port, "silent-1s")
    assert (status, bool(json.loads(got)["choices"])) == (200, True)
    status, _, seconds = ask(port, "silent-8s")
    assert status in (502, 503, 504)
    assert SHORT - 0.5 <= seconds <= SHORT + 3.0
