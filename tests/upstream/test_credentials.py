from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from outwait.core.catalog import Channel
from outwait.dialects.providers import PROVIDERS
from outwait.upstream.credentials import Credential, Issuer, parts_of
from outwait.upstream.location import InvalidAddress, locate


def issue(
    kind: str, key: str | None, dialect: str = "bedrock", **more: Any
) -> tuple[dict[str, str], Credential | None]:
    channel = Channel("c", dialect, "https://h", **more)
    return Issuer(channel, locate(channel, PROVIDERS[dialect])).issue(kind, key)


@pytest.mark.parametrize(
    "kind, key, shown",
    [
        ("bearer", "k", {"Authorization": "Bearer k"}),
        ("bearer", None, {}),
        ("x-api-key", "k", {"X-Api-Key": "k"}),
        ("x-goog-api-key", "k", {"X-Goog-Api-Key": "k"}),
        ("api-key", "k:k", {"Api-Key": "k:k"}),
        ("api-key", None, {}),
        ("aws", "bedrock-api-key", {"Authorization": "Bearer bedrock-api-key"}),
        ("google", "token", {"Authorization": "Bearer token"}),
    ],
)
def test_a_key_is_shown_as_the_provider_wants_it(kind: str, key: str | None, shown: dict[str, str]) -> None:
    assert issue(kind, key) == (shown, None)


def test_what_is_fetched_is_shared() -> None:
    channel = Channel("c", "bedrock", "", region="eu-west-1")
    issuer = Issuer(channel, locate(channel, PROVIDERS["bedrock"]))
    assert issuer.issue("aws", None) == issuer.issue("aws", None)
    assert issuer.issue("aws", None)[1] is not issuer.issue("aws", "a:b")[1]


def test_the_parts_of_an_aws_key() -> None:
    assert parts_of("AK:secret:session") == ("secret", "session")
    assert parts_of("plain") == parts_of("AK:") == ()


@pytest.mark.parametrize(
    "key, more, words",
    [
        ("a:b", {}, "needs `region`"),
        (None, {}, "needs `region`"),
        (":b", {"region": "eu"}, "api_key is not ACCESS:SECRET"),
        ("a:", {"region": "eu"}, "api_key is not ACCESS:SECRET"),
    ],
)
def test_what_aws_needs_is_explained(key: str | None, more: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidAddress, match=f"channel 'c': {words}"):
        issue("aws", key, **more)


def test_a_file_that_is_no_service_account_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text('{"project_id": "p"}', "utf-8")
    with pytest.raises(InvalidAddress, match="credentials_file cannot be used"):
        issue("google", None, "vertex", credentials_file=str(file))


@pytest.mark.parametrize(
    "kind, dialect, library, extra",
    [("aws", "bedrock", "botocore.auth", "bedrock"), ("google", "vertex", "google.auth", "vertex")],
)
def test_a_missing_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, kind: str, dialect: str, library: str, extra: str
) -> None:
    for module in ("outwait.upstream.aws", "outwait.upstream.gcp"):
        monkeypatch.delitem(sys.modules, module, raising=False)
        monkeypatch.delattr("outwait.upstream." + module.rpartition(".")[2], raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InvalidAddress, match=rf"pip install 'outwait\[{extra}\]'"):
        issue(kind, None, dialect, region="eu")
