"""Settings of proxies that are configured with YAML: Traefik, Envoy, Kubernetes ingress-nginx."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from outwait.core.tongue import Said
from outwait.toolkit.timeouts.advice import Advice
from outwait.toolkit.timeouts.chain import Chain
from outwait.toolkit.timeouts.emit_outwait import STOPPING
from outwait.toolkit.timeouts.snippet import Emitter, Snippet
from outwait.toolkit.timeouts.spell import aligned, proto, said, unit, whole, why

_STATIC = Said("Traefik before the gateway: static configuration", "网关之前的 Traefik：静态配置")
_DYNAMIC = Said("Traefik before the gateway: dynamic configuration", "网关之前的 Traefik：动态配置")
_BOTH = Said(
    "Traefik needs both files: the static one names the folder of the dynamic one.",
    "Traefik 两个文件都要：静态配置指向动态配置所在的目录。",
)
_PODS = Said(
    "The gateway's pods need terminationGracePeriodSeconds: {grace}, and the controller's ConfigMap "
    'worker-shutdown-timeout: "{drain}s" (default 240s): a reload ends older connections then.',
    "网关的 Pod 需要 terminationGracePeriodSeconds: {grace}；控制器的 ConfigMap 需要 "
    'worker-shutdown-timeout: "{drain}s"（默认 240s）：重新加载后，旧连接到时会被切断。',
)
_OUTER = Said(
    'And keep-alive: "{kept}" there (default 75): longer than what stands before it keeps idle connections.',
    '该 ConfigMap 还需要 keep-alive: "{kept}"（默认 75）：必须长于其前一层保留空闲连接的时间。',
)


def traefik_static(advice: Advice) -> Snippet:
    """Traefik's own file: the entry point."""
    advice = advice.at("traefik")
    chain = advice.chain
    edge = chain.edge
    text = f"""# traefik.yml (Traefik 2 and 3)
entryPoints:
  llm:
    address: ":{advice.place.listen}"
    transport:
      respondingTimeouts:
        readTimeout: {unit(edge.total)}    # its default of 60s ends longer calls
        writeTimeout: {unit(edge.total)}   # {why(chain)}
        idleTimeout: {unit(chain.kept)}
providers:
  file:
    directory: /etc/traefik/dynamic
"""
    return Snippet(
        "traefik-static", _STATIC, "yaml", "traefik.yml", aligned(text), "traefik --configFile={file}", (_BOTH,)
    )


def traefik_dynamic(advice: Advice) -> Snippet:
    """A file for its folder of dynamic configuration: the way to the gateway."""
    advice = advice.at("traefik")
    chain = advice.chain
    edge = chain.edge
    text = f"""# /etc/traefik/dynamic/outwait.yml
http:
  routers:
    outwait:
      rule: PathPrefix(`/`)
      entryPoints: [llm]
      service: outwait
  services:
    outwait:
      loadBalancer:
        servers:
          - url: http://{advice.place.gateway}
        serversTransport: outwait
        responseForwarding:
          flushInterval: 1ms               # each word and each heartbeat passes at once
  serversTransports:
    outwait:
      forwardingTimeouts:
        dialTimeout: {unit(edge.connect)}
        responseHeaderTimeout: {unit(edge.idle)}   # {why(chain)}
        idleConnTimeout: {unit(edge.reuse)}
"""
    return Snippet("traefik-dynamic", _DYNAMIC, "yaml", "outwait.yml", aligned(text), "", (_BOTH,))


def envoy(advice: Advice) -> Snippet:
    """A whole bootstrap file."""
    advice = advice.at("envoy")
    chain = advice.chain
    listener, cluster = _envoy_listener(advice, chain), _envoy_cluster(advice, chain)
    return Snippet(
        "envoy",
        Said("Envoy before the gateway", "网关之前的 Envoy"),
        "yaml",
        "envoy.yaml",
        aligned(f"# envoy.yaml\nstatic_resources:\n{listener}{cluster}"),
        "envoy --mode validate -c {file}",
        (
            Said(
                "Of a mesh, copy the spans into its own resources (Istio: VirtualService timeout, DestinationRule).",
                "若使用服务网格，请把这些时长写入它自己的资源（Istio：VirtualService 的 timeout 与 DestinationRule）。",
            ),
        ),
    )


def _envoy_listener(advice: Advice, chain: Chain) -> str:
    edge = chain.edge
    return f"""\
  listeners:
  - name: llm
    address:
      socket_address: {{address: 0.0.0.0, port_value: {advice.place.listen}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: llm
          stream_idle_timeout: {proto(edge.idle)} # {why(chain)}; default 300s
          common_http_protocol_options:
            idle_timeout: {proto(chain.kept)}
          route_config:
            virtual_hosts:
            - name: outwait
              domains: ["*"]
              routes:
              - match: {{prefix: /}}
                route:
                  cluster: outwait
                  timeout: {proto(edge.total)} # all of the answer; default 15s
                  idle_timeout: {proto(edge.idle)}
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
"""


def _envoy_cluster(advice: Advice, chain: Chain) -> str:
    host, _, port = advice.place.gateway.rpartition(":")
    return f"""\
  clusters:
  - name: outwait
    type: STRICT_DNS
    connect_timeout: {proto(chain.edge.connect)}
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        common_http_protocol_options:
          idle_timeout: {proto(chain.edge.reuse)} # shorter than the gateway keeps idle connections
        explicit_http_config:
          http_protocol_options: {{}}
    load_assignment:
      cluster_name: outwait
      endpoints:
      - lb_endpoints:
        - endpoint:
            address:
              socket_address: {{address: "{host.strip("[]")}", port_value: {port}}}
"""


def ingress_nginx(advice: Advice) -> Snippet:
    """An Ingress for Kubernetes with ingress-nginx."""
    advice = advice.at("ingress-nginx")
    chain = advice.chain
    edge = chain.edge
    text = f"""# kubectl apply -f
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: outwait
  annotations:
    nginx.ingress.kubernetes.io/proxy-connect-timeout: "{whole(edge.connect)}"
    nginx.ingress.kubernetes.io/proxy-send-timeout: "{whole(edge.write)}"
    # {why(chain)}
    nginx.ingress.kubernetes.io/proxy-read-timeout: "{whole(edge.idle)}"
    nginx.ingress.kubernetes.io/proxy-buffering: "off"
    nginx.ingress.kubernetes.io/proxy-next-upstream: "off"
    nginx.ingress.kubernetes.io/proxy-body-size: 100m
spec:
  ingressClassName: nginx
  rules:
    - http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: outwait
                port:
                  number: {advice.place.gateway.rpartition(":")[2]}
"""
    return Snippet(
        "ingress-nginx",
        Said("Kubernetes ingress-nginx before the gateway", "网关之前的 Kubernetes ingress-nginx"),
        "yaml",
        "ingress-outwait.yaml",
        text,
        "kubectl apply --dry-run=server -f {file}",
        _cluster_notes(advice, chain),
    )


def _cluster_notes(advice: Advice, chain: Chain) -> tuple[Said, ...]:
    """What an Ingress cannot say."""
    places = {"grace": whole(advice.drain + STOPPING), "drain": whole(advice.drain), "kept": whole(chain.kept)}
    return tuple(said(note, **places) for note in (_PODS, *((_OUTER,) if len(chain.edges) > 1 else ())))


MESHES: Final[Mapping[str, Emitter]] = MappingProxyType(
    {
        "traefik-static": traefik_static,
        "traefik-dynamic": traefik_dynamic,
        "envoy": envoy,
        "ingress-nginx": ingress_nginx,
    }
)
