"""`outwait timeouts`, in Chinese."""

from __future__ import annotations

from typing import Final

from outwait.cli.timeouts import EXAMPLES

HELP: Final = {
    """Advise timeouts for a model, with reasons, and write them as settings of everything on the way.

    The settings fit one another: who is further in gives up first, and says why. They hold without heartbeats too.
    """: """为模型推荐各项超时并说明原因，写成途中各环节的配置。

    各处配置相互一致：越靠内的一方越先放弃，并说明原因。没有心跳时同样成立。
    """,
    EXAMPLES: """示例：

outwait timeouts o3    （各时钟及原因，以及网关、nginx 与 openai SDK 的配置）

outwait timeouts --scenario deep --for haproxy,httpx

outwait timeouts 'claude-*' --for outwait    （对所有匹配的模型生效的规则）

outwait timeouts gpt-5 --behind cloudflare,nginx    （途中有什么，离客户端最近的在前）

outwait timeouts o3 --for all --write settings    （写成可直接使用的文件）

outwait timeouts o3 --from-gateway http://127.0.0.1:8787 --key ow-...    （网关学到的时长；需要管理密钥）

outwait timeouts --from-run run.jsonl    （`outwait check --save run.jsonl` 的测量结果）

退出码：0 已给出建议，1 网关无响应或文件无法写入，2 用法有误。
""",
    "The model's name, as a client sends it; or a glob.": "模型名，与客户端发送的一致；也可以是通配符。",
    "Instead of the one the model is listed under.": "代替模型表中该模型所属的场景。",
    "default, or seed: short timeouts that grow with each attempt.": "default，或 seed：较短、随每次尝试增长的超时。",
    "Streamed calls, or one JSON reply each.": "流式请求，或一次性 JSON 回复。",
    "The reasoning_effort of the requests, if any.": "请求的 reasoning_effort（如有）。",
    "What settings are wanted for; `all`, or `list` to see the names.": (
        "为哪些目标生成配置；`all` 为全部，`list` 列出名称。"
    ),
    "What stands before the gateway, the one next to the client first.": "网关之前有什么，离客户端最近的在前。",
    "Silence between heartbeats, as in 10s.": "两次心跳之间的静默，如 10s。",
    "Use what this gateway has learned of the model's waits.": "采用该网关从实际等待中学到的时长。",
    "--from-gateway: a key with `admin: true`, else the configuration's first.": (
        "配合 --from-gateway：带 `admin: true` 的密钥；默认取配置中的第一个。"
    ),
    "Use what `outwait check --save FILE` found.": "采用 `outwait check --save FILE` 的测量结果。",
    "What clients are to call; by default the proxy, or the gateway.": (
        "客户端调用的地址；默认为代理，没有代理则为网关。"
    ),
    "Where a proxy finds the gateway.": "代理访问网关的地址。",
    "The port of the proxy next to the gateway; others before it take the next ones.": (
        "网关前最近一层代理监听的端口；更外层的代理依次加一。"
    ),
    "Write the settings into files in this folder.": "把配置写成此目录中的文件。",
    "--write: also over files that are there.": "配合 --write：覆盖已有文件。",
}
