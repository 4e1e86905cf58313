"""What a check says, in both languages: tables of sentences, and times and shares for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from outwait.core.tongue import Said, Tongue


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence of `SAYINGS` with its values, which may be words of both languages too. `about`: the endpoint it
    is of, "" of all.
    """

    name: str
    values: Mapping[str, object] = field(default_factory=dict)
    about: str = ""

    def told(self, tongue: Tongue) -> str:
        """The sentence, with the endpoint before it."""
        values = {name: _told(value, tongue) for name, value in self.values.items()}
        words = SAYINGS[self.name].told(tongue, **values)
        joint = "：" if tongue is Tongue.ZH else ": "
        return f"{self.about}{joint}{words}" if self.about else words

    def sentence(self, tongue: Tongue) -> str:
        """The same where it stands alone."""
        words = self.told(tongue)
        return words if self.about else words[:1].upper() + words[1:]


def _told(value: object, tongue: Tongue) -> object:
    return value.told(tongue) if isinstance(value, Said | Remark) else value


SAYINGS: Final[Mapping[str, Said]] = {
    # which endpoint
    "well": Said("{share} of its probes were answered.", "{share} 的探测得到了应答。"),
    "unwell": Said(
        "only {share} of its probes were answered ({limit} are wanted): mostly {cause}, on the {side} side.",
        "只有 {share} 的探测得到应答（要求 {limit}）：主要是 {cause}，责任方为{side}。",
    ),
    "unheard": Said("none of its probes came to an end.", "没有一次探测结束。"),
    "all_unwell": Said(
        "No endpoint answers {limit} of its probes; see the failures.", "没有端点的应答率达到 {limit}；见失败列表。"
    ),
    "only_one_well": Said("it is the only one that answers {limit} of its probes.", "只有它的应答率达到 {limit}。"),
    "surely_faster": Said(
        "median {what} is {ours} against {theirs} of {other}; that is more than chance ({p}).",
        "{what}中位数为 {ours}，而 {other} 为 {theirs}；差异超出偶然（{p}）。",
    ),
    "surely_safer": Said(
        "it answers {ours} of its probes, {other} {theirs}; that is more than chance ({p}).",
        "它应答了 {ours} 的探测，{other} 为 {theirs}；差异超出偶然（{p}）。",
    ),
    "hardly_faster": Said(
        "median {what} is {ours} against {theirs} of {other}: so few probes ({n}) cannot tell them apart ({p}). "
        "Take either, or measure with more: -n {more}.",
        "{what}中位数为 {ours}，{other} 为 {theirs}；{n} 次探测分不出高下（{p}）。任选其一，或多测几次（-n {more}）。",
    ),
    "even": Said(
        "median {what} is {ours} against {theirs} of {other}: nobody would notice the difference. Take either.",
        "{what}中位数为 {ours}，{other} 为 {theirs}：差异小到无人察觉，任选其一。",
    ),
    "faster_writer": Said(
        "For long answers {other} may be better: it writes {theirs} tokens/s, {best} {ours}.",
        "对于长回答，{other} 可能更好：每秒 {theirs} 个 token，{best} 为 {ours}。",
    ),
    "unlike": Said(
        "They were asked different things ({one}, {other}), so none is called the best.",
        "各端点收到的请求不同（{one}、{other}），因此不评优劣。",
    ),
    # which timeouts
    "twice_p95": Said("twice the measured p95 of {p95}", "实测 p95（{p95}）的两倍"),
    "above_worst": Said("a quarter above the longest, {worst}", "比最长的 {worst} 多四分之一"),
    "ran_out": Said("twice the {span} that ran out here", "此处用尽的 {span} 的两倍"),
    "lost_packets": Said(
        "room for two lost packets (1 s and 2 s, RFC 6298); measured p95 {p95}",
        "容许丢失两个数据包（1 秒与 2 秒，RFC 6298）；实测 p95 {p95}",
    ),
    "scenario": Said("built-in for {scenario} models; measured p95 {p95}", "{scenario} 类模型的内置值；实测 p95 {p95}"),
    "at_least": Said("the least that is sensible; measured p95 {p95}", "合理的下限；实测 p95 {p95}"),
    # warnings
    "few": Said(
        "with so few answers ({n}), p95 is the slowest of them. -n 20 or more says more.",
        "应答只有 {n} 次，p95 就是其中最慢的一次。-n 20 以上更可靠。",
    ),
    "no_answers": Said("nothing was answered, so there are no figures.", "没有任何应答，因此没有数据。"),
    "varies": Said(
        "p95 ({p95}) is {times} times the median ({p50}): its times vary. Measure longer, or at other hours (--watch).",
        "p95（{p95}）是中位数（{p50}）的 {times} 倍：耗时波动大。请测更久，或在不同时段测（--watch）。",
    ),
    "rate_limited": Said(
        "{n} probes were refused by a rate limit{asked}. Try --parallel 1, or fewer with -n.",
        "{n} 次探测被限流拒绝{asked}。可用 --parallel 1，或用 -n 减少次数。",
    ),
    "asked_to_wait": Said(", which asks to wait {span}", "，要求等待 {span}"),
    "no_stream": Said(
        "a stream was asked for, and the answer came in one piece: there is no first token.",
        "请求了流式输出，但回答一次返回：没有首个 token 的时间。",
    ),
    "buffered": Said(
        "the whole stream came at once, after {wait}: something on the way seems to hold it back (buffering).",
        "整个流在 {wait} 后一次到达：途中似乎有缓冲。",
    ),
    "pieces": Said(
        "it tells no usage: tokens are counted as the pieces that came.", "它不返回用量：token 数按收到的片段计。"
    ),
    "no_key": Said("no key was sent; give it with --key or {variable}.", "未发送密钥；请用 --key 或 {variable} 提供。"),
    "stopped": Said(
        "it was stopped when {done} of {all} probes had ended.", "运行被中止：{all} 个探测中只有 {done} 个已结束。"
    ),
    "unasked": Said(
        "no model was called (--model), so first byte and total are those of a list, not of an answer.",
        "未调用模型（--model），因此首字节与总耗时只是列表请求的，不是回答的。",
    ),
    # before it begins
    "paid": Said(
        "{calls} paid calls will be made{each}: {models}, at most {tokens} tokens of answer each.",
        "将发起 {calls} 次付费调用{each}：{models}，每次回答最多 {tokens} 个 token。",
    ),
    "each_round": Said(" in each round", "（每轮）"),
    "free": Said(
        "Only free requests are made: {asked}. With --model a model is called, which is paid.",
        "只发送免费请求：{asked}。加上 --model 才会调用模型（付费）。",
    ),
    "key_from": Said("{variable} is sent to {names}.", "{variable} 将发送给 {names}。"),
    "proxied": Said(
        "goes through the proxy {proxy} of the environment; connect is the way to that.",
        "经由环境变量中的代理 {proxy}；连接时间是到该代理的。",
    ),
    "not_served": Said("it does not serve {model}: a free request instead.", "它不提供 {model}：改用免费请求。"),
    # what was asked wrongly
    "no_url": Said(
        "{url} is not a URL such as https://api.openai.com/v1{why}",
        "{url} 不是 URL（例如 https://api.openai.com/v1）{why}",
    ),
    "bad_port": Said("{url} has port 0", "{url} 的端口是 0"),
    "blank": Said("{url} has a blank or a control character in it", "{url} 中有空格或控制字符"),
    "plain_model": Said(
        "{url}: a plain URL (--dialect http) has no model; leave --model out",
        "{url}：普通 URL（--dialect http）没有模型，请去掉 --model",
    ),
    "key_in_url": Said(
        "{url}: put the key into --key or the environment, not into the URL",
        "{url}：密钥请放在 --key 或环境变量中，不要写进 URL",
    ),
    "no_such_model": Said(
        "{where}: the provider cannot have a model called {model!r}", "{where}：该服务商不可能有名为 {model!r} 的模型"
    ),
    "nothing_to_call": Said(
        "{where}: {dialect} has nothing to call for {model!r}", "{where}：{dialect} 没有可供 {model!r} 调用的接口"
    ),
    "no_tokens": Said(
        "{model!r} makes {scenario}, which is not sold by the token: check the endpoint without --model",
        "{model!r} 生成的是 {scenario}，不按 token 计费：请不加 --model 检查该端点",
    ),
    "said_so": Said("{why}", "{why}"),
    "word_beside_url": Said(
        "{word!r} is no URL; one begins with https:// or http://. A channel's name needs --config.",
        "{word!r} 不是 URL；URL 以 https:// 或 http:// 开头。渠道名称要配合 --config。",
    ),
    "no_channel": Said(
        "{word!r} is no URL (https://...) and no configured channel ({known})",
        "{word!r} 既不是 URL（https://...），也不是已配置的渠道（{known}）",
    ),
    "no_scheme": Said(
        "{word!r} is no URL yet: put https:// or http:// before it",
        "{word!r} 还不是 URL：请在前面加上 https:// 或 http://",
    ),
    "nothing": Said(
        "nothing to check: name a URL such as https://api.openai.com/v1, or configure channels (--config)",
        "没有可检查的：请给出 URL（如 https://api.openai.com/v1），或配置渠道（--config）",
    ),
    "no_dialect": Said("{dialect!r} is none of {known}", "{dialect!r} 不在 {known} 之中"),
    "how_often": Said(
        "given {count} times: give it once for all, or once for each of the {urls} URLs, in their order",
        "给了 {count} 次：请给一次用于全部，或按顺序为 {urls} 个 URL 各给一次",
    ),
    "one_model": Said("channels take one model", "渠道只能指定一个模型"),
    "of_urls": Said(
        "goes with a URL only; a channel has its own in the configuration", "只能用于 URL；渠道使用配置中自己的值"
    ),
    "of_watch": Said("goes with --watch only", "只能与 --watch 一起用"),
    "no_pause": Said("needs some time between two rounds, such as 30s", "两轮之间需要一些时间，例如 30s"),
    "no_share": Said("a share in percent, from 0 to 100, not {text!r}", "应为 0 到 100 的百分比，而不是 {text!r}"),
    "no_certificates": Said("{file} cannot be used: {why}", "{file} 无法使用：{why}"),
    "proxy_no_url": Said(
        "the proxy there is no URL ({why}). Set it as {example}, unset it, or go without a proxy: NO_PROXY='*'",
        "其中的代理不是合法 URL（{why}）。请改为 {example}，取消设置，或不用代理：NO_PROXY='*'",
    ),
    "proxy_scheme": Said(
        "a proxy of the kind {scheme}:// is not spoken here; {known} are. Set it as {example}, unset it, or go without "
        "a proxy: NO_PROXY='*'",
        "不支持 {scheme}:// 类代理；支持 {known}。请改为 {example}，取消设置，或不用代理：NO_PROXY='*'",
    ),
    "not_writable": Said("{file} cannot be written: {why}", "{file} 无法写入：{why}"),
    "not_saved": Said("{file}: nothing more is saved: {why}", "{file}：不再保存：{why}"),
    "lost": Said(
        "{n} of {all} probes are not in {file} ({why}): keep what is shown here.",
        "{all} 次探测中有 {n} 次没有写入 {file}（{why}）：请保留此处的结果。",
    ),
    # compared with an earlier run
    "unlike_then": Said(
        "it was asked otherwise in the earlier run ({fields}); times may differ for that.",
        "上次运行的请求方式不同（{fields}），耗时可能因此不同。",
    ),
    "not_then": Said("it is not in the earlier run.", "上次运行中没有它。"),
}


