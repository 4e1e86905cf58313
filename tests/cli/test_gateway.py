from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner

from outwait.cli.commands import app
from outwait.cli.gateway import Asked, Gateway, NoUrl, Unreached
from outwait.core.tongue import Tongue

Serve = Callable[[bytes], int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Answers the one request that comes with these bytes, whatever it asks; returns the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads = []

    def start(answer: bytes) -> int:
        def run() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        threads.append(threading.Thread(target=run))
        threads[0].start()
        port: int = listener.getsockname()[1]
        return port

    yield start
    for thread in threads:
        thread.join()
    listener.close()


def test_an_object_is_read(serve: Serve) -> None:
    port = serve(b'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{"a":1}')
    assert Gateway(f"http://127.0.0.1:{port}/v1/", "").ask("/x", {"b": 2}) == Asked(200, {"a": 1})


@pytest.mark.parametrize("body", [b"[1]", b"nothing"])
def test_what_is_no_object_is_none(serve: Serve, body: bytes) -> None:
    port = serve(b"HTTP/1.1 502 x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    assert Gateway(f"http://127.0.0.1:{port}", "k").ask("") == Asked(502, {})


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-x\r\n"])
def test_who_speaks_no_http_is_no_gateway(serve: Serve, answer: bytes) -> None:
    port = serve(answer)
    with pytest.raises(Unreached, match=f"No gateway answers at http://127.0.0.1:{port}: "):
        Gateway(f"http://127.0.0.1:{port}", "").ask("")


def test_a_url_with_credentials_is_told_without_them() -> None:
    with pytest.raises(Unreached) as told:
        Gateway("https://me:secret@127.0.0.1:9", "").ask("")
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("url", ["", "127.0.0.1:8787", "ftp://h", "http://", "http://h:port"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(NoUrl, match="is no URL such as"):
        Gateway(url, "")


def test_who_is_no_gateway_is_asked_about_and_cannot_steer_a_terminal() -> None:
    told = Asked(404, {"error": {"code": "c", "message": "no\x1b[31m"}}).told()
    assert told == "The gateway answered 404 c: no?[31m (is that the address of an outwait gateway?)"
    ours = Asked(403, {"error": {"message": "No.", "outwait": {}}})
    assert ours.told() == "The gateway answered 403: No."


def test_all_of_it_is_said_in_chinese() -> None:
    assert Asked(404, {}).told(Tongue.ZH) == "网关返回 404：没有说明原因（这是 outwait 网关的地址吗？）"
    assert Unreached("http://h", "refused").told(Tongue.ZH) == "http://h 没有网关应答：refused。它在运行吗？地址对吗？"
    assert NoUrl("h").told(Tongue.ZH) == "'h' 不是 http://127.0.0.1:8787 这样的 URL"


@pytest.mark.parametrize("command", [["top", "--once", "--url"], ["timeouts", "o3", "--from-gateway"]])
@pytest.mark.usefixtures("bare")
def test_a_command_says_in_the_readers_language_that_nobody_answers(command: list[str]) -> None:
    done = CliRunner().invoke(app, [*command, "http://127.0.0.1:9", "--key", "k", "--lang", "zh"])
    told = "http://127.0.0.1:9 没有网关应答：Connection refused。它在运行吗？地址对吗？\n"
    assert (done.exit_code, done.stderr) == (1, told)
    done = CliRunner().invoke(app, [*command, "nowhere", "--key", "k", "--lang", "zh"])
    assert (done.exit_code, "这样的 URL" in done.stderr) == (2, True)
