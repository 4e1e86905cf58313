"""What the Python programs of this folder share: all calls at once, and a line of JSON for what each was told.

Standard input is a list of calls, each with `name` (also the question), `root` (http://host:port), `key`, `model`,
`api` (which of the SDK's ways to ask), `stream`, `tools` (offer two and hand their results back), `retries`,
`timeout` in seconds and `headers`. Nothing here but the standard library: some SDKs live in environments of their own.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

Call = dict[str, Any]
Row = dict[str, Any]
Answer = Callable[[Call, Row], None]

TOOLS = {"get_weather": "The weather of a city.", "get_time": "The local time of a city."}
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city"],
}
_tries = threading.local()


def work(name: str, arguments: dict[str, Any]) -> str:
    """What the tool `name` finds out."""
    return f"{name} of {arguments.get('city')} says fine"


def functions(kind: str = "parameters", **more: object) -> list[dict[str, object]]:
    """The tools as most APIs list them: name, description and, under `kind`, the schema of the arguments."""
    return [{**more, "name": name, "description": text, kind: PARAMETERS} for name, text in TOOLS.items()]


def count_tries() -> None:
    """Count what every call sends, whatever its SDK makes of it: the transports of httpx and of its successor."""
    for name in ("httpx", "httpx2"):
        module = sys.modules.get(name)
        if module is not None:
            _count(module.HTTPTransport, "handle_request")
            _count(module.AsyncHTTPTransport, "handle_async_request")


def _count(transport: type, method: str) -> None:
    sends = getattr(transport, method)

    def counted(self: Any, request: Any) -> Any:
        _tries.count = getattr(_tries, "count", 0) + 1
        return sends(self, request)

    setattr(transport, method, counted)


def _play(answer: Answer, own: tuple[type[BaseException], ...], call: Call, told: list[Row]) -> None:
    row: Row = {"name": call["name"], "text": ""}
    start = time.monotonic()
    try:
        answer(call, row)
    except Exception as error:  # noqa: BLE001 - what is raised is what these programs are about
        row |= {"error": type(error).__name__, "message": str(error)[:500], "typed": isinstance(error, own)}
        status = getattr(error, "status_code", None) or getattr(error, "code", None)
        row["status"] = status if isinstance(status, int) else None
        row["code"] = getattr(error, "code", None) if row["status"] != getattr(error, "code", None) else None
    row["seconds"] = round(time.monotonic() - start, 1)
    row.setdefault("tries", getattr(_tries, "count", 0))
    told.append(row)


def main(answer: Answer, *own: type[BaseException]) -> None:
    """Play every call with `answer(call, row)`, which writes what it is told into its row as it comes. `own`: the
    classes of the SDK's errors."""
    count_tries()
    told: list[Row] = []
    threads = [threading.Thread(target=_play, args=(answer, own, call, told)) for call in json.load(sys.stdin)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.stdout.write("\n".join(json.dumps(row, default=str) for row in told))
