from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from outwait.cli.commands import app

QUOTA = '{"error": {"code": "insufficient_quota"}}'


def run(*words: str, given: str | bytes | None = None, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(
        app, ["diagnose", *words], input=given, env={"COLUMNS": "140", "OUTWAIT_LANG": "en", **(env or {})}
    )


def told(*words: str, given: str | bytes | None = None) -> dict[str, Any]:
    done = run(*words, "--json", given=given)
    assert done.exit_code in (0, 1), done.output
    return dict(json.loads(done.stdout))


def test_a_text_is_diagnosed_with_evidence_and_advice() -> None:
    done = run("net/http: TLS handshake timeout")
    assert done.exit_code == 0
    for words in ("tls_failure", "network", "high", "“TLS handshake timeout”", "Now", "Change", "outwait net HOST"):
        assert words in done.stdout


def test_a_log_in_colours_is_read_and_shown_without_them() -> None:
    coloured = "\x1b[31mE\x1b[1mrror\x1b[0m: connect \x1b[33mECONN\x1b[0mREFUSED\x07 127.0.0.1:8080"
    done = run("-", given=coloured)
    assert done.exit_code == 0
    assert "“ECONNREFUSED”" in done.stdout
    assert not {"\x1b", "\x07"} & set(done.stdout)


def test_as_json_with_all_its_keys() -> None:
    found = told("connect ECONNREFUSED 127.0.0.1:11434")
    assert {
        "cause",
        "side",
        "confidence",
        "evidence",
        "alternatives",
        "advice",
        "now",
        "change",
        "confirm",
    } == found.keys()
    assert (found["cause"], found["side"], found["confidence"]) == ("connect_refused", "upstream", "high")
    assert found["evidence"][0]["quote"] == "connect ECONNREFUSED" or "ECONNREFUSED" in found["evidence"][0]["quote"]
    assert isinstance(found["advice"], str)


def test_unknown_is_bad_news() -> None:
    done = run("what?", "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert (found["cause"], found["side"], found["confidence"]) == ("unknown", "unknown", "low")


@pytest.mark.parametrize("elapsed", ["60", "600", "0", "1"])
def test_the_time_alone_is_no_cause(elapsed: str) -> None:
    done = run("everything works fine, thanks", "--elapsed", elapsed, "--json")
    assert (done.exit_code, json.loads(done.stdout)["cause"]) == (1, "unknown")


def test_a_file_and_stdin_are_read(tmp_path: Path) -> None:
    path = tmp_path / "error.log"
    path.write_text(QUOTA)
    assert told(str(path))["cause"] == "quota_exhausted"
    assert told("-", given=QUOTA)["cause"] == "quota_exhausted"
    assert told(given=QUOTA)["cause"] == "quota_exhausted"
    path.write_bytes("证书已过期".encode("utf-16"))
    assert told(str(path))["cause"] == "tls_failure"
    assert told("-", given=b"\xff\x00 ECONNRESET")["cause"] == "connect_reset"
    assert told("x" * 5000 + " ECONNRESET")["cause"] == "connect_reset"
    assert told(f"{QUOTA}\nand more")["cause"] == "quota_exhausted"


def test_a_file_that_cannot_be_read_is_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "error.log"
    path.write_text("x")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    done = run(str(path))
    assert done.exit_code == 2
    assert "Permission denied" in done.output


def test_a_folder_is_usage_if_it_is_named_as_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(str(tmp_path))
    assert done.exit_code == 2
    assert "Is a directory" in done.output
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ECONNREFUSED").mkdir()
    assert told("ECONNREFUSED")["cause"] == "connect_refused"


@pytest.mark.parametrize("name", ["errors.log", "./errors", "../a/b.txt", "/var/log/nowhere"])
def test_a_file_that_is_not_there_is_said(name: str) -> None:
    done = run(name, "--json")
    assert (done.exit_code, json.loads(done.stdout)["cause"]) == (1, "unknown")
    assert done.stderr == f"There is no file {name}: it was read as the text of an error.\n"
    assert "没有名为" in run(name, "--lang", "zh").stderr
    assert run("oops", "--json").stderr == ""
    assert run("Error: see errors.log", "--json").stderr == ""


def test_an_empty_text_is_usage_unless_something_else_is_known() -> None:
    for words, given in ((("",), ""), (("-",), ""), ((), "\n \n")):
        done = run(*words, given=given)
        assert done.exit_code == 2
        assert "the text is empty" in done.output
    assert told("", "--status", "429")["cause"] == "rate_limited"
    assert told("-", "--headers", "server: nginx", given="")["cause"] == "unknown"


def test_headers_that_cannot_be_read_are_usage(tmp_path: Path) -> None:
    done = run("x", "--headers", str(tmp_path))
    assert done.exit_code == 2
    assert "Is a directory" in done.output


def test_what_else_is_known_counts(tmp_path: Path) -> None:
    assert told("fetch failed")["cause"] == "unknown"
    assert told("fetch failed", "--elapsed", "5m")["cause"] == "first_byte_timeout"
    assert told("fetch failed", "--elapsed", "300")["cause"] == "first_byte_timeout"
    assert told("no body", "--status", "429")["cause"] == "rate_limited"
    headers = tmp_path / "headers"
    headers.write_text("HTTP/1.1 504 Gateway Time-out\nServer: nginx\nContent-Type: text/html\n\n")
    for given in (str(headers), "Server: nginx", '{"Server": "nginx"}'):
        found = told("no body", "--status", "504", "--headers", given, "--model", "o3")
        assert (found["cause"], found["side"]) == ("gateway_timeout_upstream", "middlebox")
        assert "server: nginx" in [each["quote"] for each in found["evidence"]]


@pytest.mark.parametrize(
    "words",
    [
        ("x", "--elapsed", "soon"),
        ("x", "--status", "99"),
        ("x", "--headers", "no colon"),
        ("x", "--headers", "{broken"),
        ("x", "--headers", "{}[]"),
        ("x", "--lang", "fr"),
        ("  ",),
        ("x", "y"),
    ],
)
def test_wrong_usage_ends_with_2(words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2


def test_nothing_on_a_terminal_is_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    import typer

    from outwait.cli.diagnose import diagnose

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    with pytest.raises(typer.BadParameter, match="for stdin"):
        diagnose()


def test_each_line_is_a_case() -> None:
    known = '"status": 429, "model": "o3", "headers": {"Server": "nginx"}'
    cases = ('{"id": "a", "text": "fetch failed", "elapsed_s": 300}', f'{{"id": "b", "text": "x", {known}}}')
    lines = "\n".join([*cases, "", "read ECONNRESET", '{"not": "a case"}', "{broken"])
    done = run("-", "--each-line", given=lines)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["line"], each.get("id"), each["cause"]) for each in found] == [
        (1, "a", "first_byte_timeout"),
        (2, "b", "rate_limited"),
        (4, None, "connect_reset"),
        (5, None, "unknown"),
        (6, None, "unknown"),
    ]
    assert done.exit_code == 1
    assert run("-", "--each-line", given="read ECONNRESET").exit_code == 0


@pytest.mark.parametrize(
    "record, field",
    [
        ('"elapsed_s": -1', "elapsed_s"),
        ('"elapsed_s": "soon"', "elapsed_s"),
        ('"elapsed_s": true', "elapsed_s"),
        ('"elapsed_s": [60]', "elapsed_s"),
        ('"status": "bad"', "status"),
        ('"status": true', "status"),
        ('"status": 99', "status"),
        ('"status": 504.5', "status"),
        ('"headers": ["server"]', "headers"),
        ('"headers": "server: nginx"', "headers"),
        ('"headers": {"server": {"name": "nginx"}}', "headers"),
        ('"model": {"name": "o3"}', "model"),
        ('"text": null', "text"),
        ('"text": ["ECONNRESET"]', "text"),
    ],
)
def test_a_bad_case_says_what_is_wrong_and_the_next_is_read(record: str, field: str) -> None:
    bad = f'{{"id": 7, "text": "x", {record}}}'
    done = run("-", "--each-line", given=f"ECONNRESET\n{bad}\nread ECONNRESET\n")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each.get("cause") for each in found] == ["connect_reset", None, "connect_reset"]
    assert found[1].keys() == {"line", "id", "error"}
    assert (found[1]["line"], found[1]["id"]) == (2, 7)
    assert found[1]["error"]["message"].startswith(f"{field}: ")
    assert found[1]["error"]["code"] == "invalid_record"
    assert done.exit_code == 2


