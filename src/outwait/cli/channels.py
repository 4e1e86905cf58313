"""`outwait channels`: how the channels of a running gateway are; check one, revive a key, see to learned clocks."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from outwait.cli.gateway import Key, Unreached, Url, refused, running, unreached
from outwait.cli.serve import Config
from outwait.cli.telling import print_json

EXAMPLES = """Examples:

outwait channels

outwait channels openai

outwait channels check openai    (free: is it there, is its key good?)

outwait channels check openai --model gpt-4o --paid    (a real call, for one token)

outwait channels revive openai    (use its refused keys again)

outwait channels learned export

Exit status: 0 all is well, 1 a channel is out or what was asked failed, 2 usage, configuration or a key that may not.
"""
_ACTIONS = ("check", "revive", "learned", "show")
_LESSONS = ("freeze", "unfreeze", "reset", "export")


def channels(
    *,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME | show NAME | check NAME | revive NAME | learned ACTION]",
            help="Nothing: all channels. Or a name, or what to do. ACTION: freeze, unfreeze, reset or export.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="check: the model, as clients name it.")] = None,
    paid: Annotated[bool, typer.Option("--paid", help="check: make a real call, for one token.")] = False,
    credential: Annotated[
        int | None, typer.Option(min=0, help="check, revive: the key's place in the configuration; 0 is the first.")
    ] = None,
    endpoint: Annotated[str | None, typer.Option(help="learned: only of this endpoint, as in openai/gpt-5.")] = None,
    url: Url = None,
    key: Key = None,
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, as the gateway tells it.")] = False,
) -> None:
    """Show how the channels of a running gateway are, and look after them.

    With several workers, the one that happens to answer tells what it knows.
    """
    action, rest = _action(words or [])
    path, body = _asked(action, rest, model=model, paid=paid, credential=credential, endpoint=endpoint)
    gateway = running(config, url, key)
    try:
        told = gateway.ask(path, body)
    except Unreached as error:
        unreached(error, as_json=as_json)
    if told.status != 200:
        refused(told, as_json=as_json)
    if as_json:
        print_json(told.body)
    else:
        from outwait.cli import channels_view

        channels_view.draw(action, told.body)
    if not _good(action, told.body):
        raise typer.Exit(1)


def _action(words: list[str]) -> tuple[str, list[str]]:
    """What to do, and with what. A channel that is called like an action is had with `show`."""
    if not words:
        return "list", []
    if words[0] in _ACTIONS:
        if len(words) != 2:
            what = f"one of {', '.join(_LESSONS)}" if words[0] == "learned" else "a channel's name"
            raise typer.BadParameter(f"`{words[0]}` takes {what}", param_hint="NAME")
        return words[0], words[1:]
    if len(words) > 1:
        raise typer.BadParameter(f"{words[0]!r} is none of {', '.join(_ACTIONS)}", param_hint="NAME")
    return "show", words


def _asked(
    action: str, rest: list[str], *, model: str | None, paid: bool, credential: int | None, endpoint: str | None
) -> tuple[str, dict[str, object] | None]:
    """The path below /v1/channels, and the body of what is posted."""
    _only(action, ("check",), {"--model": model, "--paid": paid or None})
    _only(action, ("check", "revive"), {"--credential": credential})
    _only(action, ("learned",), {"--endpoint": endpoint})
    from urllib.parse import quote

    named = f"/{quote(rest[0], safe='', errors='surrogateescape')}" if rest else ""
    if action in ("list", "show"):
        return named, None
    body: dict[str, object] = {}
    if action == "learned":
        if rest[0] not in _LESSONS:
            raise typer.BadParameter(f"`learned` takes one of {', '.join(_LESSONS)}", param_hint="ACTION")
        body["action"] = rest[0]
        if endpoint is not None:
            body["endpoint"] = endpoint
        return "/learned", body
    if action == "check":
        if paid and model is None:
            raise typer.BadParameter("a paid check calls a model: name it", param_hint="--model")
        body |= {"model": model or "", "paid": paid}
    if credential is not None:
        body["key"] = credential
    return f"{named}/{action}", body


def _only(action: str, where: tuple[str, ...], given: dict[str, object]) -> None:
    for option, value in given.items():
        if value is not None and action not in where:
            raise typer.BadParameter(f"goes with {' and '.join(where)} only", param_hint=option)


def _good(action: str, told: dict[str, Any]) -> bool:
    """Whether the answer is no bad news."""
    if action == "list":
        return all(row["state"] != "out" for row in told["data"])
    if action == "show":
        return bool(told["state"] != "out")
    return bool(told.get("ok", True))
