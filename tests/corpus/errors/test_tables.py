"""The tables that say what is made, and the cases that were made of them, agree."""

from __future__ import annotations

import json
from pathlib import Path

from tests.corpus.errors import labels, middleboxes, node_programs, python_programs
from tests.corpus.errors.make import jobs
from tests.corpus.errors.scrub import scrub

CASES = [json.loads(line) for line in (Path(__file__).parent / "cases.jsonl").read_text("utf-8").splitlines()]
OTHERS = {"go", "java", "ruby", "php", "curl", "wget"}


def test_every_case_is_of_the_tables_in_their_order() -> None:
    made = [job.name for job in jobs()]
    made += [f"{name}-{seen.fault}-{seen.what}" for name, all_seen in middleboxes.SEEN.items() for seen in all_seen]
    assert [case["id"] for case in CASES] == made


def test_labels_are_those_of_the_tables() -> None:
    by_id = {case["id"]: case for case in CASES}
    for job in jobs():
        known = labels.told(labels.label(job.program, job.fault, "last" if job.last else job.how))
        assert known.items() <= by_id[job.name].items(), job.name


def test_tables_name_only_what_there_is() -> None:
    programs = {*python_programs.PYTHON, *node_programs.NODE, *OTHERS}
    assert {job.program for job in jobs()} <= programs
    assert {job.fault for job in jobs()} == labels.FAULTS.keys()
    told = {(job.program, job.fault) for job in jobs()}
    assert [key for key in labels.LEFT_OPEN if key[:2] not in told] == []


def test_nothing_of_the_machine_is_left() -> None:
    for case in CASES:
        for word in ("/tmp/", "/home/", "/root/", "127.0.0.1", "localhost", "pyenv"):
            assert word not in case["text"], (case["id"], word)


def test_scrubbing() -> None:
    text = 'File "/o/lib/python3.11/site-packages/a.py" at 0x7f00aa11bb22 to 127.0.0.1:45123 in /w/dir/go/app.py '
    told = scrub(text, {45123: 8000}, ("/w/dir",))
    assert told == (
        'File "/app/venv/lib/python3.11/site-packages/a.py" at 0x7f4b2c0d5e10 to 192.0.2.10:8000 in /app/app.py'
    )
