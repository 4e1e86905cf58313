"""`outwait timeouts`: timeouts for everything between a client and a model, that fit one another."""

from __future__ import annotations

import typer

from outwait.cli import telling
from outwait.cli import timeouts_options as options
from outwait.cli.serve import Config
from outwait.cli.telling import AsJson, Lang

EXAMPLES = """Examples:

outwait timeouts o3    (the clocks and why, and settings for the gateway, nginx and the openai SDK)

outwait timeouts --scenario deep --for haproxy,httpx

outwait timeouts 'claude-*' --for outwait    (a rule for all of them)

outwait timeouts gpt-5 --behind cloudflare,nginx    (what stands on the way, the one next to the client first)

outwait timeouts o3 --for all --write settings    (files, ready to use)

outwait timeouts o3 --from-gateway http://127.0.0.1:8787 --key ow-...    (what it has learned; an admin key)

outwait timeouts --from-run run.jsonl    (what `outwait check --save run.jsonl` found)

Exit status: 0 advice was given, 1 the gateway does not answer or a file could not be written, 2 usage.
"""


def timeouts(
    *,
    model: options.Model = None,
    scenario: options.Scenario = None,
    preset: options.Preset = "default",
    stream: options.Stream = True,
    effort: options.Effort = None,
    targets: options.Targets = None,
    behind: options.Behind = None,
    every: options.Every = None,
    from_gateway: options.FromGateway = None,
    key: options.Key = None,
    from_run: options.FromRun = None,
    url: options.Url = None,
    gateway: options.Address = "127.0.0.1:8787",
    listen: options.Listen = 8080,
    write: options.Write = None,
    overwrite: options.Overwrite = False,
    scale: options.Scale = 1.0,
    config: Config = None,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Advise timeouts for a model, with reasons, and write them as settings of everything on the way.

    The settings fit one another: who is further in gives up first, and says why. They hold without heartbeats too.
    """
    from outwait.cli import timeouts_ask as asking
    from outwait.cli import timeouts_view as view
    from outwait.toolkit.timeouts.advice import advise
    from outwait.toolkit.timeouts.emit import emit

    tongue = telling.spoken(lang)
    if targets == "list":
        view.targets(tongue, as_json=as_json)
        return
    words = asking.Words(model, scenario, preset, stream, effort, targets, behind, every, url, gateway, listen, scale)
    asked = asking.understood(words, tongue, measured=from_run is not None)
    if key is not None and from_gateway is None:
        raise typer.BadParameter("goes with --from-gateway only", param_hint="--key")
    if config is not None:
        asked = asking.with_config(asked, config, used=from_gateway is not None)
    try:
        if from_run is not None:
            asked = asking.with_run(asked, from_run, tongue)
        if from_gateway is not None:
            asked = asking.with_gateway(asked, from_gateway, key, config, tongue)
        advice = advise(asked.facts)
        snippets = [emit(target, advice) for target in asked.targets]
        written = asking.written(snippets, write, tongue, overwrite=overwrite) if write is not None else None
    except asking.BadNews as news:
        if as_json:
            telling.print_json(news.plain)
        else:
            typer.secho(str(news), fg="red", err=True)
        raise typer.Exit(news.status) from news
    if as_json:
        telling.print_json(view.plain(advice, snippets, written, tongue, asked.remarks))
    else:
        view.draw(advice, snippets, written, tongue, asked.remarks)
