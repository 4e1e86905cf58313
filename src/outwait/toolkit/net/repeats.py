"""The same connect several times: how many are lost on the way, and how much their times differ."""

from __future__ import annotations

import asyncio

from outwait.toolkit.net.findings import Loss, Reached
from outwait.toolkit.net.line import open_line

PAUSE = 0.1
"""Seconds between two connects, so that they are no burst."""


async def repeat(address: str, port: int, count: int, timeout: float, deadline: float) -> Loss:
    """`count` connects one after the other, each of at most `timeout` seconds; none begins after `deadline`."""
    loop = asyncio.get_running_loop()
    seconds, lost, retransmits = list[float](), 0, 0
    for number in range(count):
        if number:
            await asyncio.sleep(PAUSE)
        left = deadline - loop.time()
        if left <= 0:
            break
        line, attempt = await open_line(address, port, min(timeout, left))
        if line is None:
            lost += attempt.reached is not Reached.REFUSED
            continue
        info = line.info
        # A first packet that was lost is sent again after a second (RFC 6298, 2.1); the kernel counts it.
        retransmits += 0 if info is None else info.retransmits
        seconds.append(attempt.seconds)
        line.close()
    return Loss(address, tuple(seconds), lost, retransmits)
