"""Settings of proxies one runs oneself: nginx, HAProxy, Caddy, Apache.

Each is a whole working piece: it passes its program's own check, and forwards to the gateway when it is started.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from outwait.core.tongue import Said
from outwait.toolkit.timeouts.advice import Advice
from outwait.toolkit.timeouts.snippet import Emitter, Snippet
from outwait.toolkit.timeouts.spell import aligned, unit, whole, why


def nginx(advice: Advice) -> Snippet:
    """A file for `http { }` of nginx."""
    advice = advice.at("nginx")
    chain = advice.chain
    edge = chain.edge
    text = f"""# nginx: a file for http {{ }}, as in /etc/nginx/conf.d/
upstream outwait {{
    server {advice.place.gateway} max_fails=0;    # one gateway: counting it out helps nobody
    keepalive 64;
    keepalive_timeout {unit(edge.reuse)};         # shorter than the gateway keeps them: nginx closes first
}}
server {{
    listen {advice.place.listen};
    client_max_body_size 100m;
    keepalive_timeout {unit(chain.kept)};         # longer than what stands before nginx keeps them
    location / {{
        proxy_pass http://outwait;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        proxy_buffering off;                      # each word and each heartbeat passes at once
        proxy_connect_timeout {unit(edge.connect)};
        proxy_send_timeout {unit(edge.write)};
        proxy_read_timeout {unit(edge.idle)};     # {why(chain)}
        proxy_next_upstream off;                  # the gateway retries, and pays for it once
    }}
}}
"""
    return Snippet(
        "nginx",
        Said("nginx before the gateway", "网关之前的 nginx"),
        "nginx",
        "nginx-outwait.conf",
        aligned(text),
        "nginx -t",
        (Said("It belongs into http { }.", "应放在 http { } 之内。"),),
    )


def haproxy(advice: Advice) -> Snippet:
    """A whole HAProxy configuration but for `global`."""
    advice = advice.at("haproxy")
    chain = advice.chain
    edge = chain.edge
    text = f"""# HAProxy 2.4 or newer
defaults
    mode http
    timeout connect {unit(edge.connect)}
    timeout http-request {unit(edge.write)}
    timeout client {unit(edge.idle)}    # as `timeout server`: a client that waits says nothing
    timeout server {unit(edge.idle)}    # {why(chain)}
    timeout http-keep-alive {unit(chain.kept)}
    option http-no-delay                # each word and each heartbeat passes at once
    retries 2
    retry-on conn-failure               # no more: what was sent may be worked on, and would be paid twice

frontend llm
    bind :{advice.place.listen}
    default_backend outwait

backend outwait
    server gateway {advice.place.gateway} pool-purge-delay {unit(edge.reuse)}
"""
    return Snippet(
        "haproxy",
        Said("HAProxy before the gateway", "网关之前的 HAProxy"),
        "haproxy",
        "haproxy-outwait.cfg",
        aligned(text),
        "haproxy -c -f {file}",
    )


def caddy(advice: Advice) -> Snippet:
    """A Caddyfile."""
    advice = advice.at("caddy")
    chain = advice.chain
    edge = chain.edge
    text = f"""# Caddy 2.6 or newer
{{
	servers {{
		timeouts {{
			idle {unit(chain.kept)}
		}}
	}}
}}
http://:{advice.place.listen} {{
	reverse_proxy {advice.place.gateway} {{
		flush_interval -1
		transport http {{
			dial_timeout {unit(edge.connect)}
			write_timeout {unit(edge.write)}
			# {why(chain)}
			response_header_timeout {unit(edge.idle)}
			read_timeout {unit(edge.idle)}
			keepalive {unit(edge.reuse)}
		}}
	}}
}}
"""
    return Snippet(
        "caddy",
        Said("Caddy before the gateway", "网关之前的 Caddy"),
        "caddy",
        "Caddyfile",
        text,
        "caddy validate --adapter caddyfile --config {file}",
        (
            Said(
                "Leave `read_body` and `write` of `servers { timeouts }` unset: they bound whole calls, not silence.",
                "不要设置 `servers { timeouts }` 的 `read_body` 与 `write`：它们限制整个请求，而不是静默时间。",
            ),
            Said(
                "Caddy 2.6 ends an answer that was cut as if it was whole: trust a stream only with its finish_reason.",
                "Caddy 2.6 会把被切断的回答当作完整回答结束：流式回答以 finish_reason 为准。",
            ),
        ),
    )


def apache(advice: Advice) -> Snippet:
    """A virtual host for Apache httpd 2.4."""
    advice = advice.at("apache")
    chain = advice.chain
    edge = chain.edge
    worker = f"connectiontimeout={whole(edge.connect)} timeout={whole(edge.idle)} ttl={whole(edge.reuse)}"
    text = f"""# Apache 2.4: a2enmod proxy proxy_http
Listen {advice.place.listen}
<VirtualHost *:{advice.place.listen}>
    # {why(chain)}
    Timeout {whole(edge.idle)}
    ProxyTimeout {whole(edge.idle)}
    KeepAliveTimeout {whole(chain.kept)}
    AllowEncodedSlashes NoDecode
    ProxyPass / http://{advice.place.gateway}/ {worker} flushpackets=on retry=0 nocanon
</VirtualHost>
"""
    return Snippet(
        "apache",
        Said("Apache before the gateway", "网关之前的 Apache"),
        "apache",
        "apache-outwait.conf",
        text,
        "apachectl -t",
        (
            Said(
                "It needs mod_proxy and mod_proxy_http: a2enmod proxy proxy_http.",
                "需要 mod_proxy 与 mod_proxy_http：a2enmod proxy proxy_http。",
            ),
        ),
    )


PROXIES: Final[Mapping[str, Emitter]] = MappingProxyType(
    {"nginx": nginx, "haproxy": haproxy, "caddy": caddy, "apache": apache}
)
