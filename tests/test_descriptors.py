"""What counts as left open."""

from __future__ import annotations

import os
import socket
import tempfile

from tests.descriptors import descriptors


def test_files_pipes_and_sockets_that_wait_are_told_connections_are_not() -> None:
    before = descriptors()
    with socket.create_server(("127.0.0.1", 0)) as waiting, tempfile.TemporaryFile() as spill:
        told = descriptors() - before
        with socket.create_connection(waiting.getsockname()) as client, waiting.accept()[0] as served:
            assert {client.fileno(), served.fileno()} & {int(each.split()[0]) for each in descriptors()} == set()
        assert {int(each.split()[0]) for each in told} == {waiting.fileno(), spill.fileno()}
    one, other = socket.socketpair()
    ends = os.pipe()
    assert len(descriptors() - before) == 4
    one.close()
    other.close()
    for end in ends:
        os.close(end)
    assert descriptors() <= before
