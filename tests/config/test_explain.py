from collections.abc import Iterator
from typing import get_args

import pytest
from pydantic import BaseModel

from outwait.config import explain
from outwait.config.errors import ConfigError, Problem
from outwait.config.load import loads
from outwait.config.settings import Settings

CHANNEL = "channels: [{name: a, base_url: 'http://h/v1'}]\n"


def problems(text: str, env: dict[str, str] | None = None) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        loads(text, env=env)
    return list(caught.value.problems)


def test_an_unknown_field_names_its_path_line_and_the_nearest_known_field() -> None:
    (problem,) = problems(CHANNEL + "timeouts:\n  rules:\n  - first_byte: 3\n    match: {modle: 'o3*'}\n")
    assert (problem.path, problem.what) == ("timeouts.rules[0].match.modle", "unknown field")
    assert (problem.nearest, problem.line) == ("model", 5)


@pytest.mark.parametrize(
    "text, path, name",
    [
        ("sever: {}", "sever", "server"),
        ("server: {limits: {headrs: 1}}", "server.limits.headrs", "headers"),
        ("server: {tls: {crt: x}}", "server.tls.crt", "cert"),
        ("keys: [{name: a, key: abc, heartbeat: {evry: 1}}]", "keys[0].heartbeat.evry", "every"),
        ("timeouts: {ceiling: {totl: 1}}", "timeouts.ceiling.totl", "total"),
    ],
)
def test_nearest_names_at_every_depth(text: str, path: str, name: str) -> None:
    assert (path, name) in [(each.path, each.nearest) for each in problems(CHANNEL + text)]


def test_a_name_like_no_other_lists_the_known_ones() -> None:
    (problem,) = problems(CHANNEL + "retry: {zzz: 1}")
    assert problem.nearest is None
    assert problem.expected == "one of attempts, paid"


@pytest.mark.parametrize(
    "text, told",
    [
        ("server: {port: 99999}", "line 2: server.port: is not right, got 99999; expected at most 65535"),
        ("server: {port: x}", "line 2: server.port: is not right, got 'x'; expected a whole number"),
        ("server: 5", "line 2: server: is not right, got 5; expected a mapping"),
        ("keys: {}", "line 2: keys: is not right, got a mapping; expected a list"),
        ("heartbeat: {every: 0.5}", "got 0.5; expected a time from 1s to 5m, such as 90, 90s or 15m"),
        ("heartbeat: {enabled: perhaps}", "got 'perhaps'; expected true or false"),
        ("timeouts: {preset: sed}", "got 'sed'; expected one of 'default' or 'seed'; did you mean `seed`?"),
        ("data_dir: 5", "got 5; expected text (in quotes, if it looks like a number)"),
        ("on_disconnect: leave", "line 2: on_disconnect: is not right, got 'leave'; expected finish, cancel"),
        ("timeouts: {rules: [{idle: 5, match: {scenario: dep}}]}", "match.scenario: is not right, got 'dep'"),
        (
            "timeouts: {rules: [{idle: 5, match: {scenario: [chat, dep]}}]}",
            "match.scenario[1]: is not right, got 'dep'",
        ),
        ("on_disconnect: {'o3*': leave}", "line 2: on_disconnect.o3*: is not right"),
        ("server: {tls: {cert: /nowhere}}", "line 2: server.tls.key: is missing"),
        ("keys: [{name: a, key: one}, {name: a, key: two}]", "keys[1].name: repeats the name `a`"),
        ("keys: [{name: a, key: one}, {name: b, key: one}]", "keys[1].key: is the same key as that of `a`"),
        ("server: {host: 0.0.0.0}", "server.host: is 0.0.0.0, which others can reach, but no client key is configured"),
        (
            "timeouts: {floor: {idle: 9}, ceiling: {idle: 5}}",
            "timeouts.floor.idle: is above the ceiling; expected at most",
        ),
    ],
)
def test_what_is_told(text: str, told: str) -> None:
    assert any(told in str(problem) for problem in problems(CHANNEL + text))


def test_everything_wrong_is_told_at_once() -> None:
    text = """
server: {prt: 1, port: x}
channels:
  - {name: a, base_url: 'ftp://x', api_key: '${NOT_SET}', timeouts: {idle: soon}}
log: {level: loud}
"""
    found = {problem.path: problem.line for problem in problems(text)}
    assert found == {
        "server.prt": 2,
        "server.port": 2,
        "channels[0].base_url": 4,
        "channels[0].api_key": 4,
        "channels[0].timeouts.idle": 4,
        "log.level": 5,
    }


