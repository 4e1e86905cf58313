from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.app.conftest import PEM

from outwait.app import preflight
from outwait.config.errors import ConfigError
from outwait.config.load import loads


def check(text: str) -> list[tuple[str, str]]:
    """(path, problem) of everything that is wrong with the configuration."""
    try:
        preflight.check(loads(text))
    except ConfigError as error:
        return [(problem.path, str(problem)) for problem in error.problems]
    return []


def channel(**fields: object) -> str:
    lines = "".join(f", {name}: '{value}'" for name, value in fields.items())
    return f"channels: [{{name: a, base_url: 'https://h/v1'{lines}}}]\n"


def test_what_works_passes() -> None:
    assert check(channel(ca_file=PEM) + f"server: {{tls: {{cert: {PEM}, key: {PEM}}}}}") == []


def test_everything_that_would_not_work_is_told_at_once(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    (tls, told_tls), (ca, told_ca) = check(channel(ca_file=broken) + f"server: {{tls: {{cert: {broken}, key: {PEM}}}}}")
    assert (tls, ca) == ("server.tls", "channels[0].ca_file")
    assert "PEM certificate chain" in told_tls
    assert "PEM certificates of authorities" in told_ca


@pytest.mark.parametrize("text", ["https://127.0.0.256/v1", "https://exa mple/v1"])
def test_a_channel_that_cannot_be_addressed_is_named(text: str) -> None:
    try:
        found = check(f"channels: [{{name: a, base_url: '{text}'}}]")
    except ConfigError as error:  # pragma: no cover - the settings' own checks may be as strict one day
        found = [(problem.path, str(problem)) for problem in error.problems]
    assert found
    assert found[0][0].startswith("channels[0]")


def test_a_database_needs_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    text = channel() + "store: {url: 'postgresql://me:canary-1@h/d'}"
    assert check(text) == []
    monkeypatch.setattr(preflight, "find_spec", lambda _: None)
    ((path, told),) = check(text)
    assert path == "store.url"
    assert "pip install 'outwait[postgres]'" in told
    assert "canary" not in told
    assert check(channel()) == []


def test_a_check_loads_no_database() -> None:
    code = (
        "import sys; from outwait.app import preflight; from outwait.config.load import loads;"
        "preflight.check(loads(sys.argv[1])); sys.exit('sqlalchemy' in sys.modules or 'psycopg' in sys.modules)"
    )
    text = channel() + "store: {url: 'postgresql://h/d'}"
    assert subprocess.run([sys.executable, "-c", code, text], check=False).returncode == 0
