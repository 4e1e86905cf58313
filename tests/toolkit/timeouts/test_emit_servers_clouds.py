"""No cloud is to be had in a test: attributes are held against their documented names and bounds."""

from __future__ import annotations

import re

import pytest
import yaml
from tests.toolkit.timeouts.reading import READERS

from outwait.policy.limits import LIMITS
from outwait.policy.scenarios import SCENARIOS
from outwait.toolkit.timeouts.advice import Facts, advise
from outwait.toolkit.timeouts.boxes import MAXIMA
from outwait.toolkit.timeouts.emit_servers_clouds import (
    CLOUDFLARE_MOST,
    CLOUDS,
    alb_cli,
    alb_cloudformation,
    alb_terraform,
    cloudflare,
)

# docs.aws.amazon.com/elasticloadbalancing/latest/APIReference: LoadBalancerAttribute, TargetGroupAttribute
BOUNDS = {"idle_timeout.timeout_seconds": (1, 4000), "deregistration_delay.timeout_seconds": (0, 3600)}
ALB = ("alb-cli", "alb-terraform", "alb-cloudformation")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_attributes_have_documented_names_and_are_within_their_bounds(scenario: str) -> None:
    advice = advise(Facts(scenario=scenario))
    pairs = re.findall(r"Key=([\w.]+),Value=(\d+)", alb_cli(advice).text)
    made = yaml.safe_load(alb_cloudformation(advice).text)["Resources"]
    for name, row in (("LoadBalancer", "LoadBalancerAttributes"), ("TargetGroup", "TargetGroupAttributes")):
        pairs += [(each["Key"], each["Value"]) for each in made[name]["Properties"][row]]
    assert {name for name, _ in pairs} == set(BOUNDS)
    for name, value in pairs:
        low, high = BOUNDS[name]
        assert low <= int(value) <= high


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_in_three_languages_the_same_is_said(scenario: str) -> None:
    advice = advise(Facts(scenario=scenario))
    first, *others = (READERS[target](CLOUDS[target](advice).text) for target in ALB)
    assert others == [first, first]


def test_terraform_has_a_load_balancer_and_a_target_group() -> None:
    text = alb_terraform(advise(Facts(model="o3"))).text
    assert re.findall(r'resource "(\w+)"', text) == ["aws_lb", "aws_lb_target_group"]
    assert text.count("{") == text.count("}")


def test_what_an_alb_cannot_do_is_said_where_its_number_stands() -> None:
    assert "all alb can: the gateway goes on for 7200s" in alb_cli(advise(Facts(scenario="deep"))).text
    assert READERS["alb-cli"](alb_cli(advise(Facts(scenario="deep"))).text)["idle"] == MAXIMA["aws.alb.idle"]


def test_the_gateway_keeps_connections_longer_than_an_alb() -> None:
    (note,) = alb_cli(advise(Facts(model="o3", behind=("alb",)))).notes
    assert "server.limits.keepalive: 3645s" in note.en
    assert alb_cli(advise(Facts(model="o3", behind=("alb", "nginx")))).notes == ()


def test_cloudflare_is_kept_alive_or_cuts() -> None:
    assert "heartbeats (every 15s) keep the answer alive" in cloudflare(advise(Facts(model="o3"))).text
    assert "without heartbeats it is cut" in cloudflare(advise(Facts(model="o3", beats=False))).text


def test_an_enterprise_zone_can_wait_as_long_as_the_table_of_limits_says() -> None:
    (row,) = [row for row in LIMITS if row.name == "cloudflare.read_new"]
    assert str(CLOUDFLARE_MOST) in row.setting
    assert READERS["cloudflare"](cloudflare(advise(Facts(scenario="deep"))).text)["enterprise"] == CLOUDFLARE_MOST
