"""One measurement: `python -m bench.load ORDER` (JSON) runs it and prints its outcome (JSON)."""

from __future__ import annotations

import gc
import sys

import msgspec
import uvloop

from bench.load import calls, mix, streams
from bench.load.spec import Order, Outcome

_RUNS = {"w1": calls.run, "w2": streams.run_drip, "w3": streams.run_silent, "soak": mix.run}


async def _run(order: Order) -> Outcome:
    if order.kind != "soak":  # what a short run makes is little: a collection in the window would only be noise
        gc.freeze()
        gc.disable()
    return await _RUNS[order.kind](order)


def main() -> None:
    """Run the order given on the command line."""
    order = msgspec.json.decode(sys.argv[1], type=Order)
    sys.stdout.write(msgspec.json.encode(uvloop.run(_run(order))).decode() + "\n")


if __name__ == "__main__":
    main()
