from __future__ import annotations

import copy
import pickle

from outwait.client.budget import Budget
from outwait.core.fault import RetryClass, fault

RESET = fault("upstream_reset")


def test_failures_take_and_successes_give() -> None:
    budget = Budget()
    budget.failed(RESET)
    assert budget.tokens == 486
    budget.failed(fault("upstream_error", status=429, cause="rate_limited"))
    assert budget.tokens == 481
    budget.succeeded()
    assert budget.tokens == 482
    budget.failed(fault("bad_request"))
    assert budget.tokens == 482


def test_an_empty_bucket_has_no_room() -> None:
    budget = Budget()
    assert budget.room(RESET)
    for _ in range(40):
        budget.failed(RESET)
    assert not budget.room(RESET)


def test_a_share_may_be_paid_twice() -> None:
    budget = Budget()
    for _ in range(400):
        budget.begin(0)
    paid = 0
    while budget.paid_room(0.02, 1):
        budget.charge(RetryClass.AMBIGUOUS, 1)
        paid += 1
    assert paid == 8
    assert not budget.paid_room(0.0, 1)
    budget.charge(RetryClass.SAFE, 1)
    assert budget.paid_room(0.03, 1)
    assert budget.paid_room(0.02, 1000)


def test_a_copy_spends_on_its_own() -> None:
    budget = Budget()
    budget.failed(RESET)
    for _ in range(2):
        budget.charge(RetryClass.AMBIGUOUS, 1)
    for again in (pickle.loads(pickle.dumps(budget)), copy.deepcopy(budget), copy.copy(budget)):
        assert again.tokens == 486
        again.charge(RetryClass.AMBIGUOUS, 1)
        again.failed(RESET)
        assert not again.paid_room(0.02, 1)
    assert budget.tokens == 486
    assert budget.paid_room(0.02, 1)
