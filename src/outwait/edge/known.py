"""What is known of a client from the head of its request: who it is, what software, and the plans made for it.

Clients on a kept connection send the same head again and again; the wire reads it once (`Request.memo`), and what was
derived from it is kept beside it, for as long as the configuration it was derived from is in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs

from outwait.access.admission import admit
from outwait.core.plan import Plan
from outwait.core.principal import Principal
from outwait.core.request import Call
from outwait.dialects.dialect import Dialect
from outwait.dialects.profiles import Profile, profile
from outwait.edge.door import Door
from outwait.edge.sharing import keep_out
from outwait.plan.facts import Facts
from outwait.plan.planner import Planner
from outwait.wire.request import Request

_MEMO = "edge"
_PLANS = 16  # plans kept beside one head; a client that names more models than that asks the planner


class Known:
    """A client, admitted. `planner`: of the configuration that it was admitted under."""

    __slots__ = ("_plans", "client", "planner", "principal")

    def __init__(self, planner: Planner, principal: Principal, client: Profile) -> None:
        self.planner = planner
        self.principal = principal
        self.client = client
        self._plans: dict[tuple[str, bool, str | None, bool], Plan] = {}

    def plan(self, call: Call) -> Plan:
        """The plan for `call`, which came with this head. Raises Refusal."""
        key = (call.model, call.stream, call.effort, call.foldable)
        plan = self._plans.get(key)
        if plan is None:
            plan = self.planner.plan(Facts(call, self.principal, self.client.name, self.client.shape))
            if len(self._plans) < _PLANS:
                self._plans[key] = plan
        return plan


def meet(door: Door, dialect: Dialect, request: Request) -> Known:
    """Admit the client that sent `request` to an endpoint of `dialect`. Raises Refusal."""
    memo = request.memo
    known: Known | None = memo.get(_MEMO)
    if known is None or known.planner is not door.planner:
        principal = admit(_with_key(dialect, request), door.catalog)
        if door.catalog.open_access:
            keep_out(door.sharing, request, door.port)
        known = memo[_MEMO] = Known(door.planner, principal, profile(request.headers))
    return known


def _with_key(dialect: Dialect, request: Request) -> Mapping[str, str]:
    """The request's headers; Gemini's clients may give their key as `?key=` instead, and no other's may."""
    if dialect.name != "gemini" or "key=" not in request.query:
        return request.headers
    keys = parse_qs(request.query).get("key")
    return {"x-goog-api-key": keys[0], **request.headers} if keys else request.headers
