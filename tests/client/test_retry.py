from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
import stamina
from tests.client.scripted import Time

from outwait.client.budget import Budget
from outwait.client.retry import Attempt, Retrying, RetryRules, retrying, this_attempt
from outwait.client.timeouts import optimal_timeout
from outwait.core.fault import RetryClass
from outwait.testing.virtual import run

REFUSED = httpx2.ConnectError
RESET = httpx2.ReadError
CHAT, DEEP = "gpt-4o", "o3-pro"


def status(code: int, **headers: str) -> httpx2.HTTPStatusError:
    request = httpx2.Request("POST", "http://a/")
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.HTTPStatusError("told", request=request, response=httpx2.Response(code, headers=told))


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """Whoever sleeps in a thread makes this clock jump."""
    made = Time()
    monkeypatch.setattr("tenacity.nap.time.sleep", made.sleep)
    return made


def ready(time: Time, made: Retrying, luck: float = 0.5) -> Retrying:
    made.clock, made.luck = time, lambda: luck
    return made


def outcome(made: Retrying, *troubles: Exception | None) -> tuple[int, Exception | None]:
    """How many attempts were made of a call that has these troubles one after the other, and how it ended."""
    left = list(troubles)
    number = 0
    try:
        for attempt in made:
            with attempt:
                number += 1
                if (trouble := left.pop(0)) is not None:
                    raise trouble
    except Exception as error:  # noqa: BLE001 - it is looked at
        return number, error
    return number, None


def failed(made: Retrying, work: Callable[[Attempt], None]) -> Exception:
    """How a call ends whose attempts all do this."""

    def call() -> None:
        for attempt in made:
            with attempt:
                work(attempt)
                raise REFUSED("a")

    with pytest.raises(Exception) as caught:
        call()
    return caught.value


def note(error: Exception | None) -> str:
    assert error is not None
    return str(error.__notes__[-1])


# -- what is tried again -----------------------------------------------------------------------------------------------


def test_what_surely_did_nothing_is_tried_again(time: Time) -> None:
    assert outcome(ready(time, retrying(DEEP)), REFUSED("a"), status(429), None) == (3, None)


@pytest.mark.parametrize(
    "model, attempts", [(CHAT, 2), ("unknown-model", 2), (DEEP, 1), ("o3", 1), ("dall-e-3", 1), ("whisper-1", 1)]
)
def test_what_may_have_been_charged_is_tried_again_where_a_share_may_be(time: Time, model: str, attempts: int) -> None:
    first = RESET("a")
    number, error = outcome(ready(time, retrying(model)), first, None)
    assert number == attempts
    if attempts == 1:
        assert error is first
        assert note(error) == (
            "outwait: not tried again after attempt 1: it may have been charged, and the paid retry budget has no room"
        )


def test_a_share_of_all_calls_and_no_more(time: Time) -> None:
    budget = Budget()
    made = ready(time, retrying(CHAT, budget=budget))
    assert [outcome(made, RESET("a"), None)[0] for _ in range(6)] == [2, 2, 2, 1, 1, 1]
    assert outcome(ready(time, retrying("gpt-4.1", budget=budget)), RESET("a"), None)[0] == 1
    assert outcome(made, REFUSED("a"), None)[0] == 2


def test_with_names_nothing_is_charged_twice(time: Time) -> None:
    made = ready(time, retrying(DEEP, rules=RetryRules(idempotent=True)))
    names = []

    def work(attempt: Attempt) -> None:
        names.append(attempt.kwargs["extra_headers"]["Idempotency-Key"])
        raise RESET("a")

    failed(made, work)
    assert len(names) == 3
    assert len(set(names)) == 1
    assert "extra_headers" not in next(iter(retrying(CHAT))).kwargs


def test_what_was_shown_is_final(time: Time) -> None:
    error = failed(ready(time, retrying(CHAT)), Attempt.commit)
    assert "attempt 1: the client already has content" in note(error)


@pytest.mark.parametrize(
    "error, why",
    [
        (status(400), "the request itself was refused"),
        (status(401), "it would end the same way"),
        (status(404), "it would end the same way"),
        (status(429, x_should_retry="false"), "the server said so (x-should-retry: false)"),
        (status(503, x_should_retry="false"), "the server said so (x-should-retry: false)"),
        (httpx2.UnsupportedProtocol("a"), "the request cannot be sent as it is"),
    ],
)
def test_what_would_end_the_same_way_is_left(time: Time, error: Exception, why: str) -> None:
    number, last = outcome(ready(time, retrying(CHAT)), error)
    assert (number, last) == (1, error)
    assert why in note(last)


def test_what_is_no_failure_of_a_call_gets_through(time: Time) -> None:
    number, error = outcome(ready(time, retrying(CHAT)), ValueError("mine"))
    assert number == 1
    assert not hasattr(error, "__notes__")


