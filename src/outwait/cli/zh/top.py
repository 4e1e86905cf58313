"""`outwait top`, in Chinese."""

from __future__ import annotations

from typing import Final

from outwait.cli.top import EXAMPLES

HELP: Final = {
    """Watch a running gateway: what is in flight, how silent it is, heartbeats, clocks left; and its channels.

    Exchanges of all workers are shown, channels as one worker sees them.
    """: """观察运行中的网关：进行中的请求、沉默多久、心跳、各时钟剩余时间，以及渠道状态。

    显示所有工作进程的请求；渠道状态取自其中一个工作进程。
    """,
    EXAMPLES: """示例：

outwait top

outwait top --url https://gateway.example.com --key ow-...    （管理密钥）

outwait top --once    （看一眼，输出为文本）

outwait top --json | jq '.live.data[] | select(.silence > 60)'

按键：s 排序，空格暂停，回车查看一个请求及其时间线，q 或 Ctrl-C 退出。

退出码：0 正常，1 网关无响应，2 用法、配置有误或密钥无权限。
""",
    "Seconds between two looks.": "两次刷新的间隔秒数。",
    "What comes first: silence, age or left.": "排序方式：silence（沉默）、age（时长）或 left（剩余时间）。",
    "One look, as tables; so it is without a terminal.": "只看一次，以表格输出；没有终端时即如此。",
    "Where the gateway is, instead of server.host and server.port.": "网关地址，代替 server.host 和 server.port。",
    "A client key with `admin: true`, instead of the first of the configuration.": (
        "带 `admin: true` 的客户端密钥，代替配置中的第一个。"
    ),
}
