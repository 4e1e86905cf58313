"""What is said of TLS: a row for each of its rules in `rules_talk`."""

from __future__ import annotations

from typing import Final

from outwait.core.tongue import Said
from outwait.toolkit.net.words import CA, LOGS, OPENSSL, OTHER_WAY, Words

TLS: Final[dict[str, Words]] = {
    "clock_wrong": Words(
        Said(
            "This machine's clock is wrong by {skew}: the certificate is fine, our date is not.",
            "本机时钟偏差 {skew}：证书没有问题，是本机日期不对。",
        ),
        (Said("timedatectl set-ntp true", "timedatectl set-ntp true"),),
    ),
    "tls_inspected": Words(
        Said(
            "{box} opens TLS on the way, and this machine does not trust it.", "{box} 在途中拆解 TLS，而本机不信任它。"
        ),
        (
            CA,
            Said("Or have {host} taken out of inspection.", "或让 {host} 免于检查。"),
        ),
    ),
    "tls_expired": Words(
        Said(
            "The server's certificate has expired ({not_after}, {ago} ago).",
            "服务器证书已过期（{not_after}，{ago}前）。",
        ),
        (
            Said("Renew it on the server, and reload what serves it.", "在服务器上更新证书，并重新加载服务。"),
            OPENSSL,
        ),
    ),
    "tls_not_yet_valid": Words(
        Said("The server's certificate is not valid before {not_before}.", "服务器证书在 {not_before} 之前尚未生效。"),
        (
            Said(
                "Check this machine's clock first (date), then the certificate.", "先检查本机时钟（date），再检查证书。"
            ),
            OPENSSL,
        ),
    ),
    "tls_wrong_host": Words(
        Said("The certificate is for {names}, not for {host}.", "证书属于 {names}，而不是 {host}。"),
        (
            Said(
                "Use one of its names, or have {host} added to it; at a hotel or on a train, log in first.",
                "改用证书中的名字，或为 {host} 补充证书；若在酒店或列车上，请先登录网络。",
            ),
            OPENSSL,
        ),
    ),
    "tls_self_signed": Words(
        Said("The certificate is self-signed: nobody vouches for it.", "证书是自签名的：没有人为它担保。"),
        (
            Said(
                "If it is yours: outwait net {target} --ca-file cert.pem; clients take it in SSL_CERT_FILE.",
                "若是你自己的：outwait net {target} --ca-file cert.pem；客户端可用 SSL_CERT_FILE。",
            ),
        ),
    ),
    "tls_incomplete": Words(
        Said("The server does not send its intermediate certificate.", "服务器没有发送中间证书。"),
        (
            Said(
                "Configure the full chain on the server (fullchain.pem, not cert.pem).",
                "在服务器上配置完整证书链（fullchain.pem，而非 cert.pem）。",
            ),
            OPENSSL,
        ),
    ),
    "tls_unknown_ca": Words(
        Said("This machine does not know the authority {issuer}.", "本机不认识颁发机构 {issuer}。"),
        (
            CA,
            Said("If nobody here knows it, somebody opens TLS on the way.", "若无人认识它，说明途中有人在拆解 TLS。"),
        ),
    ),
    "tls_untrusted": Words(
        Said("The certificate is not to be trusted: {line}.", "证书不可信：{line}。"),
        (OPENSSL,),
    ),
    "tls_not_spoken": Words(
        Said("Port {port} does not speak TLS; it answered {line!r}.", "端口 {port} 不讲 TLS；它的应答是 {line!r}。"),
        (
            Said("Use http:// there, or the port that speaks TLS.", "那里请用 http://，或换用讲 TLS 的端口。"),
            Said("outwait net http://{host_port}", "outwait net http://{host_port}"),
        ),
    ),
    "tls_wants_certificate": Words(
        Said("The server wants a certificate of the client (mutual TLS).", "服务器要求客户端证书（双向 TLS）。"),
        (
            Said("Give the client its certificate and key.", "为客户端提供证书与私钥。"),
            Said("curl --cert client.pem --key client.key {url}", "curl --cert client.pem --key client.key {url}"),
        ),
    ),
    "tls_declined": Words(
        Said("The server declines the handshake ({line}).", "服务器拒绝握手（{line}）。"),
        (
            Said(
                "It wants another TLS version or cipher, a client certificate, or does not know the name {host}.",
                "它要求其他 TLS 版本或套件、客户端证书，或不认识 {host} 这个名字。",
            ),
            OPENSSL,
        ),
    ),
    "tls_reset_here": Words(
        Said(
            "The program on this machine's port {port} resets the connection when TLS begins.",
            "本机端口 {port} 上的程序在 TLS 开始时重置连接。",
        ),
        (
            LOGS,
            OPENSSL,
        ),
    ),
    "tls_name_blocked": Words(
        Said(
            "Somebody ends TLS because of the name {host}: without it the handshake goes on. A filter on the way, or a "
            "server that does not know the name.",
            "有人因为 {host} 这个名字而切断 TLS：不带名字时握手可以继续。是途中的过滤设备，或是不认识该名字的服务器。",
        ),
        (
            Said(
                "Is the name right? Then a filter looks at it (SNI): another network, a VPN or a gateway elsewhere "
                "gets past it.",
                "名字正确吗？若正确，就是过滤设备在看名字（SNI）：换网络、用 VPN 或在别处的网关可以绕过。",
            ),
            OTHER_WAY,
            OPENSSL,
        ),
    ),
    "tls_reset": Words(
        Said(
            "The connection is reset when TLS begins: a filter on the way, or a balancer without a server behind it.",
            "TLS 一开始连接就被重置：途中有过滤设备，或负载均衡背后没有服务器。",
        ),
        (
            OTHER_WAY,
            OPENSSL,
        ),
    ),
    "tls_closed_here": Words(
        Said(
            "The program on this machine's port {port} ends the connection when TLS begins.",
            "本机端口 {port} 上的程序在 TLS 开始时结束连接。",
        ),
        (
            LOGS,
            OPENSSL,
        ),
    ),
    "tls_closed": Words(
        Said(
            "The connection ends when TLS begins: a filter or balancer on the way, or no TLS there.",
            "TLS 一开始连接就结束：途中有过滤或负载均衡设备，或那里没有 TLS。",
        ),
        (
            OTHER_WAY,
            OPENSSL,
        ),
    ),
    "tls_lost": Words(
        Said(
            "The connection opens, but what is sent on it is never confirmed: packets with content are lost.",
            "连接能建立，但发出的内容从未被确认：带内容的数据包丢失了。",
        ),
        (
            Said(
                "Check VPN and MTU: ip link set dev IFACE mtu 1280 tries it.",
                "检查 VPN 与 MTU：可用 ip link set dev 网卡 mtu 1280 试验。",
            ),
            OTHER_WAY,
        ),
    ),
    "tls_black_hole": Words(
        Said(
            "Large packets vanish on this path: the hello arrives, the server's certificate does not come back.",
            "此路径吞掉大包：问候能送到，服务器的证书却回不来。",
        ),
        (
            Said(
                "Make packets smaller: ip link set dev IFACE mtu 1280 tries it; clamp the MSS on the VPN or router.",
                "缩小数据包：可用 ip link set dev 网卡 mtu 1280 试验；在 VPN 或路由器上限制 MSS。",
            ),
            OTHER_WAY,
        ),
    ),
    "tls_silent": Words(
        Said(
            "The server took the hello and said nothing for {seconds}.", "服务器收到了问候，却在 {seconds} 内一言不发。"
        ),
        (
            LOGS,
            Said(
                "If large answers get lost, the MTU is too large: see the path's MTU above.",
                "若大包丢失，则 MTU 过大：见上面的路径 MTU。",
            ),
            OPENSSL,
        ),
    ),
    "tls_failed": Words(
        Said("TLS fails: {line}.", "TLS 失败：{line}。"),
        (OPENSSL,),
    ),
}
