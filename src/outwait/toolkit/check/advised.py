"""What to do about a failure: by its rule, where `outwait net` would know more than the cause, else by its cause."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from outwait.core.tongue import Said
from outwait.diagnosis.advice import ADVICE
from outwait.toolkit.check.summary import Failure

_FREE: Final = Said("Nothing reached the endpoint, so nothing was charged. ", "请求没有到达端点，因此没有计费。")


def _proxy(en: str, zh: str) -> Said:
    return Said(_FREE.en + en, _FREE.zh + zh)


_WITHOUT: Final = _proxy(
    "See whether it works without the proxy (NO_PROXY='*'), and look into the proxy's log.",
    "看看不经代理（NO_PROXY='*'）是否可用，并查看代理的日志。",
)
_SETTING: Final = _proxy(
    "Start the proxy, correct HTTP_PROXY, HTTPS_PROXY or ALL_PROXY, or go without it: NO_PROXY='*'.",
    "启动代理，更正 HTTP_PROXY、HTTPS_PROXY 或 ALL_PROXY，或不用代理：NO_PROXY='*'。",
)
_CLOSED: Final = Said(
    "Nothing of the request was sent. Look at what listens there, and try from another network: a filter or a balancer "
    "on the way may end it.",
    "请求内容没有发出。看看那里是什么程序在监听，并换一个网络再试：可能是途中的过滤或负载均衡设备切断的。",
)

RULES: Final[Mapping[str, Said]] = {
    "proxy_unreached": _SETTING,
    "proxy_broken": _SETTING,
    "proxy_wants_login": _proxy(
        "Put its login into the variable, before the host: USER:PASSWORD@HOST:PORT.",
        "把登录信息写进变量，放在主机之前：用户:密码@主机:端口。",
    ),
    "proxy_forbids": _proxy(
        "Ask for the endpoint to be let through, or take it out of the proxy's way with NO_PROXY.",
        "申请放行该端点，或用 NO_PROXY 让它绕过代理。",
    ),
    "proxy_timed_out": _WITHOUT,
    "proxy_failed": _WITHOUT,
    "proxy_silent": _WITHOUT,
    "tls_expired": Said(
        "Nothing of the request was sent. Renew the certificate on the server, and reload what serves it.",
        "请求内容没有发出。在服务器上更新证书，并重新加载服务。",
    ),
    "tls_not_yet_valid": Said(
        "Nothing of the request was sent. Check this machine's clock first (date), then the certificate.",
        "请求内容没有发出。先检查本机时钟（date），再检查证书。",
    ),
    "tls_wrong_host": Said(
        "Nothing of the request was sent. Use one of the certificate's names (outwait net shows them), or have this "
        "one added to it.",
        "请求内容没有发出。改用证书中的名字（outwait net 会列出），或为该名字补充证书。",
    ),
    "tls_self_signed": Said(
        "Nothing of the request was sent. If the certificate is yours, name it with --ca-file; outwait net shows what "
        "else is wrong with it.",
        "请求内容没有发出。若证书是你自己的，用 --ca-file 指定它；outwait net 会列出它的其他问题。",
    ),
    "tls_incomplete": Said(
        "Nothing of the request was sent. Configure the full chain on the server (fullchain.pem, not cert.pem).",
        "请求内容没有发出。在服务器上配置完整证书链（fullchain.pem，而非 cert.pem）。",
    ),
    "tls_unknown_ca": Said(
        "Nothing of the request was sent. If that authority is your company's, name it with --ca-file or "
        "SSL_CERT_FILE; outwait net shows who it is.",
        "请求内容没有发出。若该颁发机构属于贵公司，用 --ca-file 或 SSL_CERT_FILE 指定它；outwait net 会显示它是谁。",
    ),
    "tls_not_spoken": Said(
        "Nothing of the request was sent. Use http:// there, or the port that speaks TLS.",
        "请求内容没有发出。那里请用 http://，或换用讲 TLS 的端口。",
    ),
    "tls_wants_certificate": Said(
        "The server wants a certificate of the client (mutual TLS), which a check cannot give.",
        "服务器要求客户端证书（双向 TLS），检查无法提供。",
    ),
    "tls_declined": Said(
        "Nothing of the request was sent. The server wants another TLS version or cipher, or does not know this name.",
        "请求内容没有发出。服务器要求其他 TLS 版本或套件，或不认识这个名字。",
    ),
    "tls_silent": Said(
        "Nothing of the request was sent. Look into the server's log at this time: it took the connection. If large "
        "answers get lost on the way, outwait net tells the path's MTU.",
        "请求内容没有发出。查看服务器此刻的日志：它接受了连接。若大包在途中丢失，outwait net 会给出路径 MTU。",
    ),
    "tls_reset_here": _CLOSED,
    "tls_reset": _CLOSED,
    "tls_closed_here": _CLOSED,
    "tls_closed": _CLOSED,
}
"""Rule of `outwait net` -> what to do now. Rules that are not here leave it to the cause."""


def advice(failure: Failure) -> Said:
    """What to do now."""
    found = RULES.get(failure.rule or "")
    return found or ADVICE.get(failure.cause, ADVICE["unknown"]).now
