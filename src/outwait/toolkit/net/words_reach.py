"""What is said where one does not get to the target: a row for each rule of `rules_reach`."""

from __future__ import annotations

from typing import Final

from outwait.core.tongue import Said
from outwait.toolkit.net.words import COMPARE, FIREWALL, LISTENING, NAMESERVERS, NO_PROXY, OTHER_WAY, Words

REACH: Final[dict[str, Words]] = {
    "proxy_bad_url": Words(
        Said("The proxy in {variable} is no URL ({line}).", "{variable} 中的代理不是合法 URL（{line}）。"),
        (Said("Set it as {variable}=http://proxy.example:3128", "改为 {variable}=http://proxy.example:3128"), NO_PROXY),
    ),
    "proxy_unreached": Words(
        Said("The proxy {proxy} that {variable} names cannot be reached.", "{variable} 指定的代理 {proxy} 无法连接。"),
        (Said("Correct {variable}, or unset it.", "更正 {variable}，或取消设置。"), NO_PROXY),
    ),
    "proxy_wants_login": Words(
        Said("The proxy {proxy} wants a login (407).", "代理 {proxy} 要求登录（407）。"),
        (Said("{variable}=http://USER:PASSWORD@HOST:PORT", "{variable}=http://用户:密码@主机:端口"),),
    ),
    "proxy_forbids": Words(
        Said(
            "The proxy {proxy} forbids {host}:{port} ({status}).", "代理 {proxy} 禁止访问 {host}:{port}（{status}）。"
        ),
        (
            Said(
                "Ask for {host} to be let through, or take it out of the proxy's way.",
                "申请放行 {host}，或让它绕过代理。",
            ),
            NO_PROXY,
        ),
    ),
    "proxy_timed_out": Words(
        Said("The proxy {proxy} did not get to {host} in time (504).", "代理 {proxy} 未能及时连上 {host}（504）。"),
        (NO_PROXY,),
    ),
    "proxy_failed": Words(
        Said("The proxy {proxy} did not connect to {host} ({status}).", "代理 {proxy} 没有连上 {host}（{status}）。"),
        (NO_PROXY,),
    ),
    "proxy_silent": Words(
        Said("The proxy {proxy} took the connection and did not answer.", "代理 {proxy} 接受了连接却没有回应。"),
        (NO_PROXY,),
    ),
    "proxy_broken": Words(
        Said("What listens at {proxy} does not answer as a proxy does.", "{proxy} 上的程序不像代理那样应答。"),
        (Said("Check the port in {variable}.", "检查 {variable} 中的端口。"), NO_PROXY),
    ),
    "dns_blocked": Words(
        Said(
            "The nameserver blocks {host}: it answers with an address that is none.",
            "域名服务器屏蔽了 {host}：返回的不是可用地址。",
        ),
        (
            Said(
                "Look at the filters of the nameserver or the hosts file (Pi-hole, AdGuard, a company's DNS).",
                "检查域名服务器或 hosts 文件的过滤规则（Pi-hole、AdGuard、公司 DNS）。",
            ),
            COMPARE,
        ),
    ),
    "dns_known_elsewhere": Words(
        Said(
            "This machine's nameservers do not know {host}, others do.",
            "本机的域名服务器不认识 {host}，别的服务器认识。",
        ),
        (
            Said(
                "Use a nameserver that knows it, or have the filter of yours changed.",
                "换用认识它的域名服务器，或请人修改现有服务器的过滤。",
            ),
            NAMESERVERS,
        ),
    ),
    "dns_own_trouble": Words(
        Said(
            "The nameservers know {host}, yet this machine's own lookup fails ({line}).",
            "域名服务器认识 {host}，但本机自己的解析失败（{line}）。",
        ),
        (
            Said(
                "Look at /etc/nsswitch.conf, nscd and systemd-resolved.",
                "检查 /etc/nsswitch.conf、nscd 与 systemd-resolved。",
            ),
            Said("getent ahosts {host}; resolvectl flush-caches", "getent ahosts {host}; resolvectl flush-caches"),
        ),
    ),
    "dns_nxdomain": Words(
        Said("There is no such name as {host}, says the nameserver.", "域名服务器说没有 {host} 这个名字。"),
        (
            Said(
                "Check the spelling; a name of an internal network needs its VPN and its nameserver.",
                "检查拼写；内网域名需要连上 VPN 并使用其域名服务器。",
            ),
            COMPARE,
        ),
    ),
    "dns_no_data": Words(
        Said("The name {host} is there, without an address.", "{host} 这个名字存在，但没有地址。"),
        (
            Said(
                "Check the name: perhaps a host below it is meant, or the record was deleted.",
                "检查域名：也许应为其下的某个主机，或记录已被删除。",
            ),
            COMPARE,
        ),
    ),
    "dns_servfail": Words(
        Said("The nameserver {server} could not find out (SERVFAIL).", "域名服务器 {server} 查询失败（SERVFAIL）。"),
        (
            Said(
                "Its own upstream is dead, or the zone's DNSSEC is broken: ask another one.",
                "它的上游失效，或该域的 DNSSEC 有误：换一台询问。",
            ),
            COMPARE,
        ),
    ),
    "dns_refused": Words(
        Said(
            "The nameserver {server} refuses to answer this machine (REFUSED).",
            "域名服务器 {server} 拒绝回答本机（REFUSED）。",
        ),
        (
            Said(
                "Use the nameserver of this network; that one serves other clients.",
                "使用本网络的域名服务器；那一台不为你服务。",
            ),
            NAMESERVERS,
        ),
    ),
    "dns_silent": Words(
        Said("DNS is dead: the nameserver {server} does not answer.", "DNS 不通：域名服务器 {server} 没有应答。"),
        (
            Said(
                "Check that UDP and TCP port 53 to {server} are open, or use another nameserver.",
                "确认到 {server} 的 UDP/TCP 53 端口畅通，或换一台域名服务器。",
            ),
            NAMESERVERS,
            COMPARE,
        ),
    ),
    "dns_closed": Words(
        Said(
            "DNS is dead: at {server} no nameserver is listening, or there is no way to it.",
            "DNS 不通：{server} 上没有域名服务器在监听，或无法到达。",
        ),
        (Said("Start it, or use another nameserver.", "启动它，或换一台域名服务器。"), NAMESERVERS, COMPARE),
    ),
    "dns_garbled": Words(
        Said("What the nameserver {server} answers cannot be used.", "域名服务器 {server} 的回答无法使用。"),
        (NAMESERVERS, COMPARE),
    ),
    "dns_unconfigured": Words(
        Said(
            "This machine has no nameserver configured and does not know {host}.",
            "本机没有配置域名服务器，也不认识 {host}。",
        ),
        (
            Said(
                "Name one in /etc/resolv.conf, or add {host} to /etc/hosts.",
                "在 /etc/resolv.conf 中指定一台，或把 {host} 写入 /etc/hosts。",
            ),
            COMPARE,
        ),
    ),
    "dns_no_family": Words(
        Said(
            "{host} has no address of the kind that was asked for (-4, -6).", "{host} 没有所要求类型（-4、-6）的地址。"
        ),
        (Said("Leave the option out.", "去掉该选项。"), Said("outwait net {target}", "outwait net {target}")),
    ),
    "tcp_filter_refused": Words(
        Said(
            "A firewall rejects port {port} (ICMP port unreachable from {icmp_from}).",
            "防火墙拒绝端口 {port}（{icmp_from} 发来 ICMP 端口不可达）。",
        ),
        (FIREWALL,),
    ),
    "tcp_refused_here": Words(
        Said("Nothing listens on port {port} of this machine.", "本机端口 {port} 上没有程序在监听。"),
        (
            Said("Start the server, or correct the port.", "启动服务，或更正端口。"),
            Said("ss -ltnp 'sport = :{port}'", "ss -ltnp 'sport = :{port}'"),
        ),
    ),
    "tcp_refused": Words(
        Said(
            "{address} refuses port {port}: the machine answers, nobody listens there.",
            "{address} 拒绝端口 {port}：机器有应答，但无人监听。",
        ),
        (
            Said(
                "Check that the server runs, listens on more than 127.0.0.1, and that the port is right.",
                "确认服务在运行、监听的不只是 127.0.0.1，且端口正确。",
            ),
            LISTENING,
        ),
    ),
    "tcp_prohibited": Words(
        Said(
            "A firewall forbids the way to {address} (ICMP prohibited from {icmp_from}).",
            "防火墙禁止前往 {address}（{icmp_from} 发来 ICMP 禁止）。",
        ),
        (
            Said("Whoever runs {icmp_from} can open port {port}.", "管理 {icmp_from} 的人可以开放端口 {port}。"),
            FIREWALL,
        ),
    ),
    "tcp_no_route": Words(
        Said(
            "This machine has no way to {address}: no packet left it.",
            "本机没有到 {address} 的路由：没有发出任何数据包。",
        ),
        (
            Said("Check cable, Wi-Fi, VPN and the default route.", "检查网线、Wi-Fi、VPN 与默认路由。"),
            Said("ip route get {address}", "ip route get {address}"),
        ),
    ),
    "tcp_local": Words(
        Said("This machine itself did not let the connection out ({line}).", "本机自身没有放行连接（{line}）。"),
        (
            Said(
                "Look at local firewall rules, free ports and file descriptors.",
                "检查本机防火墙、可用端口与文件描述符。",
            ),
            Said("nft list ruleset; ss -s; ulimit -n", "nft list ruleset; ss -s; ulimit -n"),
        ),
    ),
    "tcp_filtered": Words(
        Said(
            "{address} is there, but a firewall drops connections to port {port}.",
            "{address} 在线，但防火墙丢弃了到端口 {port} 的连接。",
        ),
        (FIREWALL, LISTENING),
    ),
    "tcp_dropped": Words(
        Said(
            "Packets to {address}:{port} vanish: no answer in {seconds}; the last that answered was {hop}.",
            "发往 {address}:{port} 的数据包消失：{seconds} 内无应答；最后应答的是 {hop}。",
        ),
        (FIREWALL, OTHER_WAY, Said("outwait net {target} --mtr", "outwait net {target} --mtr")),
    ),
    "tcp_unreachable": Words(
        Said("There is no way to {address}, says {icmp_from}.", "{icmp_from} 说没有到 {address} 的路。"),
        (
            Said("Check VPN and routes; the machine may be off.", "检查 VPN 与路由；对方机器也可能关机了。"),
            Said("ip route get {address}", "ip route get {address}"),
        ),
    ),
    "tcp_mixed": Words(
        Said(
            "No address of {host} takes a connection, each for a reason of its own.",
            "{host} 的所有地址都连不上，原因各不相同。",
        ),
        (FIREWALL, LISTENING),
    ),
}
