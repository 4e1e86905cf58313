"""The house rules that a linter does not know, run over the tree (CONTRIBUTING.md says them in words).

Every list of exceptions below gives a reason for each entry, and an entry that is no longer needed fails too.
"""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
from tests.digest import ROOT, digest, dotted, text

SRC = Path("src/outwait")

MAX_FILE, MAX_FUNCTION, MAX_PARAMETERS = 400, 60, 6

pytestmark = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="the rules are for a git checkout")

# ------------------------------------------------------------------------------------------- exceptions, each with why
LONG_FILES: dict[str, str] = {
    "src/outwait/diagnosis/advice.py": "a table of sentences in two languages",
}
MANY_PARAMETERS = {
    "src/outwait/core/fault.py:fault": "makes a row of data; keyword-only, every field optional",
    "src/outwait/cli/channels.py:channels": "each is an option of the command",
    "src/outwait/cli/check.py:check": "each is an option of the command",
    "src/outwait/cli/diagnose.py:diagnose": "each is an option of the command",
    "src/outwait/cli/explain.py:explain": "each is an option of the command",
    "src/outwait/cli/net.py:net": "each is an option of the command",
    "src/outwait/cli/path.py:path": "each is an option of the command",
    "src/outwait/cli/serve.py:serve": "each is an option of the command",
    "src/outwait/cli/simulate.py:simulate": "each is an option of the command",
    "src/outwait/cli/timeouts.py:timeouts": "each is an option of the command",
    "src/outwait/cli/top.py:top": "each is an option of the command",
}
NO_TEST_FILE = {
    "src/outwait/cli/timeouts_options.py": "types of options without a method",
    "src/outwait/core/ask.py": "frozen data without a method",
    "src/outwait/core/delta.py": "frozen data without a method",
    "src/outwait/core/endpoints.py": "protocols and frozen data without a method",
    "src/outwait/core/part.py": "frozen data without a method",
    "src/outwait/core/principal.py": "frozen data without a method",
    "src/outwait/core/progress.py": "protocols without a body",
    "src/outwait/core/catalog.py": "frozen data without a method",
    "src/outwait/core/request.py": "frozen data without a method",
    "src/outwait/core/reply.py": "frozen data without a method",
    "src/outwait/diagnosis/causes.py": "names and a table; tests/diagnosis/test_knowledge.py reads them",
    "src/outwait/diagnosis/patterns_apps.py": "rows of data; tests/diagnosis/test_knowledge.py reads them all",
    "src/outwait/diagnosis/patterns_clouds.py": "rows of data; tests/diagnosis/test_knowledge.py reads them all",
    "src/outwait/diagnosis/patterns_codes.py": "rows of data; tests/diagnosis/test_knowledge.py reads them all",
    "src/outwait/diagnosis/patterns_gateways.py": "rows of data; tests/diagnosis/test_knowledge.py reads them all",
    "src/outwait/diagnosis/patterns_go.py": "rows of data; tests/diagnosis/test_knowledge.py reads them all",
    "src/outwait/diagnosis/patterns_middleboxes.py": "rows of data; tests/diagnosis/test_knowledge.py reads them all",
    "src/outwait/diagnosis/patterns_node.py": "rows of data; tests/diagnosis/test_knowledge.py reads them all",
    "src/outwait/diagnosis/patterns_protocols.py": "rows of data; tests/diagnosis/test_knowledge.py reads them all",
    "src/outwait/diagnosis/patterns_providers.py": "rows of data; tests/diagnosis/test_knowledge.py reads them all",
    "src/outwait/diagnosis/patterns_python.py": "rows of data; tests/diagnosis/test_knowledge.py reads them all",
    "src/outwait/diagnosis/patterns_runtimes.py": "rows of data; tests/diagnosis/test_knowledge.py reads them all",
    "src/outwait/diagnosis/patterns_serving.py": "rows of data; tests/diagnosis/test_knowledge.py reads them all",
    "src/outwait/diagnosis/patterns_system.py": "rows of data; tests/diagnosis/test_knowledge.py reads them all",
    "src/outwait/diagnosis/patterns_phrases.py": "rows of data; tests/diagnosis/test_knowledge.py reads them all",
    "src/outwait/diagnosis/patterns_words.py": "rows of data; tests/diagnosis/test_knowledge.py reads them all",
    "src/outwait/diagnosis/symptom.py": "frozen data without a method",
    "src/outwait/exchange/inputs.py": "frozen data without a method",
    "src/outwait/policy/limit.py": "frozen data without a method",
    "src/outwait/policy/limits_apps.py": "rows of a table; tests/policy/test_limits.py reads them all",
    "src/outwait/policy/limits_clients.py": "rows of a table; tests/policy/test_limits.py reads them all",
    "src/outwait/policy/limits_clouds.py": "rows of a table; tests/policy/test_limits.py reads them all",
    "src/outwait/policy/limits_middleboxes.py": "rows of a table; tests/policy/test_limits.py reads them all",
    "src/outwait/policy/limits_platforms.py": "rows of a table; tests/policy/test_limits.py reads them all",
    "src/outwait/exchange/effects.py": "frozen data without a method",
    "src/outwait/exchange/ports.py": "protocols and frozen data without a method",
    "src/outwait/toolkit/net/words_http.py": "sentences; tests/toolkit/net/test_words.py reads them all",
    "src/outwait/toolkit/net/words_reach.py": "sentences; tests/toolkit/net/test_words.py reads them all",
    "src/outwait/toolkit/net/words_tls.py": "sentences; tests/toolkit/net/test_words.py reads them all",
    "src/outwait/toolkit/net/words_steps.py": "sentences; tests/toolkit/net/test_words.py reads them all",
    "src/outwait/toolkit/timeouts/snippet.py": "frozen data without a method",
}
TASK_MAKERS = {
    "src/outwait/wire/tasks.py": "the one helper; it logs what fails",
}
# `time.time` as a date to be shown or stored; durations use the loop's clock.
WALL_CLOCKS = {
    "src/outwait/wire/server.py": "the Date header",
    "src/outwait/app/gateway.py": "the date an exchange began",
    "src/outwait/app/health.py": "the date that an upstream's rate limits end",
    "src/outwait/app/storage.py": "dates that are stored",
    "src/outwait/toolkit/net/survey.py": "this machine's date, to be compared with others'",
}

FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "base", "misc"}


# ------------------------------------------------------------------------------------------------------------ the tree
@cache
def tree() -> tuple[str, ...]:
    """Every file that is tracked or could be, as a path from the root."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return tuple(sorted(name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()))


def python_files(*tops: str) -> list[str]:
    return [name for name in tree() if name.endswith(".py") and name.startswith(tops)]


def source_files() -> list[str]:
    return python_files("src/outwait/")


def report(problems: list[str]) -> None:
    if problems:
        pytest.fail("\n  ".join([f"{len(problems)} against the house rules:", *problems]), pytrace=False)


def stale(exceptions: dict[str, str], needed: set[str]) -> list[str]:
    return [f"{entry}: no exception is needed any more" for entry in exceptions if entry not in needed]


# --------------------------------------------------------------------------------------------------------------- sizes
def test_files_are_short() -> None:
    lengths = {name: text(name).count("\n") for name in python_files("src/", "tests/", "tools/", "bench/")}
    long = {name for name, length in lengths.items() if length > MAX_FILE}
    problems = [f"{name}: {lengths[name]} lines, at most {MAX_FILE}" for name in sorted(long - LONG_FILES.keys())]
    report(problems + stale(LONG_FILES, long))


def test_functions_are_short_and_take_few_parameters() -> None:
    problems, crowded = [], set()
    for name in python_files("src/", "tests/", "tools/", "bench/"):
        for title, lines, parameters, _ in digest(name).shapes:
            if lines > MAX_FUNCTION:
                problems.append(f"{name}:{title}: {lines} lines, at most {MAX_FUNCTION}")
            if parameters > MAX_PARAMETERS:
                crowded.add(f"{name}:{title}")
                if f"{name}:{title}" not in MANY_PARAMETERS:
                    problems.append(f"{name}:{title}: {parameters} parameters, at most {MAX_PARAMETERS}")
    report(problems + stale(MANY_PARAMETERS, crowded))


# ---------------------------------------------------------------------------------------------------------- the rooms
def test_each_source_file_has_its_test_file() -> None:
    problems, missing = [], set()
    for name in source_files():
        path = Path(name).relative_to(SRC)
        if path.name in ("__init__.py", "__main__.py"):
            continue
        if path.parent == Path("cli/zh"):
            continue  # tables of words; tests/cli/zh/test_words.py reads them all
        twin = Path("tests") / path.parent / f"test_{path.name}"
        if not (ROOT / twin).is_file():
            missing.add(name)
            if name not in NO_TEST_FILE:
                problems.append(f"{name}: no {twin}")
    report(problems + stale(NO_TEST_FILE, missing))


def test_exempt_data_holds_no_logic() -> None:
    """A file without a test file may hold classes whose methods are declarations, and nothing that runs."""
    problems = []
    for name in NO_TEST_FILE:
        problems += [
            f"{name}:{each.title}: has a body, so the file needs a test file"
            for each in digest(name).shapes
            if each.does
        ]
    report(problems)


def test_rooms_have_names_that_say_something() -> None:
    problems = []
    for name in python_files("src/", "tests/", "tools/", "bench/"):
        for part in Path(name).with_suffix("").parts:
            if FORBIDDEN_NAMES & set(part.removeprefix("test_").split("_")):
                problems.append(f"{name}: `{part}` names no room")
    report(problems)


def test_packages_say_their_room_and_hold_no_logic() -> None:
    plain = ast.Import | ast.ImportFrom
    problems = []
    for name in source_files():
        if not name.endswith("/__init__.py"):
            continue
        module = ast.parse(text(name), name)
        if not ast.get_docstring(module):
            problems.append(f"{name}: does not say its room in one sentence")
        for node in module.body[1:]:
            targets = node.targets if isinstance(node, ast.Assign) else []
            dunder = bool(targets) and all(dotted(target).startswith("__") for target in targets)
            if not (isinstance(node, plain) or dunder):
                problems.append(f"{name}:{node.lineno}: logic in a package's `__init__`")
    report(problems)


def test_modules_say_what_they_promise() -> None:
    report([f"{name}: no module docstring" for name in source_files() if not digest(name).documented])


# ---------------------------------------------------------------------------------------------------------- the calls
def test_tasks_are_spawned_by_the_one_helper() -> None:
    """A task nobody awaits hides its failure; a TaskGroup (by the name `group`) awaits its own."""
    problems, used = [], set()
    for name in source_files():
        for title, line in digest(name).calls:
            if title.endswith(("create_task", "ensure_future")) and not title.endswith("group.create_task"):
                used.add(name)
                if name not in TASK_MAKERS:
                    problems.append(f"{name}:{line}: {title} outside outwait.wire.tasks")
    report(problems + stale(TASK_MAKERS, used))


def test_durations_are_not_measured_with_the_wall_clock() -> None:
    problems, used = [], set()
    for name in source_files():
        for title, line in digest(name).attributes:
            if title in ("time.time", "time.time_ns"):
                used.add(name)
                if name not in WALL_CLOCKS:
                    problems.append(f"{name}:{line}: {title} (a date? then name the file here)")
    report(problems + stale(WALL_CLOCKS, used))


def test_only_commands_print() -> None:
    problems = []
    for name in source_files():
        for title, line in digest(name).calls:
            if title == "print" and not name.startswith("src/outwait/cli/"):
                problems.append(f"{name}:{line}: print")
    report(problems)


def test_a_broad_except_says_why() -> None:
    """Only the top of a task may catch everything; the line itself gives the reason."""
    reason = re.compile(r"#.*(task top: |BLE001 - )\w")
    problems = []
    for name in python_files("src/", "tools/", "bench/"):
        lines = text(name).splitlines()
        for line in digest(name).broad:
            if not reason.search(lines[line - 1]):
                problems.append(f"{name}:{line}: a broad except without `# task top: why`")
    report(problems)


def test_no_state_at_module_level() -> None:
    """An empty container at module level is there to be filled; a comment right above it may give a reason."""
    problems = []
    for name in source_files():
        lines = text(name).splitlines()
        for line in digest(name).containers:
            if not lines[line - 2].startswith("#"):
                problems.append(f"{name}:{line}: state at module level")
    report(problems)


def test_silenced_checks_give_their_reason() -> None:
    mark = re.compile(r"#\s*(noqa|type: ignore)(?P<codes>[:\[][^#]*?)?(?P<reason>\s+[-#]\s*\S.*)?$")
    problems = []
    for name in source_files():
        for number, line in enumerate(text(name).splitlines(), 1):
            found = mark.search(line)
            if found and not (found["codes"] and found["reason"]):
                problems.append(f"{name}:{number}: `{found[0].strip()}` without a code or a reason")
    report(problems)


# ---------------------------------------------------------------------------------------------------------- the words
# Patterns are written so that they do not match themselves.
FORBIDDEN_TEXT = {
    "a path of one machine": r"(?<![\w.~$}])/(work|root|home)/\w",
    "a secret": r"\b(sk|ghp|xox[bp])[-_][A-Za-z0-9_-]{21,}",
    "a registry's address": r"\b(pypi\.org|pythonhosted\.org|registry\.(npm|yarn)\w*\.\w+|proxy\.golang\.org)",
    "a download address in a lock file": r'"resolved": *"http|^\s*(--index-url|--extra-index-url|-i) ',
    "a document that is not in the tree": r"\b(DESIGN|STYLE|BRIEF)\b(\.md| §? ?\d)",
    "a numbered errand": r"\b[Ii]ssue #?\d{1,2}\b(?!\d)",
}


@pytest.mark.parametrize("what", FORBIDDEN_TEXT)
def test_files_speak_of_the_project_only(what: str) -> None:
    pattern = re.compile(FORBIDDEN_TEXT[what], re.MULTILINE)
    problems = []
    for name in tree():
        if name == "tests/test_house.py":
            continue
        for found in pattern.finditer(text(name)):
            line = text(name).count("\n", 0, found.start()) + 1
            problems.append(f"{name}:{line}: {what}: {found[0].strip()[:40]!r}")
    report(problems)


def test_facts_cited_exist() -> None:
    """`FACTS 2.1` in a comment is a section of docs/facts.md."""
    sections = set(re.findall(r"^#{2,3} (\d(?:\.\d)?)\.? ", text("docs/facts.md"), re.MULTILINE))
    problems = []
    for name in python_files("src/", "tests/", "tools/", "bench/"):
        for found in re.finditer(r"FACTS(?:\.md)?,? (?:part |section )?(\d(?:\.\d)?)", text(name)):
            if name != "tests/test_house.py" and found[1] not in sections:
                problems.append(f"{name}: {found[0]} is not in docs/facts.md")
    report(problems)


def test_every_make_target_has_its_help() -> None:
    targets = set(re.findall(r"^\.PHONY: (.*)$", text("Makefile"), re.MULTILINE)[0].split())
    helped = set(re.findall(r"^([a-z-]+):.*## \S", text("Makefile"), re.MULTILINE))
    report([f"Makefile: `{name}` has no `##` help" for name in sorted(targets ^ helped)])