def test_no_secret_is_told() -> None:
    env = {"K": "canary one", "URL": "https://me:canary@h/v1?x", "PORT": "sk-canary123456", "P": "abc"}
    text = """
channels:
  - {name: a, base_url: '${URL}', api_key: '${K}', headers: {x-a: ["canary"], host: canary}}
  - {name: b, base_url: 'http://h', api_keys: ["canary two", 5], apikey: canary}
keys: [{name: dev, key: "canary ü"}]
server: {port: '${PORT}', workers: '${P}'}
"""
    told = "\n".join(map(str, problems(text, env)))
    assert "canary" not in told
    assert told.count("[masked]") >= 6
    assert "'abc' (from ${P})" in told


def test_a_variable_is_named_where_it_set_the_value() -> None:
    env = {"OUTWAIT_HEARTBEAT__EVRY": "5", "OUTWAIT_SERVER__PORT": "x", "OUTWAIT_CHANNELS": '{"a": 1}'}
    told = [str(problem) for problem in problems("log: {}", env)]
    assert "$OUTWAIT_HEARTBEAT__EVRY: heartbeat.evry: unknown field; did you mean `every`?" in told
    assert "$OUTWAIT_SERVER__PORT: server.port: is not right, got 'x'; expected a whole number" in told
    assert "$OUTWAIT_CHANNELS: channels: is not right, got a mapping; expected a list" in told


def test_long_values_are_cut() -> None:
    (problem,) = problems(CHANNEL + f"server: {{port: {'x' * 500}}}")
    assert len(str(problem)) < 200


@pytest.mark.parametrize(
    "name, told",
    [
        ("SERVERR__PORT", "$OUTWAIT_SERVERR__PORT: serverr: unknown field; did you mean `server`?"),
        ("SERVER__PROT", "$OUTWAIT_SERVER__PROT: server.prot: unknown field; did you mean `port`?"),
        ("SERVER__TSL__CERT", "$OUTWAIT_SERVER__TSL__CERT: server.tsl: unknown field; did you mean `tls`?"),
        ("TIMEOUTS__FLOR__IDLE", "$OUTWAIT_TIMEOUTS__FLOR__IDLE: timeouts.flor: unknown field; did you mean `floor`?"),
    ],
)
def test_what_a_variable_made_is_told_with_the_variable(name: str, told: str) -> None:
    assert told in [str(each) for each in problems(CHANNEL + "server: {}", {f"OUTWAIT_{name}": "1"})]


def test_what_is_missing_beside_a_variables_field_is_told_with_the_variable() -> None:
    found = problems(CHANNEL, {"OUTWAIT_SERVER__TLS__CERT": __file__})
    assert "$OUTWAIT_SERVER__TLS__CERT: server.tls.key: is missing" in [str(each) for each in found]


def test_what_the_file_has_keeps_its_line_whatever_a_variable_adds() -> None:
    found = problems(CHANNEL + "serverr: {}", {"OUTWAIT_SERVERR__PORT": "1"})
    assert [str(each) for each in found] == ["line 2: serverr: unknown field; did you mean `server`?"]


@pytest.mark.parametrize(
    "text, path, name",
    [
        (
            "timeouts: {rules: [{idle: 5, match: {reasoning_effort: high}}]}",
            "timeouts.rules[0].match.reasoning_effort",
            "effort",
        ),
        (
            "timeouts: {rules: [{idle: 5, match: {Reasoning-Effort: high}}]}",
            "timeouts.rules[0].match.Reasoning-Effort",
            "effort",
        ),
        ("timeouts: {rules: [{timeout: 5}]}", "timeouts.rules[0].timeout", "total"),
        ("retry: {max_retries: 2}", "retry.max_retries", "attempts"),
        ("keys: [{name: a, token: abc}]", "keys[0].token", "key"),
        ("providers: []", "providers", "channels"),
        ("webhooks: [{name: a, provider: x}]", "webhooks[0].provider", None),  # what it is elsewhere is no field there
    ],
)
def test_another_word_for_a_field_names_the_field(text: str, path: str, name: str | None) -> None:
    assert (path, name) in [(each.path, each.nearest) for each in problems(CHANNEL + text)]


def test_every_other_word_is_for_a_field_that_there_is() -> None:
    def fields(model: type[BaseModel]) -> Iterator[str]:
        for name, field in model.model_fields.items():
            yield name
            kinds = [field.annotation]
            while kinds:
                kind = kinds.pop()
                kinds += get_args(kind)
                if isinstance(kind, type) and issubclass(kind, BaseModel):
                    yield from fields(kind)

    known = set(fields(Settings))
    assert {field for all_ in explain._SYNONYMS.values() for field in all_} <= known
