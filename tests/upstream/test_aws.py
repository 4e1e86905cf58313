from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from datetime import UTC, datetime

import pytest

from outwait.upstream import aws
from outwait.upstream.mint import Unobtainable, epoch

URL = "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-v1:0/invoke"
BODY = b'{"max_tokens": 5}'


def signature(key: str, body: bytes, date: str, extra: str = "") -> str:
    """Signature Version 4 by hand (docs.aws.amazon.com/IAM, "Create a signed AWS API request")."""
    names = "host;x-amz-date" + (";x-amz-security-token" if extra else "")
    canonical = (
        "POST\n/model/anthropic.claude-v1%3A0/invoke\n\n"
        f"host:bedrock-runtime.us-east-1.amazonaws.com\nx-amz-date:{date}\n{extra}\n{names}\n"
        + hashlib.sha256(body).hexdigest()
    )
    scope = f"{date[:8]}/us-east-1/bedrock/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    secret = f"AWS4{key}".encode()
    for part in scope.split("/"):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    return hmac.new(secret, to_sign.encode(), hashlib.sha256).hexdigest()


def headers(lines: bytes) -> dict[str, str]:
    assert lines.endswith(b"\r\n")
    return dict(line.split(": ", 1) for line in lines.decode().split("\r\n")[:-1])


@pytest.mark.parametrize("session", ["", "token"])
def test_a_request_is_signed_with_the_channels_key(session: str) -> None:
    credential = aws.credential(f"AKID:secret{':' if session else ''}{session}", "us-east-1")
    assert credential.ready(0)
    asyncio.run(credential.warm())
    told = headers(credential.lines("POST", URL, BODY, epoch()))
    extra = f"x-amz-security-token:{session}\n" if session else ""
    assert told.get("X-Amz-Security-Token", "") == session
    date = told["X-Amz-Date"]
    assert re.fullmatch(r"\d{8}T\d{6}Z", date)
    assert told["Authorization"].startswith(
        f"AWS4-HMAC-SHA256 Credential=AKID/{date[:8]}/us-east-1/bedrock/aws4_request, "
    )
    assert told["Authorization"].endswith(f"Signature={signature('secret', BODY, date, extra)}")


def test_the_default_chain_is_asked_off_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    credential = aws.credential(None, "us-east-1")
    assert not credential.ready(epoch())
    assert credential.lines("POST", URL, BODY, epoch()) == b""
    asyncio.run(credential.warm())
    assert credential.ready(epoch())
    told = headers(credential.lines("POST", URL, BODY, epoch()))
    assert told["Authorization"].endswith(f"Signature={signature('secret', BODY, told['X-Amz-Date'])}")
    assert not credential.ready(datetime.now(UTC).timestamp() + 601)


def test_an_empty_chain_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outwait.upstream.aws.Session.get_credentials", lambda _: None)
    credential = aws.credential(None, "us-east-1")
    with pytest.raises(Unobtainable, match="set api_key, or AWS_ACCESS_KEY_ID"):
        asyncio.run(credential.warm())
