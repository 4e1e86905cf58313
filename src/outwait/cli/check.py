"""`outwait check`: how endpoints are, measured: success, connect, TLS, first byte, first token, tokens a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from outwait.cli.serve import Config
from outwait.cli.start import INTERRUPTED
from outwait.cli.telling import AsJson, Lang, console, print_json, spoken

if TYPE_CHECKING:
    from rich.console import Console

    from outwait.cli.check_run import Run
    from outwait.core.tongue import Tongue
    from outwait.toolkit.check.rounds import Pace
    from outwait.toolkit.check.saved import Run as Saved
    from outwait.toolkit.check.words import Remark

EXAMPLES = """Examples:

outwait check https://api.openai.com/v1    (free: its list of models, with OPENAI_API_KEY)

outwait check https://api.openai.com/v1 --model gpt-4o-mini    (10 short paid calls)

outwait check https://api.openai.com/v1 http://127.0.0.1:8787/v1 -m gpt-4o -k KEY1 -k KEY2    (side by side)

outwait check --config outwait.yaml openai backup    (two channels of a configuration; none named: all)

outwait check https://example.com/health -n 30    (any URL: it is fetched)

outwait check URL --save run.jsonl, later: outwait check URL --compare run.jsonl

outwait check URL --watch 30s    (until Ctrl-C)

Exit status: 0 every endpoint answers enough of its probes (--fail-below), 1 one does not, or --save failed on the way,
2 usage or configuration, 130 Ctrl-C (what is there by then is told; a --watch is ended that way on purpose).
"""


Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[URL... | NAME...]",
        help="Base URLs of providers or gateways, any other URLs, or names of channels. None: all channels.",
        show_default=False,
    ),
]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", "-m", help="Call this model, which is paid; once for all, or once for each URL."),
]
Keys = Annotated[
    list[str] | None,
    typer.Option("--key", "-k", help="API key, once for all or once for each URL; else OPENAI_API_KEY and the like."),
]
Spoken = Annotated[
    str | None,
    typer.Option(
        "--dialect", help="Guessed from the URL unless given.", metavar="openai|responses|anthropic|gemini|http"
    ),
]
Probes = Annotated[int, typer.Option("--probes", "-n", min=1, max=10_000, help="Probes of each endpoint.")]
Parallel = Annotated[
    int, typer.Option("--parallel", "-p", min=1, max=100, help="At most so many of one endpoint at a time.")
]
Timeouts = Annotated[
    list[str] | None,
    typer.Option(
        "--timeout",
        "-t",
        metavar="SPAN|CLOCK=SPAN",
        help="Longest silence, 60s by default, and a probe at most twice as long; or one clock, first_byte=30s.",
    ),
]
Streamed = Annotated[bool, typer.Option("--stream/--no-stream", help="Ask for a stream, or for one JSON reply.")]
Prompt = Annotated[str | None, typer.Option(help="What the model is asked, instead of counting to twenty.")]
MostTokens = Annotated[
    int | None, typer.Option(min=1, help="Most tokens of an answer: 64, or 1024 for models that think.")
]
Reuse = Annotated[bool, typer.Option("--reuse", help="Keep connections; else each probe makes its own.")]
CaFile = Annotated[str | None, typer.Option(metavar="FILE", help="Trust the authorities in this file, and no others.")]
Watch = Annotated[str | None, typer.Option(metavar="SPAN", help="Again and again, a round each SPAN, until Ctrl-C.")]
Rounds = Annotated[int | None, typer.Option(min=1, help="--watch: so many rounds.")]
Save = Annotated[str | None, typer.Option(metavar="FILE", help="Add every probe to this file, as JSON Lines.")]
Compare = Annotated[
    str | None, typer.Option(metavar="FILE", help="Compare with the last run in this file, which --save wrote.")
]
FailBelow = Annotated[str, typer.Option(metavar="PERCENT", help="The share of probes that an endpoint has to answer.")]


def check(
    *,
    words: Words = None,
    model: Models = None,
    key: Keys = None,
    dialect: Spoken = None,
    probes: Probes = 10,
    parallel: Parallel = 4,
    timeout: Timeouts = None,
    stream: Streamed = True,
    prompt: Prompt = None,
    max_tokens: MostTokens = None,
    reuse: Reuse = False,
    ca_file: CaFile = None,
    watch: Watch = None,
    rounds: Rounds = None,
    save: Save = None,
    compare: Compare = None,
    fail_below: FailBelow = "90",
    config: Config = None,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Probe endpoints and say how they are, which one is best, and which timeouts suit it.

    Without --model nothing is called that costs: the list of models is asked for, or the URL fetched.
    """
    from outwait.cli import check_ask, check_run
    from outwait.toolkit.check.wording import PROMPT, Asking

    tongue = spoken(lang)
    with check_ask.wrongs(tongue):
        at_least = check_ask.share_of(fail_below)
        pace = _pace(timeout or [], probes, parallel, reuse=reuse, watch=watch, rounds=rounds)
        earlier = _earlier(compare)
        found = check_ask.find(check_ask.Asked(words or [], config, model or [], key or [], dialect, ca_file))
        wordings = check_ask.worded(found, Asking(PROMPT if prompt is None else prompt, max_tokens, stream))
        for remark in check_ask.announced(found, wordings, pace.probes, each=pace.every is not None):
            typer.echo(remark.told(tongue), err=True)
        made, screen = check_run.begin(wordings, pace), console()
        check_run.go(made, save=save, screen=screen, quiet=as_json, tongue=tongue)
    careful = check_ask.keyless(found, [probe.endpoint for probe in made.probes if probe.cause == "auth_failed"])
    failed = {probe.endpoint for probe in made.probes if probe.outcome != "ok"}
    careful += check_ask.proxied([wording for wording in wordings if wording.about.name in failed])
    careful += made.missing
    well = _told(made, at_least, earlier, careful, screen=None if as_json else screen, tongue=tongue)
    if made.interrupted:
        raise typer.Exit(INTERRUPTED)
    if not well or made.lost is not None:
        raise typer.Exit(1)


