"""The options of `outwait timeouts`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[
    str | None,
    typer.Argument(metavar="MODEL", help="The model's name, as a client sends it; or a glob.", show_default=False),
]
Scenario = Annotated[str | None, typer.Option("--scenario", "-s", help="Instead of the one the model is listed under.")]
Preset = Annotated[str, typer.Option(help="default, or seed: short timeouts that grow with each attempt.")]
Stream = Annotated[bool, typer.Option("--stream/--no-stream", help="Streamed calls, or one JSON reply each.")]
Effort = Annotated[str | None, typer.Option(help="The reasoning_effort of the requests, if any.")]
Targets = Annotated[
    str | None,
    typer.Option("--for", metavar="NAME,...", help="What settings are wanted for; `all`, or `list` to see the names."),
]
Behind = Annotated[
    str | None,
    typer.Option(metavar="NAME,...", help="What stands before the gateway, the one next to the client first."),
]
Every = Annotated[
    str | None, typer.Option("--heartbeat-every", metavar="SPAN|off", help="Silence between heartbeats, as in 10s.")
]
FromGateway = Annotated[
    str | None, typer.Option(metavar="URL", help="Use what this gateway has learned of the model's waits.")
]
Key = Annotated[
    str | None, typer.Option(help="--from-gateway: a key with `admin: true`, else the configuration's first.")
]
FromRun = Annotated[Path | None, typer.Option(metavar="FILE", help="Use what `outwait check --save FILE` found.")]
Url = Annotated[
    str | None, typer.Option(metavar="URL", help="What clients are to call; by default the proxy, or the gateway.")
]
Address = Annotated[str, typer.Option(metavar="HOST:PORT", help="Where a proxy finds the gateway.")]
Listen = Annotated[
    int,
    typer.Option(
        min=1, max=65535, help="The port of the proxy next to the gateway; others before it take the next ones."
    ),
]
Write = Annotated[Path | None, typer.Option(metavar="DIR", help="Write the settings into files in this folder.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="--write: also over files that are there.")]
Scale = Annotated[float, typer.Option(hidden=True, min=0.0001, max=1.0)]
