"""Makes cases.jsonl: real libraries, proxies and servers fail on loopback, and what they print is kept.

    python -m tests.corpus.errors.make --node FOLDER [--only TEXT] [--out FILE]

FOLDER holds node_modules with axios, undici, openai and @anthropic-ai/sdk (`npm install` them there). Used where they
are there: Go, a JDK, Ruby, PHP with curl, curl, wget, nginx, HAProxy, Apache and Caddy; what is missing is told, and
its cases are left out. Nothing but loopback is reached, and only what was started here is stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.corpus.errors import labels, middleboxes, node_programs, other_programs, python_programs
from tests.corpus.errors.origins import Origins
from tests.corpus.errors.scrub import scrub
from tests.e2e.stage import Stage, environment, free_port

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[2]
LONGEST: Final = 6000  # characters of a case's text
_FRAMES: Final = "import sys; sys.tracebacklimit = 4\n"
_PORTS: Final = {"no-proxy": 3128, "demands": 3128}
_STEP: Final = re.compile(r"(?P<fault>[\w:-]+?)(?:/(?P<how>\w+))?(?:=(?P<wait>[\d.]+))?(?P<last>!)?")


class Job(NamedTuple):
    """One call to be made. `how`: as the program takes it; `last`: keep only the last line."""

    program: str
    fault: str
    how: str
    wait: float
    last: bool

    @property
    def name(self) -> str:
        """Its id in the corpus."""
        kind = "" if self.how == "json" else f"-{self.how}"
        return f"{self.program}-{self.fault.replace('sim:', '')}{kind}{'-last' * self.last}"


def jobs() -> Iterator[Job]:
    """Every call, in the order of the tables."""
    for program, made in labels.MADE.items():
        for word in made.split():
            step = _STEP.fullmatch(word)
            assert step is not None, word
            yield Job(program, step["fault"], step["how"] or "json", float(step["wait"] or 1), bool(step["last"]))


class Workshop:
    """Where the programs are written, built and run."""

    def __init__(self, folder: Path, node: Path | None, origins: Origins, simulator: int) -> None:
        self.folder, self.origins, self.simulator = folder, origins, simulator
        self.versions: dict[str, str] = {}
        self._argv: dict[str, list[str]] = {}
        for program, (_, place, package) in python_programs.PYTHON.items():
            self._python(program, ROOT / place / "bin/python", package)
        if node is not None:
            (folder / "node_modules").symlink_to(node / "node_modules")
            for program, (_, package) in node_programs.NODE.items():
                self._node(program, package)
        self._others()

    def _python(self, program: str, python: Path, package: str) -> None:
        if not python.exists():
            return
        path = self.folder / program / "app.py"  # not named as a library
        path.parent.mkdir()
        path.write_text(_FRAMES + python_programs.source(program))
        self._argv[program] = [str(python), str(path)]
        asked = f"import sys, importlib.metadata as m; print(m.version('{package or 'pip'}'), sys.version.split()[0])"
        version, own = _said([str(python), "-c", asked]).split()
        self.versions[program] = f"{package} {version}, Python {own}" if package else f"Python {own}"

    def _node(self, program: str, package: str) -> None:
        path = self.folder / f"{program}.mjs"
        path.write_text(node_programs.source(program))
        self._argv[program] = ["node", str(path)]
        own = _said(["node", "--version"])
        self.versions[program] = f"Node {own}"
        if package:
            found = json.loads((self.folder / "node_modules" / package / "package.json").read_text())
            self.versions[program] = f"{package} {found['version']}, Node {own}"

    def _others(self) -> None:
        folder = self.folder
        if shutil.which("go"):
            (folder / "main.go").write_text(other_programs.GO)
            subprocess.run(["go", "build", "-o", "ask", "main.go"], cwd=folder, check=True)
            self._other("go", [str(folder / "ask")], ["go", "version"], r"go[\d.]+")
        if shutil.which("javac"):
            (folder / "App.java").write_text(other_programs.JAVA)
            subprocess.run(["javac", "App.java"], cwd=folder, check=True)
            self._other("java", ["java", "-cp", str(folder), "App"], ["java", "--version"], r"openjdk [\d.]+")
        for program, source, suffix, pattern in (
            ("ruby", other_programs.RUBY, "rb", r"ruby [\d.]+"),
            ("php", other_programs.PHP, "php", r"PHP [\d.]+"),
        ):
            if shutil.which(program):
                path = folder / f"app.{suffix}"
                path.write_text(source)
                self._other(program, [program, str(path)], [program, "--version"], pattern)
        for program, pattern in (("curl", r"curl [\d.]+"), ("wget", r"Wget [\d.]+")):
            if shutil.which(program):
                self._other(program, [program], [program, "--version"], pattern)

    def _other(self, program: str, argv: list[str], asked: list[str], pattern: str) -> None:
        self._argv[program] = argv
        seen = re.search(pattern, _said(asked))
        self.versions[program] = seen[0] if seen else program

    def can(self, program: str) -> bool:
        """Whether `program` is there."""
        return program in self._argv

    def say(self, job: Job) -> tuple[str, float]:
        """What the program prints, and after how many seconds."""
        url, model, env = self._target(job)
        argv = [*self._argv[job.program], *_words(job, url, model)]
        if job.fault == "unreachable":
            argv = ["unshare", "-n", *argv] if os.geteuid() == 0 else ["unshare", "-rn", *argv]
        begun = time.monotonic()
        done = subprocess.run(
            argv, cwd=self.folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=90, check=False
        )
        elapsed = time.monotonic() - begun
        text = (done.stderr or done.stdout).decode("utf-8", "replace")
        return (text if done.returncode or done.stderr else ""), elapsed

    def _target(self, job: Job) -> tuple[str, str, dict[str, str]]:
        """The URL to call, the model to ask for and the environment."""
        ports, ca = self.origins.ports, str(self.origins.ca)
        names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
        env = environment(
            **dict.fromkeys(names, ca), GOTRACEBACK="none", NO_COLOR="1", LITELLM_LOCAL_MODEL_COST_MAP="True"
        )
        fault, model = job.fault, "gpt-4o"
        if fault.startswith("sim:"):
            return f"http://127.0.0.1:{self.simulator}", fault[4:], env
        if fault.startswith("proxy-"):
            proxy = f"http://127.0.0.1:{ports['no-proxy' if fault == 'proxy-refused' else 'demands']}"
            return "https://api.example.com", model, {**env, "HTTPS_PROXY": proxy, "https_proxy": proxy}
        if fault in {"tls-plain", "tls-hangup"}:
            return f"https://localhost:{ports['plain' if fault == 'tls-plain' else 'hangup']}", model, env
        if fault.startswith("tls-"):
            return f"https://localhost:{ports[fault]}", model, env
        if fault == "dns":
            return "http://api.some-provider.invalid:8000", model, env
        if fault == "unreachable":
            return "http://192.0.2.10:8000", model, env
        return f"http://127.0.0.1:{ports[{'full': 'silent', 'pool': 'stall'}.get(fault, fault)]}", model, env

    def case(self, job: Job) -> dict[str, Any] | None:
        """The case of `job`; None when the program had nothing to say."""
        text, elapsed = self.say(job)
        shown = {
            port: _PORTS.get(name, 8443 if name.startswith("tls-") else 8000)
            for name, port in self.origins.ports.items()
        }
        folders = (str(self.folder), str(self.folder.resolve()))
        text = scrub(text, {**shown, self.simulator: 8000}, folders)
        if job.last and text:
            text = text.splitlines()[-1]
        if not text:
            return None
        known = labels.label(job.program, job.fault, "last" if job.last else job.how)
        case = {
            "id": job.name,
            "text": text if len(text) <= LONGEST else text[: LONGEST // 2] + "\n...\n" + text[-LONGEST // 2 :],
            "made_by": f"{self.versions[job.program]}: {known.done}",
            **labels.told(known),
        }
        if known.cause in {"first_byte_timeout", "idle_timeout", "total_timeout", "connect_timeout", "write_timeout"}:
            case["elapsed_s"] = round(elapsed)
        return case


def _words(job: Job, url: str, model: str) -> list[str]:
    """The arguments of the program."""
    question = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hello"}]})
    wait, address = str(job.wait), url + "/v1/chat/completions"
    if job.program == "curl":
        return [
            "-sv" if job.how == "verbose" else "-sS",
            "--max-time",
            wait,
            "-H",
            "Content-Type: application/json",
            "-d",
            question,
            "-o",
            "/dev/null",
            address,
        ]
    if job.program == "wget":
        return ["--tries=1", f"--timeout={wait}", f"--post-data={question}", "-O", "/dev/null", address]
    return [url, model, wait, job.how]


def _said(argv: list[str]) -> str:
    return subprocess.run(argv, capture_output=True, check=True, text=True).stdout.strip()


def main() -> None:
    """Make all, or what `--only` names."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--node", type=Path, help="the folder that holds node_modules")
    asked.add_argument("--only", default="", help="make only cases whose id holds this")
    asked.add_argument("--out", type=Path, default=HERE / "cases.jsonl")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as place, Origins(Path(place)) as origins:
        folder, stage = Path(place), Stage(Path(place))
        try:
            port = free_port()
            stage.start("simulate", [sys.executable, "-m", "outwait", "simulate", "--port", str(port)], port)
            shop = Workshop(folder, given.node, origins, port)
            cases = list(_made(shop, given.only)) + list(middleboxes.made(stage, origins, given.only))
        finally:
            stage.stop()
    given.out.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in cases))
    sys.stderr.write(f"{len(cases)} cases in {given.out}\n")


def _made(shop: Workshop, only: str) -> Iterator[dict[str, Any]]:
    for job in jobs():
        if only not in job.name:
            continue
        case = shop.case(job) if shop.can(job.program) else None
        if case is None:
            sys.stderr.write(f"left out: {job.name}\n")
        else:
            yield case


if __name__ == "__main__":
    main()
