"""`outwait` itself, in Chinese."""

from __future__ import annotations

from typing import Final

HELP: Final = {
    """An LLM API gateway that outwaits the slowest model.

    Start with `outwait demo`, which shows what it is for, then `outwait serve`.
    """: """等得起最慢模型的 LLM API 网关。

    先运行 `outwait demo` 看看它的用途，再运行 `outwait serve`。
    """,
    "Exit status: 0 good, 1 bad news, 2 usage or configuration, 130 ended by Ctrl-C.": (
        "退出码：0 正常，1 有坏消息，2 用法或配置有误，130 被 Ctrl-C 结束。"
    ),
    "Show the version and exit.": "显示版本并退出。",
    "Install completion for the current shell.": "为当前 shell 安装补全。",
    "Show completion for the current shell, to copy it or customize the installation.": (
        "显示当前 shell 的补全脚本，以便复制或自定义安装。"
    ),
    "Show this message and exit.": "显示本说明并退出。",
    "The configuration; else $OUTWAIT_CONFIG, or outwait.yaml here, in ~/.config/outwait or /etc/outwait.": (
        "配置文件；否则取 $OUTWAIT_CONFIG，或当前目录、~/.config/outwait、/etc/outwait 中的 outwait.yaml。"
    ),
    "Language; by default the locale's.": "语言；默认取系统区域设置。",
    "As one JSON object on stdout.": "在标准输出上给出一个 JSON 对象。",
}