class Wrong(ValueError):  # noqa: N818 - it says what is wrong
    """The command was asked wrongly. `remark`: what is wrong and what to do. `hint`: in which option."""

    def __init__(self, name: str, hint: str = "URL", **values: object) -> None:
        self.remark = Remark(name, values)
        self.hint = hint
        super().__init__(self.remark.told(Tongue.EN))


METRICS: Final[Mapping[str, Said]] = {
    "success": Said("success", "成功率"),
    "timeouts": Said("timeouts", "超时"),
    "errors": Said("errors", "错误"),
    "connect": Said("connect", "连接"),
    "tls": Said("TLS", "TLS"),
    "first_byte": Said("first byte", "首字节"),
    "first_token": Said("first token", "首个 token"),
    "ttft": Said("TTFT", "TTFT"),
    "total": Said("total", "总耗时"),
    "silence": Said("silence", "最长沉默"),
    "rate": Said("tokens/s", "token/秒"),
}
"""The rows of tables; TTFT is the field's word in both languages."""

WAITS: Final[Mapping[bool, Said]] = {
    True: Said("TTFT", "TTFT "),
    False: Said("total", "总耗时"),
}
"""What is waited for: whether content is seen as it comes."""

KINDS: Final[Mapping[str, Said]] = {
    "free": Said("a list of models", "模型列表"),
    "door": Said("any answer at all", "任意应答"),
    "plain": Said("a URL fetched", "抓取 URL"),
    "stream": Said("a streamed answer", "流式回答"),
    "whole": Said("an answer in one piece", "整段回答"),
}

SIDES: Final[Mapping[str, Said]] = {
    "client": Said("client", "客户端"),
    "network": Said("network", "网络"),
    "middlebox": Said("middlebox", "中间设备"),
    "gateway": Said("gateway", "网关"),
    "upstream": Said("upstream", "上游"),
}


def seconds(value: float) -> str:
    """A time for a table, at most seven characters wide: `0.4ms`, `35ms`, `1.25s`, `12.3s`, `2m05s`, `1h02m`."""
    if value < 0.00995:
        return f"{value * 1000:.1f}ms"
    if value < 0.9995:
        return f"{value * 1000:.0f}ms"
    if value < 9.995:
        return f"{value:.2f}s"
    if value < 99.95:
        return f"{value:.1f}s"
    whole = round(value)
    return f"{whole // 60}m{whole % 60:02}s" if whole < 3600 else f"{whole // 3600}h{whole % 3600 // 60:02}m"


def share(value: float) -> str:
    """A share for people: `90%`, `99.7%`; all only where it is all."""
    text = f"{value * 100:.1f}".removesuffix(".0")
    return "99.9%" if text == "100" and value < 1 else f"{text}%"


def chance(p: float) -> str:
    """A probability for people."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
