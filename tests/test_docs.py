"""What the docs say exists: links, files, commands with their options, make targets, configs, code.

Every Markdown file of the tree is read. A command stands in a fenced `sh`, `bash` or `console` block or in backticks.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from typer.testing import CliRunner

from outwait.cli.commands import app

ROOT = Path(__file__).resolve().parent.parent
SKIPPED = {".git", ".venv", ".tools", "node_modules", "outwait-data"}
PAGES = sorted(
    str(path.relative_to(ROOT)) for path in ROOT.rglob("*.md") if not SKIPPED & set(path.relative_to(ROOT).parts)
)
SHELL = {"sh", "bash", "console", "shell"}
every_page = pytest.mark.parametrize("page", PAGES)


class Block(NamedTuple):
    """A fenced block: its language, the line it starts at, its text."""

    language: str
    line: int
    text: str


@cache
def content(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def blocks(page: str) -> list[Block]:
    found, language, start, lines = [], None, 0, list[str]()
    for number, line in enumerate(content(page).splitlines(), 1):
        fence = re.match(r"\s*```(\w*)", line)
        if fence and language is None:
            language, start, lines = fence[1], number, []
        elif fence and language is not None:
            found.append(Block(language, start, "\n".join(lines)))
            language = None
        elif language is not None:
            lines.append(line)
    return found


def prose(page: str) -> str:
    """The page without its fenced blocks."""
    return re.sub(r"^\s*```.*?^\s*```", "", content(page), flags=re.DOTALL | re.MULTILINE)


def code_spans(page: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", prose(page))


def command_lines(page: str) -> list[list[str]]:
    """Each command of the page as words, without prompts, comments and what follows a pipe."""
    lines = [span for span in code_spans(page) if span.startswith(("outwait ", "make "))]
    for block in blocks(page):
        if block.language in SHELL:
            lines += block.text.replace("\\\n", " ").splitlines()
    words = []
    for line in lines:
        for part in re.split(r"&&|\|\||[|;]", line.strip().removeprefix("$ ")):
            try:
                found = shlex.split(part, comments=True)
            except ValueError:  # an apostrophe of prose inside a console block
                continue
            while found and re.fullmatch(r"[A-Z_]+=.*", found[0]):
                found = found[1:]
            words.append([word.removeprefix(".venv/bin/") for word in found])
    return [found for found in words if found]


# ------------------------------------------------------------------------------------------------------------- links
def anchors(page: str) -> set[str]:
    """The anchors that a forge makes from the headings of a page."""
    titles = re.findall(r"^#{1,6} (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@every_page
def test_links_resolve(page: str) -> None:
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue  # the network is not asked
        name, _, anchor = target.partition("#")
        path = ((ROOT / page).parent / name).resolve() if name else ROOT / page
        if not path.exists():
            wrong.append(f"{target}: no such file")
        elif anchor and anchor not in anchors(str(path.relative_to(ROOT))):
            wrong.append(f"{target}: no such heading")
    assert not wrong


@every_page
def test_files_named_exist(page: str) -> None:
    """A path in backticks that starts in this tree is there; `<name>` and `*` stand for what the reader chooses."""
    shape = re.compile(r"(src|tests|docs|tools|bench|changes|deploy|ui|\.ci)/[\w./-]*")
    assert not [span for span in code_spans(page) if shape.fullmatch(span) and not (ROOT / span).exists()]


# ---------------------------------------------------------------------------------------------------------- commands
@cache
def help_of(*command: str) -> str | None:
    """What `outwait <command> --help` says, or None when there is no such command."""
    env = {"COLUMNS": "400", "NO_COLOR": "1", "TERM": "dumb"}
    done = CliRunner().invoke(app, [*command, "--help"], env=env)
    return done.stdout if done.exit_code == 0 else None


@every_page
def test_commands_and_their_options_exist(page: str) -> None:
    wrong = []
    for words in command_lines(page):
        if words[0] != "outwait":
            continue
        name = tuple(word for word in words[1:2] if re.fullmatch(r"[a-z][a-z-]*", word))
        told = help_of(*name)
        if told is None:
            wrong.append(f"outwait {' '.join(name)}: no such command")
            continue
        options = [word.partition("=")[0] for word in words if word.startswith("--")]
        wrong += [
            f"{' '.join(words)}: no option {option}" for option in options if not re.search(rf"{option}(?![\w-])", told)
        ]
    assert not wrong


@every_page
def test_make_targets_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {word for words in command_lines(page) if words[0] == "make" for word in words[1:] if "=" not in word}
    assert named <= targets


# -------------------------------------------------------------------------------------------------------------- code
def test_the_installed_command_is_the_one_that_was_asked() -> None:
    """What the tests here ask in their own process, once as a reader does."""
    program = Path(sys.executable).with_name("outwait")
    env = {**os.environ, "COLUMNS": "400", "NO_COLOR": "1", "TERM": "dumb", "LC_ALL": "C.UTF-8"}
    done = subprocess.run([program, "--help"], capture_output=True, text=True, env=env, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    shown = help_of()
    assert shown is not None
    assert done.stdout.split() == shown.split()


@every_page
def test_code_is_code(page: str) -> None:
    for block in blocks(page):
        if block.language in ("python", "py"):
            ast.parse(block.text)
        elif block.language == "json":
            json.loads(block.text)
        elif block.language in ("yaml", "yml"):
            yaml.safe_load(block.text)


@every_page
def test_configs_are_accepted(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A YAML block that is a whole config passes `outwait serve --check`."""
    monkeypatch.chdir(tmp_path)
    for block in blocks(page):
        data = yaml.safe_load(block.text) if block.language in ("yaml", "yml") else None
        if not isinstance(data, dict) or "channels" not in data:
            continue
        file = tmp_path / "outwait.yaml"
        file.write_text(block.text)
        variables = dict.fromkeys(re.findall(r"\$\{(\w+)", block.text), "value")
        done = CliRunner().invoke(app, ["serve", "--check", "--config", str(file)], env=variables)
        assert done.exit_code == 0, f"{page}:{block.line}: {done.output}"


def test_both_languages_show_the_same_commands() -> None:
    """README.zh-CN.md is README.md in Chinese: what the reader types is the same."""

    def typed(page: str) -> list[str]:
        lines = [
            line for block in blocks(page) if block.language in SHELL | {"yaml"} for line in block.text.splitlines()
        ]
        return [bare for line in lines if (bare := re.sub(r"(^|\s+)#.*$", "", line).rstrip())]

    if "README.zh-CN.md" not in PAGES:
        pytest.skip("there is no README.zh-CN.md")
    assert typed("README.zh-CN.md") == typed("README.md")
