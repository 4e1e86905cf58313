"""`outwait check`, in Chinese."""

from __future__ import annotations

from typing import Final

HELP: Final = {
    """Probe endpoints and say how they are, which one is best, and which timeouts suit it.

    Without --model nothing is called that costs: the list of models is asked for, or the URL fetched.
    """: """探测端点：说明状况如何、哪个最佳、适合怎样的超时。

    不加 --model 时不会发起付费调用：只请求模型列表，或抓取该 URL。
    """,
    """Examples:

outwait check https://api.openai.com/v1    (free: its list of models, with OPENAI_API_KEY)

outwait check https://api.openai.com/v1 --model gpt-4o-mini    (10 short paid calls)

outwait check https://api.openai.com/v1 http://127.0.0.1:8787/v1 -m gpt-4o -k KEY1 -k KEY2    (side by side)

outwait check --config outwait.yaml openai backup    (two channels of a configuration; none named: all)

outwait check https://example.com/health -n 30    (any URL: it is fetched)

outwait check URL --save run.jsonl, later: outwait check URL --compare run.jsonl

outwait check URL --watch 30s    (until Ctrl-C)

Exit status: 0 every endpoint answers enough of its probes (--fail-below), 1 one does not, or --save failed on the way,
2 usage or configuration, 130 Ctrl-C (what is there by then is told; a --watch is ended that way on purpose).
""": """示例：

outwait check https://api.openai.com/v1    （免费：用 OPENAI_API_KEY 请求模型列表）

outwait check https://api.openai.com/v1 --model gpt-4o-mini    （10 次简短的付费调用）

outwait check https://api.openai.com/v1 http://127.0.0.1:8787/v1 -m gpt-4o -k KEY1 -k KEY2    （并排比较）

outwait check --config outwait.yaml openai backup    （配置中的两个渠道；不写名称则为全部）

outwait check https://example.com/health -n 30    （任意 URL：直接抓取）

outwait check URL --save run.jsonl，之后：outwait check URL --compare run.jsonl

outwait check URL --watch 30s    （直到 Ctrl-C）

退出码：0 每个端点的应答率都够（--fail-below），1 有端点不够，或中途无法写入 --save，2 用法或配置有误，
130 被 Ctrl-C 结束（会给出到那时为止的结果；--watch 本来就是这样结束的）。
""",
    "Base URLs of providers or gateways, any other URLs, or names of channels. None: all channels.": (
        "服务商或网关的 base URL、任意其他 URL，或渠道名称。不写则为全部渠道。"
    ),
    "Call this model, which is paid; once for all, or once for each URL.": (
        "调用此模型（付费）；写一次用于全部，或每个 URL 各写一次。"
    ),
    "API key, once for all or once for each URL; else OPENAI_API_KEY and the like.": (
        "API 密钥，写一次用于全部，或每个 URL 各写一次；否则取 OPENAI_API_KEY 等变量。"
    ),
    "Guessed from the URL unless given.": "协议方言；不给则由 URL 推断。",
    "Probes of each endpoint.": "每个端点的探测次数。",
    "At most so many of one endpoint at a time.": "每个端点同时最多这么多个。",
    "Longest silence, 60s by default, and a probe at most twice as long; or one clock, first_byte=30s.": (
        "最长沉默，默认 60s，一次探测最多为其两倍；或指定某个时钟，如 first_byte=30s。"
    ),
    "Ask for a stream, or for one JSON reply.": "请求流式输出，或一个 JSON 应答。",
    "What the model is asked, instead of counting to twenty.": "向模型提的问题，代替“数到二十”。",
    "Most tokens of an answer: 64, or 1024 for models that think.": "回答最多的 token 数：默认 64，会思考的模型 1024。",
    "Keep connections; else each probe makes its own.": "复用连接；否则每次探测新建连接。",
    "Trust the authorities in this file, and no others.": "只信任此文件中的证书颁发机构。",
    "Again and again, a round each SPAN, until Ctrl-C.": "反复探测，每隔 SPAN 一轮，直到 Ctrl-C。",
    "--watch: so many rounds.": "--watch：共这么多轮。",
    "Add every probe to this file, as JSON Lines.": "把每次探测追加到此文件（JSON Lines）。",
    "Compare with the last run in this file, which --save wrote.": "与此文件（由 --save 写成）中最后一次运行比较。",
    "The share of probes that an endpoint has to answer.": "端点必须应答的探测百分比。",
    "The configuration; else $OUTWAIT_CONFIG, or outwait.yaml here, in ~/.config/outwait or /etc/outwait.": (
        "配置文件；否则取 $OUTWAIT_CONFIG，或当前目录、~/.config/outwait、/etc/outwait 中的 outwait.yaml。"
    ),
}
