"""What is shown; the whole command is in test_timeouts.py."""

from __future__ import annotations

import pytest

from outwait.cli.timeouts_view import draw, plain
from outwait.core.tongue import Said, Tongue
from outwait.toolkit.timeouts.advice import Facts, advise
from outwait.toolkit.timeouts.emit import emit


def shown(capsys: pytest.CaptureFixture[str], facts: Facts, tongue: Tongue = Tongue.EN, width: str = "160") -> str:
    advice = advise(facts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", width)
        draw(advice, [emit("outwait", advice)], None, tongue, [Said("a remark", "一句说明")])
    return capsys.readouterr().out


def test_clocks_with_their_reasons_and_retries(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, Facts("gpt-4o", stream=False))
    assert "gpt-4o: scenario chat (model table: gpt-4*), one JSON reply each" in out
    assert "first_byte" in out
    assert "scenario chat, reply not streamed" in out
    assert "up to 50ms; 1s after 429 or 503" in out
    assert "- a remark" in out


def test_any_model_of_a_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    assert "any model: scenario deep (named), streamed or not" in shown(capsys, Facts(scenario="deep"))
    assert "任意模型：场景 chat（指定），流式请求" in shown(capsys, Facts(scenario="chat"), Tongue.ZH)


def test_a_limit_that_cannot_be_raised_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    assert "cloudflare 100 s (cannot be more)" in shown(capsys, Facts("o3", behind=("cloudflare",)))


def test_nothing_is_left_out_of_a_narrow_screen(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, Facts("o3"), Tongue.ZH, "60")
    assert "…" not in out


def test_as_data_reasons_stay_english_and_notes_are_translated() -> None:
    advice = advise(Facts("o3", behind=("heroku",)))
    found = plain(advice, [], None, Tongue.ZH, [])
    assert found["clocks"][0]["reason"] == "built-in"
    assert "Heroku 在静默 30s 后切断" in found["notes"][0]
    assert found["chain"][1]["held_idle"]
    assert "written" not in found


def test_no_hop_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, Facts("o3", behind=("cloudflare", "alb", "haproxy", "nginx")), width="70")
    for hop in ("client 3750 s", "cloudflare 100 s (cannot be more)", "alb 3690 s", "gateway 3600 s", "upstream 900 s"):
        assert any(hop in line for line in out.splitlines())
