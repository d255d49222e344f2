"""The ranks' rendezvous lets in who knows the run's secret, serves no files, and is closed once all have met."""

import errno
import socket
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.foundation.errors import BusyError
from interest_spark.models.launch import rendezvous as module
from interest_spark.models.launch.rendezvous import Meeting, rendezvous

LOOPBACK = "127.0.0.1"


@pytest.fixture(scope="module")
def meeting() -> Iterator[Meeting]:
    """A rendezvous of three ranks that never all meet, where the first has left a value."""
    with rendezvous(LOOPBACK, 3) as started:
        assert ask(started, "PUT", f"{started.prefix}global/0", b"kept") == (200, b"")
        yield started


def ask(meeting: Meeting, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    with closing(HTTPConnection(LOOPBACK, meeting.port, timeout=10)) as connection:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) != errno.ECONNREFUSED


def test_a_rank_stores_reads_and_misses_values(meeting: Meeting) -> None:
    assert ask(meeting, "GET", f"{meeting.prefix}global/0") == (200, b"kept")
    assert ask(meeting, "GET", f"{meeting.prefix}global/9") == (404, b"")
    assert ask(meeting, "DELETE", f"{meeting.prefix}global/0") == (200, b"")
    assert ask(meeting, "GET", f"{meeting.prefix}global/0") == (200, b"kept")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *((method, "/", 405) for method in ("HEAD", "POST", "OPTIONS", "PATCH", "TRACE", "CONNECT", "LIST")),
        ("HEAD", "/conf/shop.yaml", 405),
        ("GET", "/", 404),
        ("GET", "/global/0", 404),
        ("GET", "/../../../../etc/passwd", 404),
        ("GET", "//etc/passwd", 404),
        ("PUT", "/global/0", 404),
        ("DELETE", "/global/0", 404),
        ("PUT", "/{other}:0/global/0", 404),
        ("PUT", "/{secret}/global/0", 404),
        ("GET", "/{half}:0/global/0", 404),
        ("GET", "/%7Bsecret%7D:0/global/0", 404),
        ("GET", "http://127.0.0.1/{secret}:0/global/0", 404),
    ],
)
def test_strangers_learn_and_change_nothing(
    meeting: Meeting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, path: str, status: int
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "global").mkdir()
    (tmp_path / "global" / "0").write_text("a file")
    secret = meeting.secret
    path = path.format(secret=secret, half=secret[: len(secret) // 2], other="A" * len(secret))
    assert ask(meeting, method, path, b"x" if method in ("PUT", "POST") else None) == (status, b"")
    assert ask(meeting, "GET", f"{meeting.prefix}global/0") == (200, b"kept")


@given(
    path=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80),
    method=st.sampled_from(["GET", "PUT"]),
)
def test_no_path_without_the_secret_is_answered(meeting: Meeting, path: str, method: str) -> None:
    assert ask(meeting, method, f"/{path}", b"")[0] == 404
    assert ask(meeting, "GET", f"{meeting.prefix}global/0") == (200, b"kept")


@pytest.mark.parametrize("length", ["", "-1", "x", "1e3", str(1 << 40), "9" * 5000, "²"])
def test_a_value_of_no_sensible_length_is_refused(meeting: Meeting, length: str) -> None:
    with socket.create_connection((LOOPBACK, meeting.port), timeout=10) as connection:
        head = f"PUT {meeting.prefix}global/1 HTTP/1.1\r\nContent-Length: {length}\r\n\r\n"
        connection.sendall(head.encode("latin-1", "replace"))
        assert connection.recv(100).split()[1] == b"400"
    assert ask(meeting, "GET", f"{meeting.prefix}global/1")[0] == 404


@pytest.mark.parametrize(
    "sent", [b"", b"\r\n", b"GET", b"\x16\x03\x01\x02\x00", b"GET / HTTP/9.9\r\n\r\n", bytes(70_000)]
)
def test_what_is_no_request_disturbs_nobody(meeting: Meeting, capfd: pytest.CaptureFixture[str], sent: bytes) -> None:
    with socket.create_connection((LOOPBACK, meeting.port), timeout=10) as connection:
        connection.sendall(sent)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # ends with a reset
    assert ask(meeting, "GET", f"{meeting.prefix}global/0") == (200, b"kept")
    assert "Traceback" not in capfd.readouterr().err


def test_the_port_is_closed_once_all_ranks_have_met() -> None:
    with rendezvous(LOOPBACK, 2) as started:
        started.leave(1)
        started.leave(1)
        assert is_open(started.port)
        started.leave(0)
        for _ in range(100):
            if not is_open(started.port):
                break
            threading.Event().wait(0.1)
        assert not is_open(started.port)
        started.leave(0)  # nobody minds


def test_the_port_is_closed_at_the_end_whoever_has_met() -> None:
    with rendezvous(LOOPBACK, 2) as started:
        assert is_open(started.port)
    assert not is_open(started.port)


def test_secrets_differ_from_run_to_run() -> None:
    with rendezvous(LOOPBACK, 1) as one, rendezvous(LOOPBACK, 1) as other:
        assert one.secret != other.secret
        assert len(one.secret) >= 40


def test_a_rank_finds_the_rendezvous_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Meeting.of_this_rank() is None
    meeting = Meeting("10.0.0.1", 4242, "secret")
    for name, value in meeting.environment.items():
        monkeypatch.setenv(name, value)
    assert Meeting.of_this_rank() == meeting
    monkeypatch.setenv("HOROVOD_GLOO_RENDEZVOUS_ADDR", "10.0.0.1")  # as another launcher sets it
    assert Meeting.of_this_rank() is None


def test_processes_learn_each_others_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with rendezvous(LOOPBACK, 3) as started, ThreadPoolExecutor(3) as pool:
        told = [pool.submit(started.exchange_hosts, index, 3, f"node-{index % 2}", 20) for index in range(3)]
        assert [each.result() for each in told] == [["node-0", "node-1", "node-0"]] * 3


def test_a_process_that_never_comes_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.01)
    with rendezvous(LOOPBACK, 3) as started, pytest.raises(BusyError, match="only 1 of 3 ranks started in 0 s"):
        started.exchange_hosts(2, 3, "node", 0.05)


def test_a_rendezvous_that_is_not_reached_is_named() -> None:
    with rendezvous(LOOPBACK, 3) as started:
        pass
    with pytest.raises(BusyError, match=f"port {started.port} on 127.0.0.1 is not reached"):
        started.exchange_hosts(0, 3, "node", 5)
