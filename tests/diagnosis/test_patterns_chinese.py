"""What Chinese front ends, gateways and platforms say, in many wordings; and what the same characters say otherwise."""

from __future__ import annotations

import pytest

from outwait.diagnosis.read import read
from outwait.diagnosis.symptom import Symptom


def told(text: str) -> tuple[str, str]:
    found = read(Symptom(text))
    return found.best.cause, str(found.side)


@pytest.mark.parametrize(
    "text",
    [
        "请求速度过快，请稍后再试",
        "请求过于频繁，请稍后重试",
        "您的操作过于频繁",
        "发送消息过于频繁",
        "发送的频率过快，等一下再发",
        "调用太频繁了，休息一下",
        "访问太快了，请休息一下再试",
        "您的请求太多了，缓一缓",
        "访问频率受限",
        "接口调用频率达到上限",
        "请求频率超出限制",
        "服务商限制了访问频率",
        "当前模型的请求被服务商限制，请稍候",
        "该模型暂时被上游限流",
        "请求被上游限速",
        "請求速度太快，請稍候",
        "發送請求過於頻繁，請稍後再試",
        "请您放慢一点提问的速度",
        "403 触发了账户级频控",
        "接口限频，请稍后",
        "模型请求频繁，请稍候",
        "当前 IP 请求过于频繁，已被限制访问",
        "短时间内请求次数过多",
        "由于请求过多，您已被服务商限制，请稍后",
    ],
)
def test_too_often(text: str) -> None:
    assert told(text) == ("rate_limited", "upstream")


@pytest.mark.parametrize(
    "text, cause",
    [
        ("连接断开过于频繁", "connect_reset"),
        ("请求失败过于频繁", "unknown"),
        ("服务重启太频繁了", "unknown"),
        ("您的账号已被服务商限制登录", "permission_denied"),
        ("当前地区被服务商限制访问", "permission_denied"),
        ("token 消耗过快，余额不足", "quota_exhausted"),
        ("您今天的使用次数已达上限", "quota_exhausted"),
    ],
)
def test_not_every_limit_is_a_rate(text: str, cause: str) -> None:
    assert told(text)[0] == cause


@pytest.mark.parametrize(
    "text",
    [
        '403 {"error":{"message":"渠道亲和命中的渠道 #7 已被禁用","type":"new_api_error"}}',
        '503 {"error":{"message":"该渠道已被禁用"}}',
        "status code 403: 指定的渠道已禁用",
        "503 渠道「azure-2」已被系统自动禁用",
        "渠道状态：已停用",
        "渠道当前不可用",
        "所有渠道均不可用",
        "请求命中了已被禁用的渠道",
        "403 亲和性渠道不属于当前用户分组",
        "获取分组 a 下模型 b 的可用渠道失败",
        "503 该分组渠道全部下线",
    ],
)
def test_a_channel_that_is_off_outweighs_the_status(text: str) -> None:
    assert told(text) == ("gateway_no_channel", "gateway")


@pytest.mark.parametrize(
    "text, cause",
    [
        ("通道「a」（#3）已被禁用，原因：status code 401, Incorrect API key provided", "auth_failed"),
        ("渠道的密钥已失效", "auth_failed"),
        ("支付渠道暂不可用", "overloaded"),
        ("渠道被禁用后会自动恢复", "unknown"),
        ("渠道对应的账号已被禁用", "permission_denied"),
        ("跳过已被禁用的渠道", "unknown"),
        ("自动禁用渠道功能已开启", "unknown"),
    ],
)
def test_other_words_about_channels(text: str, cause: str) -> None:
    assert told(text)[0] == cause


@pytest.mark.parametrize(
    "text",
    [
        "部署在无服务器平台的免费计划上，函数最长响应时间为60秒，超过60 s 时，会返回504错误",
        "Hobby 计划最长 10s，超过10s就报504",
        "边缘函数单次请求最长响应时间为 25 秒，超出会被平台直接中断",
        "Netlify 函数的响应上限是 10 秒，会报 504",
        "504 网关超时，是因为响应时间超过了平台 30 秒的上限",
        "用反代后问长问题直接504网关超时",
        "推理模型思考一长就504超时",
        "网页说没等到上游接口的响应",
    ],
)
def test_an_answer_longer_than_a_platform_allows(text: str) -> None:
    assert told(text) == ("gateway_timeout_upstream", "middlebox")


