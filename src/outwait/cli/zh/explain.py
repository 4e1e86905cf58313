"""`outwait explain`, in Chinese."""

from __future__ import annotations

from typing import Final

from outwait.cli.explain import EXAMPLES

HELP: Final = {
    """Show the plan of a request: its route, the seven clocks, heartbeats and retries, each with its reason.

    Works without a configuration too, and then shows the built-in numbers. With several workers, the one that happens
    to answer tells what it has learned.
    """: """显示一个请求的计划：路由、七个时钟、心跳和重试，每一项都附来由。

    没有配置也能用，此时显示内置数值。有多个工作进程时，由恰好应答的那个说明它学到了什么。
    """,
    EXAMPLES: """示例：

outwait explain --model o3-pro --stream

outwait explain --model claude-opus-4-6 --endpoint messages --stream

outwait explain --model gpt-4o --key dev --header 'x-outwait-timeout-total: 10m'

outwait explain --model o3 --live    （以及运行中的网关学到的数值）

outwait explain --model gpt-4o --header 'user-agent: OpenAI/Python 1.99.0' --header 'x-stainless-read-timeout: 600'

退出码：0 已说明，1 网关会拒绝这样的调用，或（--live）没有应答，2 用法或配置有误。
""",
    "The model's name, as a client would send it.": "客户端发送的模型名。",
    "A streamed call, or one JSON reply.": "流式调用，或一个 JSON 回复。",
    "The reasoning_effort of the request, if any.": "请求的 reasoning_effort（如果有）。",
    "What is called: chat.completions, messages, generate_content, embeddings, ...": (
        "调用的接口：chat.completions、messages、generate_content、embeddings……"
    ),
    "Name of the client key; its own settings count.": "客户端密钥的名字；按它自己的设置计算。",
    "A header of the request, 'name: value'; repeatable.": "请求的一个头，'name: value'；可重复。",
    "Beside the clocks: what the gateway has learned.": "在时钟旁显示网关学到的数值。",
    "--live: where it is, instead of server.host and server.port.": (
        "--live：网关地址，代替 server.host 和 server.port。"
    ),
    "--live: a client key with `admin: true`, instead of the configuration's first.": (
        "--live：带 `admin: true` 的客户端密钥，代替配置中的第一个。"
    ),
    "As JSON.": "输出 JSON。",
}
