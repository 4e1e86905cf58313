"""Settings of what a cloud runs: AWS Application Load Balancer in three languages, Cloudflare."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from outwait.core.tongue import Said
from outwait.toolkit.timeouts.advice import Advice
from outwait.toolkit.timeouts.chain import LONGER
from outwait.toolkit.timeouts.snippet import Emitter, Snippet
from outwait.toolkit.timeouts.spell import said, unit, whole, why

CLOUDFLARE_MOST = 6000  # seconds, proxy_read_timeout of an Enterprise zone (`policy.limits`, cloudflare.read_new)
LONGEST_DRAIN = 3600  # seconds a target group waits at most for what it takes out (deregistration_delay)

_ALB = Said("AWS Application Load Balancer: {how}", "AWS 应用负载均衡器：{how}")
_ALB_CLI = Said("AWS Application Load Balancer: command line", "AWS 应用负载均衡器：命令行")
_KEEPS = Said(
    "An ALB keeps idle connections for its idle timeout: the gateway must keep them longer "
    "(server.limits.keepalive: {kept}), or the ALB answers 502 now and then.",
    "ALB 按其空闲超时保留空闲连接：网关必须保留得更久（server.limits.keepalive: {kept}），否则 ALB 会偶尔返回 502。",
)


def alb_cli(advice: Advice) -> Snippet:
    """Commands for the AWS command line."""
    edge, idle, drain = _alb(advice)
    text = f"""#!/bin/sh
# {edge}
aws elbv2 modify-load-balancer-attributes --load-balancer-arn "$LOAD_BALANCER_ARN" \\
  --attributes Key=idle_timeout.timeout_seconds,Value={idle}
# how long an answer may go on when its machine is taken out (at most 3600)
aws elbv2 modify-target-group-attributes --target-group-arn "$TARGET_GROUP_ARN" \\
  --attributes Key=deregistration_delay.timeout_seconds,Value={drain}
"""
    return Snippet("alb-cli", _ALB_CLI, "sh", "alb-outwait.sh", text, "sh -n {file}", _keeps(advice))


def alb_terraform(advice: Advice) -> Snippet:
    """Arguments for two resources of Terraform's AWS provider."""
    edge, idle, drain = _alb(advice)
    text = f"""# alb.tf: these arguments belong into your resources
resource "aws_lb" "outwait" {{
  load_balancer_type = "application"
  idle_timeout       = {idle} # {edge}
}}
resource "aws_lb_target_group" "outwait" {{
  deregistration_delay = {drain} # how long an answer may go on when its machine is taken out
}}
"""
    title = said(_ALB, how="Terraform")
    return Snippet("alb-terraform", title, "hcl", "alb.tf", text, "terraform validate", _keeps(advice))


def alb_cloudformation(advice: Advice) -> Snippet:
    """Attributes for two resources of CloudFormation."""
    edge, idle, drain = _alb(advice)
    text = f"""# alb.yaml: these properties belong into your resources
Resources:
  LoadBalancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties:
      LoadBalancerAttributes:
        - Key: idle_timeout.timeout_seconds
          Value: "{idle}" # {edge}
  TargetGroup:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      TargetGroupAttributes:
        - Key: deregistration_delay.timeout_seconds
          Value: "{drain}" # how long an answer may go on when its machine is taken out
"""
    title = said(_ALB, how="CloudFormation")
    check = "aws cloudformation validate-template --template-body file://{file}"
    return Snippet("alb-cloudformation", title, "yaml", "alb.yaml", text, check, _keeps(advice))


def _alb(advice: Advice) -> tuple[str, int, int]:
    """The reason, the idle timeout and the delay, in whole seconds."""
    chain = advice.at("alb").chain
    return why(chain), max(1, whole(chain.edge.idle)), min(LONGEST_DRAIN, whole(advice.drain))


def _keeps(advice: Advice) -> tuple[Said, ...]:
    chain = advice.at("alb").chain
    return (said(_KEEPS, kept=unit(chain.edge.reuse + LONGER)),) if chain.inner is chain.gateway else ()


def cloudflare(advice: Advice) -> Snippet:
    """What can be done at Cloudflare: nothing, or one call with an Enterprise zone."""
    chain = advice.at("cloudflare").chain
    edge, beat = chain.edge, advice.heartbeat
    kept = (
        f"the gateway's heartbeats (every {unit(beat.every)}) keep the answer alive"
        if beat.enabled
        else "without heartbeats it is cut"
    )
    value = min(CLOUDFLARE_MOST, whole(edge.wanted))
    text = f"""#!/bin/sh
# Cloudflare ends an answer after {unit(edge.idle)} without a byte (error 524);
# {kept}.
# Only Enterprise zones can wait longer, {CLOUDFLARE_MOST}s at most:
curl --fail-with-body -X PATCH "https://api.cloudflare.com/client/v4/zones/$ZONE_ID/settings/proxy_read_timeout" \\
  -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" -H "Content-Type: application/json" \\
  --data '{{"value": {value}}}'
"""
    return Snippet(
        "cloudflare",
        Said("Cloudflare before the gateway", "网关之前的 Cloudflare"),
        "sh",
        "cloudflare-outwait.sh",
        text,
        "sh -n {file}",
        (
            said(
                Said(
                    "Cloudflare keeps idle connections to the origin for {reuse}: what stands behind it must keep them "
                    "longer. Leave heartbeats on; do not cache or compress these paths.",
                    "Cloudflare 会把到源站的空闲连接保留 {reuse}：其后的一方必须保留得更久。"
                    "请保持心跳开启；不要缓存或压缩这些路径。",
                ),
                reuse=unit(edge.reuse),
            ),
        ),
    )


CLOUDS: Final[Mapping[str, Emitter]] = MappingProxyType(
    {
        "alb-cli": alb_cli,
        "alb-terraform": alb_terraform,
        "alb-cloudformation": alb_cloudformation,
        "cloudflare": cloudflare,
    }
)
