"""`outwait net`: how far one gets on the way to a host, and whose trouble it is when that is not far enough."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from outwait.cli.telling import AsJson, Lang, console, print_json, progress, spoken

if TYPE_CHECKING:
    from outwait.core.tongue import Tongue
    from outwait.toolkit.net.environment import Proxy
    from outwait.toolkit.net.findings import Findings
    from outwait.toolkit.net.survey import Wanted
    from outwait.toolkit.net.target import Target

EXAMPLES = """Examples:

outwait net api.openai.com

outwait net https://gateway.example/v1/models --count 20

outwait net localhost:8787    (http, as for all private hosts; say https:// if it is not)

outwait net vllm.corp.example --resolver 10.0.0.53    (compare what another nameserver says)

outwait net api.openai.com --no-proxy -4 --json

No root is needed, and nothing secret is sent.

Exit status: 0 reachable and well, 1 otherwise, 2 usage.
"""


def net(
    *,
    target: Annotated[str, typer.Argument(metavar="HOST|URL", help="A host, HOST:PORT, an address or a URL.")],
    resolver: Annotated[
        list[str] | None,
        typer.Option(metavar="IP", help="Ask this nameserver too and compare; IP:PORT for another port. Repeatable."),
    ] = None,
    count: Annotated[
        int, typer.Option(min=0, max=100, help="How many connects loss and jitter are measured with.")
    ] = 5,
    timeout: Annotated[str, typer.Option(help="Limit for everything, as 20, 20s or 2m.")] = "20s",
    slow: Annotated[str, typer.Option(help="From when on a first byte is late, as 2s.")] = "2s",
    method: Annotated[str, typer.Option(metavar="GET|HEAD", help="The HTTP method.")] = "GET",
    ipv4: Annotated[bool, typer.Option("--ipv4", "-4", help="Only IPv4 addresses.")] = False,
    ipv6: Annotated[bool, typer.Option("--ipv6", "-6", help="Only IPv6 addresses.")] = False,
    proxy: Annotated[
        str | None, typer.Option(metavar="URL", help="Go through this proxy, whatever the environment says.")
    ] = None,
    no_proxy: Annotated[bool, typer.Option("--no-proxy", help="Overlook proxies of the environment.")] = False,
    ca_file: Annotated[
        Path | None, typer.Option(help="Trust these authorities too (PEM).", exists=True, dir_okay=False, readable=True)
    ] = None,
    trace: Annotated[bool, typer.Option("--trace/--no-trace", help="Look for the routers on the way.")] = True,
    mtr: Annotated[bool, typer.Option("--mtr", help="Let mtr do that, if it is installed: loss for each hop.")] = False,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Look at the way to a host, and say whose trouble it is: client, network, middlebox or server.

    DNS, TCP at each address, TLS, HTTP, routers, loss, path MTU, clocks and proxies.

    Each stage is shown, also when the next ones cannot be tried. Works without a gateway.
    """
    from outwait.toolkit.net.survey import Wanted

    parsed = _target(target)
    wanted = Wanted(
        parsed,
        timeout=_seconds(timeout, "--timeout", 1.0, 600.0),
        slow=_seconds(slow, "--slow", 0.0, 600.0),
        count=count,
        method=_method(method),
        resolvers=_resolvers(resolver or []),
        family=_family(parsed, ipv4=ipv4, ipv6=ipv6),
        proxy=_proxy(parsed, proxy, ignore=no_proxy),
        ca_file=_authorities(ca_file),
        trace=trace,
        mtr=mtr and _mtr_there(),
    )
    found = _walk(wanted, spoken(lang), quiet=as_json)
    _tell(found, lang, as_json=as_json)


def _walk(wanted: Wanted, tongue: Tongue, *, quiet: bool) -> Findings:
    """Look, and show on stderr which stages are still under way."""
    from outwait.toolkit.net.survey import STAGES, Survey
    from outwait.toolkit.net.words_steps import NAMES

    with progress(quiet=quiet) as bars:
        through = wanted.proxy is not None and not wanted.proxy.bypassed
        waiting = [name for name in STAGES if name != "proxy" or through]
        task = bars.add_task(wanted.target.shown, total=len(waiting))

        def done(name: str) -> None:
            waiting.remove(name)
            left = ", ".join(NAMES[each].told(tongue) for each in waiting)
            bars.update(task, advance=1, description=f"{wanted.target.shown}: {left}")

        return asyncio.run(Survey(wanted, done).walk())


def _tell(found: Findings, lang: Lang, *, as_json: bool) -> None:
    from outwait.cli import net_view
    from outwait.toolkit.net.judge import judge
    from outwait.toolkit.net.told import told

    verdict = judge(found)
    if as_json:
        print_json(told(found, verdict, spoken(lang)))
    else:
        net_view.draw(found, verdict, spoken(lang), console())
    if not verdict.ok:
        raise typer.Exit(1)


def _target(text: str) -> Target:
    from outwait.toolkit.net.target import TargetError, parse

    try:
        return parse(text)
    except TargetError as error:
        raise typer.BadParameter(str(error), param_hint="HOST|URL") from error


def _seconds(text: str, option: str, low: float, high: float) -> float:
    """A duration, as the configuration takes it."""
    from outwait.policy import durations

    try:
        value = durations.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error
    if not low <= value <= high:
        raise typer.BadParameter(f"goes from {low:g}s to {high:g}s, not {text}", param_hint=option)
    return value


def _method(text: str) -> str:
    if text.upper() not in ("GET", "HEAD"):
        raise typer.BadParameter(f"GET or HEAD, not {text!r}: nothing else is harmless", param_hint="--method")
    return text.upper()


def _resolvers(given: list[str]) -> tuple[str, ...]:
    from outwait.toolkit.net.lookup import where

    for each in given:
        try:
            where(each)
        except ValueError as error:
            message = f"{each!r} is no address of a nameserver: write 1.1.1.1, 10.0.0.53:5353 or [2001:db8::53]:53"
            raise typer.BadParameter(message, param_hint="--resolver") from error
    return tuple(given)


def _family(target: Target, *, ipv4: bool, ipv6: bool) -> Literal[4, 6] | None:
    if ipv4 and ipv6:
        raise typer.BadParameter("takes only one of -4 and -6; without them, both are tried", param_hint="-4/-6")
    if target.literal and (ipv4 if ":" in target.host else ipv6):
        raise typer.BadParameter(f"{target.host} is of the other family: leave the option out", param_hint="-4/-6")
    return 4 if ipv4 else 6 if ipv6 else None


def _proxy(target: Target, given: str | None, *, ignore: bool) -> Proxy | None:
    from outwait.toolkit.net import environment

    if given is None:
        return None if ignore else environment.proxy_for(target, os.environ)
    if ignore:
        raise typer.BadParameter("does not go with --no-proxy", param_hint="--proxy")
    found = environment.given(given, "--proxy")
    if found.problem or found.scheme != "http":
        raise typer.BadParameter(
            "takes an HTTP proxy: http://HOST:PORT, maybe with USER:PASSWORD@", param_hint="--proxy"
        )
    return found


def _authorities(path: Path | None) -> Path | None:
    if path is None:
        return None
    import ssl

    try:
        ssl.create_default_context(cafile=path)
    except (ssl.SSLError, OSError) as error:
        raise typer.BadParameter(f"{path} holds no certificate in PEM", param_hint="--ca-file") from error
    return path


def _mtr_there() -> bool:
    from outwait.toolkit.net import mtr

    if not mtr.installed():
        typer.secho("mtr is not installed; outwait looks for the routers itself.", fg="yellow", err=True)
        return False
    return True
