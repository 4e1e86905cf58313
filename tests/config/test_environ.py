from typing import Any

from outwait.config.environ import lay_over, remarks

SECTIONS = ("server", "data_dir", "channels", "keys", "heartbeat")


def lay(tree: dict[str, Any], **env: str) -> tuple[dict[str, Any], Any]:
    overlay = lay_over(tree, {f"OUTWAIT_{name}": value for name, value in env.items()}, SECTIONS)
    return tree, overlay


def test_a_field_is_set_and_its_variable_remembered() -> None:
    tree, overlay = lay({"server": {"host": "::1"}}, SERVER__PORT="9000", DATA_DIR="d")
    assert tree == {"server": {"host": "::1", "port": "9000"}, "data_dir": "d"}
    assert overlay.source(("server", "port")) == "OUTWAIT_SERVER__PORT"
    assert overlay.source(("server", "port", "deeper")) == "OUTWAIT_SERVER__PORT"
    assert overlay.source(("server", "host")) is None


def test_what_a_variable_made_on_the_way_is_known() -> None:
    _, overlay = lay({}, SERVERR__PORT="1", SERVER__TLS__CERT="c")
    assert overlay.made(("serverr",)) == "OUTWAIT_SERVERR__PORT"
    assert overlay.made(("server", "tls")) == "OUTWAIT_SERVER__TLS__CERT"
    assert overlay.made(("keys",)) is None


def test_sections_are_made_on_the_way_even_where_they_stand_empty() -> None:
    assert lay({"heartbeat": None}, HEARTBEAT__EVERY="5s")[0] == {"heartbeat": {"every": "5s"}}
    assert lay({}, SERVER__TLS__CERT="c")[0] == {"server": {"tls": {"cert": "c"}}}


def test_lists_and_mappings_are_json_and_not_literal() -> None:
    tree, overlay = lay({}, KEYS='[{"name": "a", "key": "${K}"}]', DATA_DIR="[not json")
    assert tree == {"keys": [{"name": "a", "key": "${K}"}], "data_dir": "[not json"}
    assert overlay.literal == {("data_dir",)}


def test_the_deeper_variable_wins_whatever_their_order() -> None:
    tree, _ = lay({}, SERVER__PORT="2", SERVER='{"port": 1, "host": "h"}')
    assert tree == {"server": {"port": "2", "host": "h"}}


def test_into_a_list_of_the_file() -> None:
    tree, overlay = lay({"channels": [{"name": "a"}]}, CHANNELS__0__API_KEY="k", CHANNELS__5__API_KEY="x")
    assert tree == {"channels": [{"name": "a", "api_key": "k"}]}
    assert [problem.path for problem in overlay.astray] == ["channels.5.api_key"]


def test_what_kubernetes_puts_beside_a_service_is_not_ours() -> None:
    tree, overlay = lay({}, PORT="tcp://10.0.0.1:8787", SERVICE_HOST="10.0.0.1", PORT_8787_TCP_ADDR="x", CONFIG="f")
    assert tree == {}
    assert remarks(overlay, set(), SECTIONS) == ()


def test_a_variable_that_is_nearly_a_field_gets_a_remark_unless_the_file_names_it() -> None:
    _, overlay = lay({}, DATADIR="x")
    assert "OUTWAIT_DATA_DIR" in remarks(overlay, set(), SECTIONS)[0]
    assert remarks(overlay, {"OUTWAIT_DATADIR"}, SECTIONS) == ()


def test_a_variable_below_a_plain_value_is_astray() -> None:
    assert [str(problem) for problem in lay({"data_dir": "x"}, DATA_DIR__X="1")[1].astray] == [
        "$OUTWAIT_DATA_DIR__X: data_dir.x: is not a field that can be set"
    ]
