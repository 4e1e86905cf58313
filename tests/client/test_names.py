from __future__ import annotations

from outwait.client.names import KEPT, Memory, question

ONE = question("POST", "http://a/v1/responses", b"{}")
OTHER = question("POST", "http://a/v1/responses", b"{ }")


def test_questions_are_told_apart() -> None:
    assert question("POST", "http://a/v1/responses", b"{}") == ONE
    assert len({ONE, OTHER, question("POST", "http://b/v1/responses", b"{}"), question("PUT", "x", b"{}")}) == 4
    assert question("P", "Q", b"R") != question("PQ", "", b"R")


def test_each_call_has_a_name_of_its_own() -> None:
    memory = Memory()
    names = {memory.name(ONE, 0, retry=False) for _ in range(10)}
    assert len(names) == 10
    assert all(name.isascii() and len(name) < 255 for name in names)


def test_a_retry_has_the_name_of_a_call_that_broke_once() -> None:
    memory = Memory()
    memory.broke(ONE, "first", 0)
    memory.broke(ONE, "second", 1)
    memory.broke(OTHER, "other", 2)
    assert memory.name(ONE, 3, retry=False) not in {"first", "second"}
    assert memory.name(ONE, 3, retry=True) == "first"
    assert memory.name(ONE, 3, retry=True) == "second"
    assert memory.name(ONE, 3, retry=True).startswith("outwait-")
    assert memory.name(OTHER, 3, retry=True) == "other"


def test_what_broke_long_ago_is_forgotten() -> None:
    memory = Memory()
    memory.broke(ONE, "old", 0)
    memory.broke(OTHER, "young", 10)
    assert memory.name(ONE, KEPT, retry=True) != "old"
    assert memory.name(OTHER, KEPT, retry=True) == "young"


def test_heartbeats_are_remembered() -> None:
    memory = Memory()
    assert memory.beats("http://a/") == 0
    memory.told("http://a/", 20)
    assert (memory.beats("http://a/"), memory.beats("http://b/")) == (20, 0)


def test_a_gateway_stays_one() -> None:
    memory = Memory()
    assert memory.is_gateway("http://a/") is None
    memory.learn("http://a/", gateway=False)
    assert memory.is_gateway("http://a/") is False
    memory.learn("http://a/", gateway=True)
    memory.learn("http://a/", gateway=False)
    assert memory.is_gateway("http://a/") is True
    assert memory.is_gateway("http://b/") is None
