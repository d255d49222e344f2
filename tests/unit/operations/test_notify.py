"""Word of how runs ended, to a real command and to a real web server."""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from interest_spark.config.operations import NotifyConfig
from interest_spark.operations.entry import RunEntry
from interest_spark.operations.notify import notify
from tests.journal_entries import run_entry, step_entry

BLOCKED = run_entry(
    status="blocked",
    exit_code=3,
    error="day 2026-01-02: 9 % of its lines are bad",
    steps=(step_entry(), step_entry("items", status="blocked", error="day 2026-01-02: 9 % of its lines are bad")),
)


class _Server(HTTPServer):
    answer = 200
    received: list[Any]


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, self.headers["Content-Type"], json.loads(body)))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[_Server]:
    found = _Server(("127.0.0.1", 0), _Handler)
    found.received = []
    thread = threading.Thread(target=found.serve_forever)
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def url_of(server: _Server) -> str:
    return f"http://127.0.0.1:{server.server_port}/hook"


def to_file(path: Path, ending: str = "") -> tuple[str, ...]:
    code = f"import sys; open({str(path)!r}, 'a').write(sys.stdin.read() + chr(10)); {ending}"
    return (sys.executable, "-c", code)


def test_a_command_gets_the_message_on_its_standard_input(tmp_path: Path) -> None:
    told = tmp_path / "told"
    notify(NotifyConfig(command=to_file(told)), BLOCKED)
    message = json.loads(told.read_text())
    assert message["text"] == (
        "interest_spark daily for 2026-01-02 blocked, step items of 2026-01-02: day 2026-01-02: 9 % of its lines are "
        "bad (look at the data; the same command goes on once they are mended or accepted)"
    )
    assert (message["status"], message["exit_code"], message["step"], message["run_id"]) == (
        "blocked",
        3,
        "items",
        "r1",
    )


def test_an_address_gets_the_message(server: _Server, monkeypatch: pytest.MonkeyPatch) -> None:
    notify(NotifyConfig(url=url_of(server)), BLOCKED)
    monkeypatch.setenv("HOOK", url_of(server) + "/secret")
    notify(NotifyConfig(url_variable="HOOK"), BLOCKED)
    assert [(path, kind) for path, kind, _ in server.received] == [
        ("/hook", "application/json"),
        ("/hook/secret", "application/json"),
    ]
    assert all(message["error"] == BLOCKED.error for _, _, message in server.received)


@pytest.mark.parametrize(
    ("on", "entry", "told"),
    [
        (("failed", "blocked"), BLOCKED, True),
        (("failed", "blocked"), run_entry(), False),
        (("failed", "blocked"), run_entry(status="busy", exit_code=75), False),
        (("busy",), run_entry(status="busy", exit_code=75), True),
        (("failed",), run_entry(status="failed", exit_code=2), True),
        (("done",), run_entry(status="nothing_to_do"), True),
    ],
)
def test_only_the_ends_that_are_asked_for_are_told(
    server: _Server, on: tuple[str, ...], entry: RunEntry, told: bool
) -> None:
    notify(NotifyConfig.model_validate({"url": url_of(server), "on": on}), entry)
    assert bool(server.received) == told


def test_what_goes_wrong_with_a_message_is_logged_without_the_address(
    server: _Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = 500
    told = tmp_path / "told"
    monkeypatch.setenv("HOOK", url_of(server) + "/secret")
    failing = [
        NotifyConfig(command=("/no/such/program",)),
        NotifyConfig(command=to_file(told, "sys.exit(1)")),
        NotifyConfig(command=(sys.executable, "-c", "import time; time.sleep(60)"), timeout_seconds=0.5),
        NotifyConfig(url="http://127.0.0.1:1/"),
        NotifyConfig(url_variable="HOOK"),
        NotifyConfig(url_variable="NOT_SET"),
    ]
    for settings in failing:
        notify(settings, BLOCKED)
    logged = capsys.readouterr()
    assert (logged.out + logged.err).count("nobody was told") == len(failing)
    assert "secret" not in logged.out + logged.err


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({}, "nobody is told"),
        ({"url": "ftp://host/"}, "web address"),
        ({"url": "https://user:pass@host/"}, "environment"),
        ({"url": "https://host/?token=abc"}, "environment"),
        ({"url": "https://host/", "url_variable": "HOOK"}, "not both"),
        ({"url_variable": "$HOOK"}, "environment variable"),
        ({"command": []}, "at least 1"),
        ({"url": "https://host/", "on": ["always"]}, "failed"),
    ],
)
def test_settings_that_would_tell_nobody_are_refused(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        NotifyConfig.model_validate(keys)
