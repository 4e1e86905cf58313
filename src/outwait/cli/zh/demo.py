"""`outwait demo`, in Chinese."""

from __future__ import annotations

from typing import Final

HELP: Final = {
    """Make the same call four times: streamed and as JSON, without outwait and with it.

    Everything runs on this machine, without any key. Exit status 0: both direct calls died of the cut, and both calls
    through outwait got the whole right answer.
    """: """把同一个调用做四遍：流式与 JSON，不经 outwait 与经过 outwait。

    一切都在本机运行，不需要任何密钥。退出码 0：两个直连调用都被切断，经过 outwait 的两个都得到完整正确的回答。
    """,
    "Seconds of silence after which the proxy cuts.": "代理在沉默多少秒后切断。",
    "Seconds for which the model is silent.": "模型沉默的秒数。",
    "Print the facts as JSON.": "以 JSON 输出结果。",
    "Plain lines instead of a moving picture.": "用普通文本行代替动态画面。",
}
