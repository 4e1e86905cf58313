"""`outwait serve`, in Chinese."""

from __future__ import annotations

from typing import Final

from outwait.cli.serve import EXAMPLES

HELP: Final = {
    """Run the gateway.

    Without a configuration file, set OPENAI_API_KEY, ANTHROPIC_API_KEY or
    GEMINI_API_KEY: each makes a channel, and a client key is made and shown once.
    """: """运行网关。

    没有配置文件时，设置 OPENAI_API_KEY、ANTHROPIC_API_KEY 或 GEMINI_API_KEY：
    每个变量对应一个渠道，并生成一个只显示一次的客户端密钥。
    """,
    EXAMPLES: """示例：

OPENAI_API_KEY=... outwait serve    （没有文件：一个渠道，一个只显示一次的客户端密钥）

outwait serve --config outwait.yaml --workers 4

outwait serve --check    （配置是否正确，会运行什么？）

outwait serve --json    （开始服务时在标准输出给出一个对象：各个 URL，以及新生成的客户端密钥（如果有））

outwait serve --config outwait.yaml --takeover    （取代正在运行的网关，无人察觉）

信号：TERM 或 INT 让正在输出的回答在 server.drain 内完成，再发一次则立即结束；HUP 重新读取文件；
USR2 以相同参数启动新网关并接管，用于升级版本。

退出码：0 正常结束，1 无法启动或被中断，2 用法或配置有误。
""",
    "Address to listen on, instead of server.host.": "监听地址，代替 server.host。",
    "Port, instead of server.port; 0 takes a free one.": "端口，代替 server.port；0 表示任取空闲端口。",
    "Worker processes, instead of server.workers.": "工作进程数，代替 server.workers。",
    "Take the place of the gateway that runs with this data_dir, if one does: no connection is lost. It finishes what"
    " it has begun, and ends; if this one cannot start, it serves on.": (
        "取代使用同一 data_dir 的运行中网关（如果有）：不丢失任何连接。"
        "旧网关完成已开始的工作后结束；若新网关无法启动，旧网关继续服务。"
    ),
    "Show what would run, or what is wrong, and stop.": "显示将运行什么、或哪里有误，然后停止。",
}
