"""`outwait path`: the limits of the path to a gateway, and the heartbeat that survives them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from outwait.cli.telling import AsJson, Lang, print_json, spoken

if TYPE_CHECKING:
    from outwait.core.tongue import Tongue
    from outwait.toolkit.path.explore import Errand
    from outwait.toolkit.path.question import Form

EXAMPLES = """Examples:

outwait path https://llm.example.com --key ow-...

outwait path https://llm.example.com --up-to 2m --only stream

outwait path http://127.0.0.1:8080 --json

It takes hardly longer than the longest limit, and several times the shortest one: heartbeats are tried that long.

Exit status: 0 nothing is cut, or heartbeats survive; 1 bad news, or nobody answers there; 2 usage, a key that is not
taken, or what answers is no gateway.
"""
LONGEST = 7 * 86400.0


def path(
    *,
    url: Annotated[
        str, typer.Argument(help="Where clients reach the gateway: through everything that is to be measured.")
    ],
    up_to: Annotated[
        str, typer.Option("--up-to", help="The longest silence that matters, such as 90s or 10m.", metavar="TIME")
    ] = "10m",
    only: Annotated[
        str | None, typer.Option(help="Only these of stream, json and upload, separated by commas.", metavar="FORMS")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(help="A client key of the gateway; else OUTWAIT_API_KEY, else the configuration's first."),
    ] = None,
    config: Annotated[
        str | None, typer.Option("--config", "-c", help="Configuration file to take the key from.", metavar="FILE")
    ] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Trust any certificate.")] = False,
    proxy: Annotated[
        bool, typer.Option("--proxy", help="Go through the proxy that HTTP_PROXY or HTTPS_PROXY names.")
    ] = False,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Find out after how much silence the path to a gateway is cut, and by whom.

    The gateway is asked for silences: before its answer, inside it, as a stream and as JSON; uploads stand still.
    Then heartbeats are tried, and what survived is printed as a setting. No model is called.
    """
    import asyncio

    from outwait.toolkit.path.explore import explore
    from outwait.toolkit.path.told import NoGateway

    tongue = spoken(lang)
    url = _whole(url)
    errand = _errand(url, (up_to, only), key or _key(config), insecure=insecure, proxy=proxy)
    from outwait.cli.path_view import draw, watching

    try:
        with watching(tongue, quiet=as_json) as watch:
            run = asyncio.run(explore(errand, watch))
    except NoGateway as error:
        _nobody(error, errand.url, tongue, as_json=as_json)
    if as_json:
        from outwait.toolkit.path.report import as_json as told

        print_json(told(run, tongue))
    else:
        draw(run, tongue)
    if not run.advice.verdict.good:
        raise typer.Exit(1)


def _whole(url: str) -> str:
    """`url` with its scheme, which may be left out, as for `outwait net`."""
    if "://" in url:
        return url
    from outwait.toolkit.net.target import TargetError, parse

    try:
        return parse(url).url
    except TargetError as error:
        raise typer.BadParameter(str(error), param_hint="URL") from error


def _errand(url: str, asked: tuple[str, str | None], key: str, *, insecure: bool, proxy: bool) -> Errand:
    """What the options ask for; `asked`: --up-to and --only."""
    from outwait.toolkit.path.explore import Errand
    from outwait.toolkit.path.forward import named_for
    from outwait.toolkit.path.line import Way
    from outwait.toolkit.path.question import shown, target

    up_to, only = asked
    try:
        where = target(url)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.", param_hint="URL") from error
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise typer.BadParameter("a key is visible ASCII characters without blanks", param_hint="--key")
    try:
        forward = named_for(where)
    except ValueError as error:
        if proxy:
            raise typer.BadParameter(f"{error}.", param_hint="--proxy") from error
        forward = None
    if proxy and forward is None:
        told = "the environment names no proxy for this URL (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY)"
        raise typer.BadParameter(told, param_hint="--proxy")
    way = Way(where, key, forward if proxy else None, verify=not insecure)
    return Errand(shown(url), way, _forms(only), _span(up_to), forward)


def _forms(only: str | None) -> list[Form]:
    from outwait.toolkit.path.question import Form

    if only is None:
        return list(Form)
    words = [word.strip().lower() for word in only.split(",") if word.strip()]
    unknown = [word for word in words if word not in tuple(Form)]
    if unknown or not words:
        told = f"{unknown[0]!r} is none of {', '.join(Form)}" if unknown else f"name one of {', '.join(Form)}"
        raise typer.BadParameter(told, param_hint="--only")
    return [form for form in Form if form in words]


def _span(text: str) -> float:
    from outwait.policy import durations

    try:
        seconds = durations.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}", param_hint="--up-to") from error
    if not 1 <= seconds <= LONGEST:
        raise typer.BadParameter(f"from 1s to {durations.tell(LONGEST)}, not {text}", param_hint="--up-to")
    return seconds


def _key(config: str | None) -> str:
    """OUTWAIT_API_KEY, else the first key of the configuration, else none."""
    from_environment = os.environ.get("OUTWAIT_API_KEY", "").strip()
    if from_environment and config is None:
        return from_environment
    from outwait.config.errors import ConfigError
    from outwait.config.load import load

    try:
        keys = load(config, serving=False).keys
    except ConfigError as error:
        if config is None:
            return ""  # it was not asked for, and may be another program's
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    return keys[0].key.get_secret_value() if keys else ""


def _nobody(error: Exception, url: str, tongue: Tongue, *, as_json: bool) -> NoReturn:
    """No probe route answers: say what does, and end with 2; with 1 where nobody answers at all."""
    from outwait.toolkit.path.report import nobody_told
    from outwait.toolkit.path.told import NoGateway

    assert isinstance(error, NoGateway)  # noqa: S101 - it is caught as one
    said = nobody_told(error, url, tongue)
    if as_json:
        print_json(
            {"url": url, "verdict": "no_gateway", "kind": error.kind, "by": error.signer or None, "said": [said]}
        )
    else:
        typer.secho(said, fg="red", err=True)
    raise typer.Exit(1 if error.kind in ("unreached", "refused") else 2)
