"""Why a number is what it is, said in Chinese: `outwait.policy` gives its reasons in short English rules."""

from __future__ import annotations

import re
from typing import Final

from outwait.core.tongue import Tongue

# The first pattern that fits a part of a reason; parts are told apart by "; " and ": ".
_ROWS: Final[tuple[tuple[str, str], ...]] = (
    (r"built-in", "内置"),
    (r"named", "指定"),
    (r"preset (\S+)", "预设 {0}"),
    (r"scenario (\S+), reply not streamed", "场景 {0}，非流式回复"),
    (r"scenario (\S+)", "场景 {0}"),
    (r"model table", "模型表"),
    (r"no row in the model table", "模型表中没有"),
    (r"model (\S+)", "模型 {0}"),
    (r"as first_byte", "同 first_byte"),
    (r"a fifth of total", "total 的五分之一"),
    (r"the request names effort (.*)", "请求指定了 effort {0}"),
    (r"room for the longest wait", "容纳最长的等待"),
    (r"learned at (\S+) from (\S+) waits", "网关在 {0} 从 {1} 次等待中学得"),
    (r"run, (.*)", "测量，{0}"),
    (r"(\S+) x the longest of (\S+) waits \((.*)\)", "{1} 次等待中最长者（{2}）的 {0} 倍"),
    (r"learned from (\S+) waits, (\S+) % of them cut", "由 {0} 次等待得出，其中 {1} % 被切断"),
    (r"grown from (\S+), which cut too many", "由 {0} 增长而来，后者切断过多"),
    (r"(\S+) waits, (\S+) % of them cut", "{0} 次等待，其中 {1} % 被切断"),
    (r"(\S+) x (p\S+) \((.*)\)", "{1}（{2}）的 {0} 倍"),
    (r"(\S+) x the longest \((.*)\)", "最长者（{1}）的 {0} 倍"),
    (r"at most a third of the (\S+) of silence that (\S+) allows", "至多为 {1} 所允许静默 {0} 的三分之一"),
    (r"held within (.*)", "限制在 {0} 之内"),
    (r"config \((.*)\)", "指定（{0}）"),
)
_COMPILED: Final = tuple((re.compile(pattern), told) for pattern, told in _ROWS)


def told(reason: str, tongue: Tongue) -> str:
    """`reason` in `tongue`; what is not known stays as it is."""
    if tongue is not Tongue.ZH:
        return reason
    parts = re.split(r"(; |: )", reason)
    return "".join({"; ": "；", ": ": "："}.get(part) or _part(part) for part in parts)


def _part(text: str) -> str:
    for pattern, words in _COMPILED:
        found = pattern.fullmatch(text)
        if found:
            return words.format(*found.groups())
    return text