@pytest.mark.parametrize("text", ["客户端最长等待时间为 60 秒", "最长输入为 8192 tokens", "知识库返回504条结果"])
def test_other_lengths(text: str) -> None:
    assert told(text)[0] != "gateway_timeout_upstream"


@pytest.mark.parametrize(
    "text",
    [
        "一分钟内消耗的 token 数量超过了限制",
        "429 您在一分钟内消耗的token数量超过了模型的限制，请稍后再试",
        "每分钟 token 超限",
        "429 TPM 超限",
        "RPM 已达上限",
        "429 TPM额度不足",
        "当前模型每分钟token额度已用完，请稍后",
        "60 秒内消耗的 tokens 超出限制",
        "单位时间内 token 消耗超出限额",
        "您的请求已超出每分钟允许的 token 数",
        "一分鐘內消耗的 token 數量超過限制",
        "超过每分钟 token 限制",
        "每分钟 token 消耗过多",
    ],
)
def test_a_minute_decides(text: str) -> None:
    assert told(text) == ("rate_limited", "upstream")


@pytest.mark.parametrize(
    "text, cause",
    [
        ("本月 token 额度已耗尽", "quota_exhausted"),
        ("每天的 token 额度已用完", "quota_exhausted"),
        ("每小时自动刷新令牌，余额不足", "quota_exhausted"),
        ("等待一分钟后请求超时", "first_byte_timeout"),
        ("一分钟内没有收到响应，请求超时", "first_byte_timeout"),
        ("30秒后仍未收到回复", "first_byte_timeout"),
        ("请求超时，没有收到响应", "first_byte_timeout"),
        ("没有收到任何回复内容", "empty_response"),
        ("一分钟内请求失败次数超过限制，已熔断", "unknown"),
        ("输入 token 数量超过限制", "context_too_long"),
        ("请求超过 60 秒限制", "unknown"),
        ("60秒的请求超时限制", "first_byte_timeout"),
    ],
)
def test_other_spans_and_limits(text: str, cause: str) -> None:
    assert told(text)[0] == cause


@pytest.mark.parametrize(
    "text",
    [
        "403 令牌没有渠道",
        "503 当前分组下没有可用渠道",
        "该令牌无可用渠道",
        "403 此令牌未绑定渠道",
        "403 令牌未配置任何渠道",
        "403 令牌無可用渠道",
        "503 未找到可用渠道",
        "该模型暂无可用通道",
    ],
)
def test_a_key_or_a_group_without_channels(text: str) -> None:
    assert told(text) == ("gateway_no_channel", "gateway")


@pytest.mark.parametrize(
    "text", ["用户未绑定微信通知渠道", "用户没有选择支付渠道", "令牌没有指定渠道的权限", "403 令牌已过期"]
)
def test_what_else_a_key_lacks(text: str) -> None:
    assert told(text)[0] != "gateway_no_channel"


@pytest.mark.parametrize(
    "text", ["写响应时 broken pipe", "回写响应失败：ECONNRESET", "向客户端写数据时 connection reset by peer"]
)
def test_an_answer_nobody_took(text: str) -> None:
    assert told(text) == ("client_gave_up", "client")


@pytest.mark.parametrize("text", ["上游写响应时 connection reset", "读取响应时 connection reset by peer"])
def test_an_answer_that_broke_off(text: str) -> None:
    assert told(text)[0] == "connect_reset"


@pytest.mark.parametrize(
    "text", ["网络空闲超时", "工具执行时间较长时，空闲连接被断开", "工具运行期间连接空闲太久被防火墙切断"]
)
def test_silence_taken_for_death(text: str) -> None:
    assert told(text) == ("middlebox_idle_cut", "middlebox")
