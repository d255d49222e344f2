"""Where the ranks of a run find each other: the key-value store that Horovod's Gloo asks over HTTP.

Horovod's own server listens on every interface of the machine, takes values from anybody and tells which files lie
below its working folder. This one listens on one address, answers only paths that begin with the run's secret, and is
closed once all ranks have met. Gloo cannot sign its requests, but it puts the server's address in front of its paths
as it stands, and so the secret with it.
"""

import hmac
import os
import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from interest_spark.foundation.errors import BusyError
from interest_spark.foundation.log import get_logger

_METHODS = ("GET", "PUT", "DELETE")
_MET = "met/"
_ADDRESS, _PORT = "HOROVOD_GLOO_RENDEZVOUS_ADDR", "HOROVOD_GLOO_RENDEZVOUS_PORT"
_LENGTH = re.compile("[0-9]{1,7}")  # of a value: addresses, 136 bytes for each rank
_SECONDS = 10
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Meeting:
    """How a rank reaches the store; to be handed to ranks only, since who knows the secret may write."""

    address: str
    port: int
    secret: str

    @property
    def environment(self) -> dict[str, str]:
        """What Gloo reads: it asks for `http://ADDR:PORT/scope/key`, whatever ADDR is."""
        return {_ADDRESS: f"{self.address}:{self.port}/{self.secret}", _PORT: "0"}

    @classmethod
    def of_this_rank(cls) -> "Meeting | None":
        """What this process's environment names, None where nobody is to be met."""
        where, slash, secret = os.environ.get(_ADDRESS, "").partition("/")
        address, _, port = where.rpartition(":")
        return cls(address, int(port), secret) if slash else None

    @property
    def prefix(self) -> str:
        """What every path begins with."""
        return f"/{self.secret}:0/"

    def exchange_hosts(self, index: int, ranks: int, host: str, seconds: float) -> list[str]:
        """Tell the others the host of process `index` of `ranks`, and return all hosts in the order of the processes.

        Raises BusyError when one has not told its own after `seconds`, or the store is not reached.
        """
        deadline = time.monotonic() + seconds
        try:
            self._ask("PUT", f"hosts/{index}", host)
            while None in (hosts := [self._ask("GET", f"hosts/{each}") for each in range(ranks)]):
                if time.monotonic() > deadline:
                    raise BusyError(f"only {ranks - hosts.count(None)} of {ranks} ranks started in {seconds:.0f} s")
                time.sleep(_LOOK_SECONDS)
        except (OSError, HTTPException) as error:
            raise BusyError(
                f"the driver's port {self.port} on {self.address} is not reached: {error}; let the executors reach it"
            ) from error
        return [host for host in hosts if host is not None]

    def leave(self, rank: int) -> None:
        """This rank has met all others. Without the store, which then ends with the run, nothing is lost."""
        with suppress(OSError, HTTPException):
            self._ask("PUT", f"{_MET}{rank}", "")

    def _ask(self, method: str, key: str, value: str | None = None) -> str | None:
        connection = HTTPConnection(self.address, self.port, timeout=_SECONDS)  # passes proxies by
        try:
            connection.request(method, self.prefix + key, value)
            answer = connection.getresponse()
            body = answer.read().decode()
        finally:
            connection.close()
        return body if answer.status == 200 else None


@contextmanager
def rendezvous(bind: str, ranks: int, address: str | None = None) -> Iterator[Meeting]:
    """Serve `ranks` ranks until all have met, on the address `bind`, which they reach as `address`.

    Raises OSError where the address cannot be bound.
    """
    server = _Server((bind, 0), ranks)
    meeting = Meeting(address or bind, server.server_port, server.secret)
    server.prefix = meeting.prefix
    serving = threading.Thread(target=_serve, args=(server,), name="rendezvous", daemon=True)
    serving.start()
    try:
        yield meeting
    finally:
        server.shutdown()
        serving.join()


class _Server(ThreadingHTTPServer):
    def __init__(self, where: tuple[str, int], ranks: int) -> None:
        super().__init__(where, _Handler)
        self.secret = secrets.token_urlsafe(32)
        self.prefix = ""
        self.values: dict[str, bytes] = {}
        self._ranks = ranks
        self._refused = False

    def end_once_all_have_met(self) -> None:
        met = [path for path in list(self.values) if path.startswith(self.prefix + _MET)]
        if len(met) >= self._ranks:
            self.shutdown()

    def note_refused(self, host: str, request: str) -> None:
        if not self._refused:
            get_logger().warning(
                "a stranger's request to the ranks' rendezvous was refused", host=host, request=request
            )
        self._refused = True

    def handle_error(self, *_: object) -> None:
        """A connection that breaks is no concern of the run."""


def _serve(server: _Server) -> None:
    with server:  # closes the port
        server.serve_forever(poll_interval=_LOOK_SECONDS)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _SECONDS

    def parse_request(self) -> bool:
        """Refuse what is not a rank's request before any of it is handled."""
        if not super().parse_request():
            return False
        prefix = self.server.prefix
        if self.command not in _METHODS:
            return self._refuse(405)
        if not hmac.compare_digest(self.path[: len(prefix)].encode(), prefix.encode()):
            return self._refuse(404)
        return True

    def do_GET(self) -> None:
        value = self.server.values.get(self.path)
        self._answer(404 if value is None else 200, value or b"")

    def do_PUT(self) -> None:
        given = self.headers.get("Content-Length", "")
        length = int(given) if _LENGTH.fullmatch(given) else None
        if length is None:
            self._answer(400)
            return
        value = self.rfile.read(length)
        if len(value) == length:
            self.server.values[self.path] = value
            self._answer(200)
            self.server.end_once_all_have_met()

    def do_DELETE(self) -> None:
        """Gloo's word that a rank needs a scope no longer; others may still read there."""
        self._answer(200)

    def log_message(self, *_: object) -> None:
        """Requests are many and say nothing."""

    def _refuse(self, status: int) -> bool:
        self.server.note_refused(self.client_address[0], self.command)
        self._answer(status)
        return False

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