def _told(
    made: Run, at_least: float, earlier: Saved | None, careful: list[Remark], *, screen: Console | None, tongue: Tongue
) -> bool:
    """Show what came of the run, on `screen` or as JSON; returns whether its last round was well."""
    from outwait.cli import check_view
    from outwait.toolkit.check.report import as_data, report

    told = report(made.header, tuple(made.probes), at_least=at_least, earlier=earlier, careful=careful)
    if screen is None:
        print_json(as_data(told, tongue))
    else:
        check_view.draw(told, screen, tongue)
    return report(made.header, made.last, at_least=at_least).well


def _pace(
    timeout: list[str], probes: int, parallel: int, *, reuse: bool, watch: str | None, rounds: int | None
) -> Pace:
    from outwait.policy import durations
    from outwait.toolkit.check.clocks import spans
    from outwait.toolkit.check.rounds import Pace
    from outwait.toolkit.check.words import Wrong

    try:
        every = None if watch is None else durations.parse(watch)
    except ValueError as error:
        raise Wrong("said_so", "--watch", why=error) from error
    if every == 0:
        raise Wrong("no_pause", "--watch")
    if every is None and rounds is not None:
        raise Wrong("of_watch", "--rounds")
    try:
        return Pace(spans(timeout), probes, parallel, reuse=reuse, every=every, rounds=rounds)
    except ValueError as error:
        raise Wrong("said_so", "--timeout", why=error) from error


def _earlier(path: str | None) -> Saved | None:
    from outwait.toolkit.check import saved
    from outwait.toolkit.check.words import Wrong

    try:
        return None if path is None else saved.read(path)
    except saved.Unreadable as error:
        raise Wrong("said_so", "--compare", why=error) from error