def test_the_last_error_says_that_it_was_the_last(time: Time) -> None:
    number, error = outcome(ready(time, retrying(CHAT)), REFUSED("1"), REFUSED("2"), REFUSED("3"))
    assert number == 3
    assert str(error) == "3"
    assert note(error) == "outwait: not tried again after attempt 3: all 3 attempts are made"


def test_tokens_end_it_for_all(time: Time) -> None:
    budget = Budget()
    made = ready(time, retrying(CHAT, budget=budget))
    counts = [outcome(made, *[REFUSED("a")] * 3)[0] for _ in range(14)]
    assert counts[0] == 3
    assert counts[-1] == 1
    assert "the retry budget is used up" in note(outcome(made, REFUSED("a"))[1])
    before = budget.tokens
    assert outcome(made, None) == (1, None)
    assert budget.tokens == before + 1


@pytest.mark.parametrize(
    "on, attempts",
    [
        (None, 1),
        (KeyError, 2),
        ((ValueError, KeyError), 2),
        (ValueError, 1),
        (lambda _: RetryClass.SAFE, 2),
        (lambda _: RetryClass.FINAL, 1),
        (lambda _: None, 1),
    ],
)
def test_on_says_which(time: Time, on: Any, attempts: int) -> None:
    assert outcome(ready(time, retrying(CHAT, on=on)), KeyError("a"), None)[0] == attempts


def test_on_does_not_make_a_charge_safe(time: Time) -> None:
    assert outcome(ready(time, retrying(DEEP, on=RESET)), RESET("a"), None)[0] == 1
    assert outcome(ready(time, retrying(DEEP, on=RESET)), REFUSED("a"), None)[0] == 1
    assert outcome(ready(time, retrying(DEEP, on=lambda _: RetryClass.SAFE)), RESET("a"), None)[0] == 2
    assert outcome(ready(time, retrying(DEEP, rules=RetryRules(paid=1.0))), RESET("a"), None)[0] == 2


# -- when --------------------------------------------------------------------------------------------------------------


def test_pauses_are_jittered_and_grow(time: Time) -> None:
    rules = RetryRules(attempts=6, base=(1.0, 2.0), cap=4.0)
    outcome(ready(time, retrying(CHAT, rules=rules)), *[REFUSED("a")] * 4, status(429), None)
    assert time.slept == [0.5, 1.0, 2.0, 2.0, 2.0]


@pytest.mark.parametrize("told, slept", [("7", 7.0), ("Mon, 23 Nov 2026 12:00:30 GMT", 30.0), ("120", 120.0)])
def test_retry_after_is_kept(time: Time, told: str, slept: float) -> None:
    error = status(429, retry_after=told, date="Mon, 23 Nov 2026 12:00:00 GMT")
    assert outcome(ready(time, retrying(CHAT), luck=0), error, None) == (2, None)
    assert time.slept == [slept]


def test_retry_after_beyond_two_minutes_is_not_waited_for(time: Time) -> None:
    number, error = outcome(ready(time, retrying(DEEP)), status(429, retry_after="121"))
    assert number == 1
    assert note(error).endswith("attempt 1: the server asks for 2m1s, and more than 2m are not waited")


def test_a_near_deadline_is_told_in_whole_seconds(time: Time) -> None:
    made = ready(time, retrying(DEEP, deadline=90.9994))
    _, error = outcome(made, status(429, retry_after="100"))
    assert "it would come too late (91s left, the server asks for 100s)" in note(error)
    _, error = outcome(ready(time, retrying(DEEP, deadline=0.25)), status(429, retry_after="1"))
    assert "(250ms left, the server asks for 1s)" in note(error)


def test_who_says_that_it_is_final(time: Time) -> None:
    _, error = outcome(ready(time, retrying(CHAT, on=lambda _: RetryClass.FINAL)), REFUSED("a"))
    assert note(error) == "outwait: not tried again after attempt 1: `on` said so"
    _, error = outcome(ready(time, retrying(CHAT, on=Exception)), status(503, x_should_retry="false"))
    assert "the server said so" in note(error)


def test_nothing_begins_behind_the_deadline(time: Time) -> None:
    made = ready(time, retrying(CHAT, rules=RetryRules(deadline=60)), luck=0)
    error = failed(made, lambda _: time.sleep(40))
    assert "after attempt 2: it would come too late (0s left)" in note(error)


def test_the_timeout_grows_within_ceiling_and_deadline(time: Time) -> None:
    rules = RetryRules(attempts=4, ceiling=300, deadline=700, base=(0, 0))
    reads, totals = [], []

    def work(attempt: Attempt) -> None:
        reads.append(attempt.kwargs["timeout"].read)
        totals.append(attempt.timeouts.total.seconds)
        time.now += 150

    failed(ready(time, retrying(CHAT, stream=True, rules=rules)), work)
    assert reads == [120, 240, 300, 250]
    assert totals == [700, 550, 400, 250]


