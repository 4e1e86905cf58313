"""`outwait diagnose`, in Chinese."""

from __future__ import annotations

from typing import Final

HELP: Final = {
    """Say why a call failed and on whose side, how sure that is, and what to do about it.

    Works for any language, SDK, proxy, gateway and provider. What a text does not say is not guessed.
    """: """说明一次调用为什么失败、责任在哪一方、有多大把握，以及该怎么办。

    适用于任何语言、SDK、代理、网关和服务商。文字没有说明的，不作猜测。
    """,
    """Examples:

outwait diagnose 'openai.APITimeoutError: Request timed out.' --elapsed 600 --model o3-pro

outwait diagnose error.log

docker logs gateway 2>&1 | outwait diagnose -

outwait diagnose - --status 504 --elapsed 1m --headers 'server: nginx' < page.html

outwait diagnose failures.jsonl --each-line    (one JSON object a line: text, model, status, elapsed_s, headers)

Exit status: 0 a cause was found, 1 the text does not say, 2 usage, or a line that cannot be read.
""": """示例：

outwait diagnose 'openai.APITimeoutError: Request timed out.' --elapsed 600 --model o3-pro

outwait diagnose error.log

docker logs gateway 2>&1 | outwait diagnose -

outwait diagnose - --status 504 --elapsed 1m --headers 'server: nginx' < page.html

outwait diagnose failures.jsonl --each-line    （每行一个 JSON 对象：text、model、status、elapsed_s、headers）

退出码：0 找到起因，1 文字没有说明，2 用法有误，或有一行无法读取。
""",
    "The error: as text, in a file, or on stdin.": "错误信息：直接给出、放在文件里，或从标准输入读取。",
    "The model that was called.": "被调用的模型。",
    "How long it took until it failed: 300, 300s or 5m.": "到失败为止经过的时间：300、300s 或 5m。",
    "The HTTP status of the reply, if one came.": "响应的 HTTP 状态码（如果有响应）。",
    "A header of the reply, 'name: value', or a file of them; repeatable.": "响应头，形如 'name: value'，"
    "或含有它们的文件；可重复。",
    "Each line is a case, as JSON or plain text; one JSON object a line.": "每行一个案例，JSON 或纯文本；"
    "每行输出一个 JSON 对象。",
}
