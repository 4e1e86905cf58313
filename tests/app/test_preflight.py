from __future__ import annotations

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