def test_own_timeouts(time: Time) -> None:
    spans = optimal_timeout("gpt-4o", effort="high")
    assert retrying(timeouts=spans).timeouts is spans
    assert outcome(ready(time, retrying(timeouts=spans)), RESET("a"))[0] == 1


# -- shapes ------------------------------------------------------------------------------------------------------------


def test_a_function_is_decorated(time: Time) -> None:
    seen: list[tuple[int, float]] = []

    @ready(time, retrying(CHAT, rules=RetryRules(base=(0, 0))))
    def ask(question: str, *, loud: bool = False) -> str:
        """Asks."""
        attempt = this_attempt()
        seen.append((attempt.number, attempt.timeouts.read.seconds))
        if attempt.number < 3:
            raise REFUSED("a")
        return question.upper() if loud else question

    assert ask("why", loud=True) == "WHY"
    assert seen == [(1, 600), (2, 900), (3, 900)]
    assert (ask.__name__, ask.__doc__) == ("ask", "Asks.")
    assert ask("again") == "again"
    with pytest.raises(LookupError, match="decorated with retrying"):
        this_attempt()


def test_a_coroutine_function_is_decorated() -> None:
    @retrying(CHAT, rules=RetryRules(base=(8, 8)))
    async def ask(question: str) -> str:
        await asyncio.sleep(1)
        if this_attempt().number < 3:
            raise REFUSED("a")
        return question

    async def both() -> tuple[str, str, float]:
        one, other = await asyncio.gather(ask("a"), ask("b"))
        return one, other, asyncio.get_running_loop().time()

    one, other, seconds = run(both())
    assert (one, other) == ("a", "b")
    assert 3 <= seconds <= 3 + 8 + 16


def test_attempts_on_a_loop() -> None:
    told: list[str] = []

    async def ask() -> None:
        async for attempt in retrying(DEEP):
            with attempt:
                told.append(repr(attempt))
                raise (REFUSED if attempt.number == 1 else RESET)("a")

    with pytest.raises(RESET):
        run(ask())
    assert told == ["<Attempt 1, read timeout 1800 s>", "<Attempt 2, read timeout 3600 s>"]


def test_a_name_stays_for_all_attempts_and_is_new_for_each_call() -> None:
    def name(made: Retrying) -> str:
        return next(iter(made)).name

    made = retrying(CHAT)
    assert name(made) != name(made)


# -- stamina's own switches --------------------------------------------------------------------------------------------


def test_test_mode_of_stamina(time: Time) -> None:
    made = ready(time, retrying(CHAT, rules=RetryRules(attempts=9, base=(100, 100))))
    with stamina.set_testing(testing=True, attempts=2):
        assert outcome(made, *[REFUSED("a")] * 9)[0] == 2
    assert time.slept in ([], [0.0])
    with stamina.set_testing(testing=True, attempts=2, cap=True):
        assert outcome(ready(time, retrying(CHAT, rules=RetryRules(attempts=1))), *[REFUSED("a")] * 9)[0] == 1


def test_retries_can_be_switched_off(time: Time) -> None:
    stamina.set_active(False)
    try:
        assert outcome(ready(time, retrying(CHAT)), *[REFUSED("a")] * 9)[0] == 1
    finally:
        stamina.set_active(True)


def test_a_failure_that_is_the_last_gets_through_where_it_was(time: Time) -> None:
    """A loop that is left behind its block does not lose it."""

    def call() -> None:
        for attempt in ready(time, retrying(CHAT)):
            with attempt:
                fail()
            break

    def fail() -> None:
        raise status(400)

    with pytest.raises(httpx2.HTTPStatusError):
        call()


def test_an_attempt_that_nobody_makes_is_the_last(time: Time) -> None:
    assert [attempt.number for attempt in ready(time, retrying(CHAT))] == [1]


def test_who_is_called_away_is_not_held(time: Time) -> None:
    def leave() -> None:
        for attempt in ready(time, retrying(CHAT)):
            with attempt:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave()


def test_hooks_of_stamina_are_told(time: Time) -> None:
    told: list[float] = []
    stamina.instrumentation.set_on_retry_hooks([lambda details: told.append(details.wait_for)])
    try:
        outcome(ready(time, retrying(CHAT, rules=RetryRules(base=(1, 1)))), REFUSED("a"), None)
    finally:
        stamina.instrumentation.set_on_retry_hooks(None)
    assert told == [0.5]


def test_success_of_a_retry_is_no_first_success(time: Time) -> None:
    budget = Budget()
    outcome(ready(time, retrying(CHAT, budget=budget)), REFUSED("a"), None)
    assert budget.tokens == 486


def test_an_attempt_is_a_context(time: Time) -> None:
    attempt = next(iter(ready(time, retrying(CHAT))))
    with attempt as same:
        assert same is attempt
        assert isinstance(same, Attempt)
