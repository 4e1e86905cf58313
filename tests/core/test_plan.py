import pytest

from outwait.core.fault import Clock
from outwait.core.plan import Candidate, Span, Timeouts


@pytest.mark.parametrize("clock", Clock)
def test_each_clock_has_its_own_span(clock: Clock) -> None:
    queue, connect, write, first_byte, first_token, idle, total = (Span(1.0, other.value) for other in Clock)
    timeouts = Timeouts(queue, connect, write, first_byte, first_token, idle, total)
    assert timeouts.of(clock).reason == clock.value


def test_an_endpoint_is_known_by_its_channel_and_the_models_name_there() -> None:
    assert Candidate("local", "openai", "meta/llama").name == "local/meta/llama"