def test_numbers_of_a_case_may_be_told_as_text() -> None:
    lines = [f'{{"text": "fetch failed", "elapsed_s": {each}}}' for each in ("300", '"300"', '"5m"', "300.0")]
    lines.append('{"text": "no body", "status": "429"}')
    lines.append('{"text": "", "status": 504, "headers": {"Server": ["nginx"], "Via": null}}')
    done = run("-", "--each-line", given="\n".join(lines))
    assert "server: nginx" in done.stdout
    causes = [json.loads(line)["cause"] for line in done.stdout.splitlines()]
    assert causes == ["first_byte_timeout"] * 4 + ["rate_limited", "gateway_timeout_upstream"]
    assert done.exit_code == 0


def test_a_line_ends_where_json_says() -> None:
    lines = [
        '{"text": "ECONNRESET\u2028at x", "id": "\x85"}\r',
        "read ECONNRESET\r",
        '{"text": "ECONNRESET \\ud800", "id": "\\udc00"}',
    ]
    done = run("-", "--each-line", given="\n".join(lines))
    assert [json.loads(line)["cause"] for line in done.stdout.split("\n") if line] == ["connect_reset"] * 3
    deep = '{"text": ' * 100_000
    assert run("-", "--each-line", given=deep).exit_code in (0, 1)


def test_in_chinese() -> None:
    done = run("getaddrinfo ENOTFOUND api.example.net", "--lang", "zh")
    for words in ("起因", "责任方", "把握", "依据", "outwait net api.example.net"):
        assert words in done.stdout
    assert "DNS" in run("getaddrinfo ENOTFOUND x", env={"OUTWAIT_LANG": "zh_CN.UTF-8"}).stdout
