"""A real S3 server on the loopback interface: versitygw, built from Go's module proxy, over a folder."""

import fcntl
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.readme import ROOT

VERSION = "v1.8.0"
BUCKET = "shop"
_PROGRAM = f"github.com/versity/versitygw/cmd/versitygw@{VERSION}"
_BUILD_SECONDS = 900
_START_SECONDS = 60
# … [day/month/year:time zone] address requester id s3_Operation key /path status …
_REQUEST = re.compile(r"\] \S+ \S+ \S+ s3_(?P<operation>\w+) (?P<key>.*?) /\S* (?P<status>\d{3}) ")


@dataclass(frozen=True)
class Request:
    """One line of the server's access log."""

    operation: str  # as S3 calls it: GetObject
    key: str  # "-" where the bucket itself was asked for
    status: int


@dataclass
class S3Server:
    """The server; `environment` is what its clients need, with a key that was made for this start alone."""

    folder: Path
    program: Path
    port: int
    environment: dict[str, str]
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def secrets(self) -> tuple[str, str]:
        """What must stand in no file and no log of a client."""
        return self.environment["AWS_ACCESS_KEY_ID"], self.environment["AWS_SECRET_ACCESS_KEY"]

    @property
    def bucket_folder(self) -> Path:
        """Where the objects of the bucket lie as files."""
        return self.folder / "buckets" / BUCKET

    def start(self) -> None:
        """Start, or start again after `stop`, on the same port with what the buckets held."""
        self.bucket_folder.mkdir(parents=True, exist_ok=True)
        options = ["--port", f"127.0.0.1:{self.port}", "--region", self.environment["AWS_REGION"], "--keep-alive"]
        options += ["--quiet", "--health", "/health", "--access-log", str(self._access_log)]
        key, secret = self.secrets
        environment = {"PATH": os.defpath, "ROOT_ACCESS_KEY_ID": key, "ROOT_SECRET_ACCESS_KEY": secret}
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self.program), *options, "posix", str(self.folder / "buckets")],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._await_health()

    def stop(self) -> None:
        """End it as a machine that fails does; connections break."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def requests(self) -> list[Request]:
        """All requests since the first start, in the order in which they were answered."""
        lines = self._access_log.read_text(encoding="utf-8", errors="replace").splitlines()
        found = filter(None, map(_REQUEST.search, lines))
        return [Request(each["operation"], each["key"], int(each["status"])) for each in found]

    def count(self) -> Counter[str]:
        """How often each operation was asked for since the first start."""
        return Counter(request.operation for request in self.requests())

    @property
    def _access_log(self) -> Path:
        return self.folder / "access.log"

    def _await_health(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5):
                    return
            except OSError:
                time.sleep(0.05)
        raise TimeoutError(f"the S3 server did not answer after {_START_SECONDS} s; see {self.folder / 'server.log'}")


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """A running server with an empty bucket `BUCKET`; its process is stopped afterwards.

    Skips the test, naming the reason, where the server cannot be built.
    """
    program = build_server()
    folder.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    environment = {
        "AWS_ACCESS_KEY_ID": f"id{secrets.token_hex(8)}",
        "AWS_SECRET_ACCESS_KEY": f"secret{secrets.token_hex(16)}",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }
    server = S3Server(folder, program, port, environment)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def build_server() -> Path:
    """The server's program, built once for all tests of the checkout; skips the test where that is not possible."""
    folder = ROOT / "build" / f"versitygw-{VERSION}"
    program = folder / "versitygw"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _build(folder)
    return program


def _build(folder: Path) -> None:
    go = shutil.which("go")
    if go is None:
        pytest.skip("the S3 server is not built: Go is missing (Debian, Ubuntu: apt-get install golang)")
    environment = {**os.environ, "GOBIN": str(folder / "draft"), "CGO_ENABLED": "0"}
    built = subprocess.run(
        [go, "install", _PROGRAM],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_BUILD_SECONDS,
        check=False,
    )
    if built.returncode:
        last = (built.stderr.strip().splitlines() or ["go said nothing"])[-1]
        pytest.skip(f"the S3 server is not built: go install {_PROGRAM}: {last}")
    (folder / "draft" / "versitygw").replace(folder / "versitygw")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
