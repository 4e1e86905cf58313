"""`outwait simulate`, in Chinese."""

from __future__ import annotations

from typing import Final

HELP: Final = {
    """A provider for tests and demos, speaking OpenAI, Azure, Anthropic and Gemini. The model's name is the script.

    `silent-20s` says nothing for 20 s and then answers; `silent-5s+drip-50ms` combines; `outwait simulate` prints them
    all. What was received is at /simulate/calls (DELETE forgets it).
    """: """用于测试和演示的模拟服务商，支持 OpenAI、Azure、Anthropic 和 Gemini 协议。模型名就是剧本。

    `silent-20s` 沉默 20 秒后回答；`silent-5s+drip-50ms` 可以组合；`outwait simulate` 会列出全部。
    收到的请求见 /simulate/calls（DELETE 清空）。
    """,
    "Port to listen on; 0 takes a free one.": "监听端口；0 表示任取空闲端口。",
    "Address to listen on.": "监听地址。",
    "Names /v1/models lists, separated by commas, instead of examples of all.": (
        "/v1/models 列出的名字，以逗号分隔，代替全部示例。"
    ),
    "NAME=SCRIPT: a further model name, such as o3=silent-20s. Repeatable.": (
        "NAME=SCRIPT：另加一个模型名，例如 o3=silent-20s。可重复。"
    ),
    "The one API key that is taken; any, or none, if not given.": "唯一接受的 API 密钥；不给则任意或没有都行。",
    "The same seed makes the same words.": "相同的种子产生相同的文字。",
    "Keep no responses: background, store and what is continued are overlooked.": (
        "不保存响应：忽略 background、store 和续接。"
    ),
}
