from __future__ import annotations

from outwait.toolkit.timeouts.boxes import names
from outwait.toolkit.timeouts.emit_servers import CLOUD_EDGES, EDGES, SERVERS
from outwait.toolkit.timeouts.notes import OWN


def test_each_server_belongs_to_an_edge_that_an_option_takes() -> None:
    assert set(EDGES) == set(SERVERS)
    assert set(EDGES.values()) <= set(names())
    assert EDGES["nginx"] == "nginx"
    assert EDGES["alb-terraform"] == "alb"


def test_clouds_stand_next_to_the_client() -> None:
    assert {"alb", "cloudflare"} == CLOUD_EDGES


def test_no_note_says_what_a_snippet_says() -> None:
    assert {"edge", *EDGES.values()} - {"cloudflare"} == OWN
