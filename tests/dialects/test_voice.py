from __future__ import annotations

from outwait.core.fault import Fault, fault
from outwait.dialects.dialect import Voice
from outwait.dialects.voice import PlainVoice


def tell(told: Fault, exchange_id: str) -> bytes:
    return f"{told.code} {exchange_id}".encode()


def test_a_plain_voice_says_what_it_is_given() -> None:
    voice: Voice = PlainVoice(b": ping\n\n", tell)
    data = b"data: {}\n\n"
    assert [voice.beat(), voice.beat()] == [b": ping\n\n"] * 2
    assert voice.say(data) is data
    assert not voice.edits
    assert voice.fail(fault("idle_timeout"), "ow_1") == b"idle_timeout ow_1"
