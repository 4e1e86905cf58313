"""`outwait path`, in Chinese."""

from __future__ import annotations

from typing import Final

HELP: Final = {
    """Find out after how much silence the path to a gateway is cut, and by whom.

    The gateway is asked for silences: before its answer, inside it, as a stream and as JSON; uploads stand still.
    Then heartbeats are tried, and what survived is printed as a setting. No model is called.
    """: """查明到网关的路径在静默多久之后被切断，以及由谁切断。

    向网关要求静默：在应答之前、应答中间，流式和 JSON 都测；上传则中途停顿。
    然后试用心跳，把能存活的打印成设置。不会调用任何模型。
    """,
    """Examples:

outwait path https://llm.example.com --key ow-...

outwait path https://llm.example.com --up-to 2m --only stream

outwait path http://127.0.0.1:8080 --json

It takes hardly longer than the longest limit, and several times the shortest one: heartbeats are tried that long.

Exit status: 0 nothing is cut, or heartbeats survive; 1 bad news, or nobody answers there; 2 usage, a key that is not
taken, or what answers is no gateway.
""": """示例：

outwait path https://llm.example.com --key ow-...

outwait path https://llm.example.com --up-to 2m --only stream

outwait path http://127.0.0.1:8080 --json

用时只比最长的时限略多，且至少是最短时限的几倍：心跳要试那么久。

退出码：0 没有切断，或心跳能存活；1 有坏消息，或那里无人应答；2 用法有误、key 不被接受，或应答的不是网关。
""",
    "Where clients reach the gateway: through everything that is to be measured.": (
        "客户端访问网关的地址：要经过所有待测的中间设备。"
    ),
    "The longest silence that matters, such as 90s or 10m.": "需要关心的最长静默，例如 90s 或 10m。",
    "Only these of stream, json and upload, separated by commas.": "只测 stream、json、upload 中的这些，用逗号分隔。",
    "A client key of the gateway; else OUTWAIT_API_KEY, else the configuration's first.": (
        "网关的客户端密钥；否则用 OUTWAIT_API_KEY，再否则用配置里的第一个。"
    ),
    "Configuration file to take the key from.": "从这个配置文件取密钥。",
    "Trust any certificate.": "信任任何证书。",
    "Go through the proxy that HTTP_PROXY or HTTPS_PROXY names.": "经过 HTTP_PROXY 或 HTTPS_PROXY 指定的代理。",
}
