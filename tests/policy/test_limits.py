from __future__ import annotations

from outwait.policy.limits import LIMITS, limits, near


def test_names_are_unique_and_each_row_has_a_source() -> None:
    names = [limit.name for limit in LIMITS]
    assert len(names) == len(set(names))
    assert [limit.name for limit in LIMITS if not limit.source or not limit.sign] == []


def test_limits_of_a_product() -> None:
    assert [limit.setting for limit in limits("nginx")][:1] == ["proxy_read_timeout"]
    assert limits("no such product") == ()


def test_an_elapsed_time_finds_its_limit() -> None:
    assert "nginx.proxy_read_timeout" in [limit.name for limit in near(60.4)]
    assert "nginx.proxy_read_timeout" not in [limit.name for limit in near(45)]
