"""`outwait channels`, in Chinese."""

from __future__ import annotations

from typing import Final

from outwait.cli.channels import EXAMPLES

HELP: Final = {
    """Show how the channels of a running gateway are, and look after them.

    With several workers, the one that happens to answer tells what it knows.
    """: """显示运行中网关的渠道状态，并加以照管。

    有多个工作进程时，由恰好应答的那个说明它所知道的。
    """,
    EXAMPLES: """示例：

outwait channels

outwait channels openai

outwait channels check openai    （免费：它在吗，密钥有效吗？）

outwait channels check openai --model gpt-4o --paid    （真实调用，一个 token）

outwait channels revive openai    （重新启用被拒绝的密钥）

outwait channels learned export

退出码：0 一切正常，1 有渠道停用或所问失败，2 用法、配置有误或密钥无权限。
""",
    "Nothing: all channels. Or a name, or what to do. ACTION: freeze, unfreeze, reset or export.": (
        "不填：全部渠道。或渠道名，或要做的事。ACTION：freeze、unfreeze、reset 或 export。"
    ),
    "check: the model, as clients name it.": "check：模型名，按客户端的叫法。",
    "check: make a real call, for one token.": "check：真实调用一次，一个 token。",
    "check, revive: the key's place in the configuration; 0 is the first.": (
        "check、revive：密钥在配置中的位置；0 为第一个。"
    ),
    "learned: only of this endpoint, as in openai/gpt-5.": "learned：只针对这个端点，例如 openai/gpt-5。",
    "As JSON, as the gateway tells it.": "输出网关给出的 JSON。",
}
