"""For callers, with or without a gateway: retries that do not pay twice, guarded streams, answers taken up again."""

from outwait.client.async_transport import AsyncReattachingTransport
from outwait.client.budget import Budget
from outwait.client.clients import reattaching_async_client, reattaching_client
from outwait.client.course import Reattach
from outwait.client.evidence import Evidence, evidence
from outwait.client.guard import AsyncGuarded, Guarded, guarded
from outwait.client.idle import IdleTimeout, Partial
from outwait.client.retry import Attempt, Retrying, RetryRules, retrying, this_attempt
from outwait.client.timeouts import ClientTimeouts, optimal_timeout
from outwait.client.transport import ReattachingTransport
from outwait.core.fault import RetryClass
from outwait.core.plan import Span

__all__ = [
    "AsyncGuarded",
    "AsyncReattachingTransport",
    "Attempt",
    "Budget",
    "ClientTimeouts",
    "Evidence",
    "Guarded",
    "IdleTimeout",
    "Partial",
    "Reattach",
    "ReattachingTransport",
    "RetryClass",
    "RetryRules",
    "Retrying",
    "Span",
    "evidence",
    "guarded",
    "optimal_timeout",
    "reattaching_async_client",
    "reattaching_client",
    "retrying",
    "this_attempt",
]
