"""No encoding of standard output, and nobody who stops reading it, makes a job fail."""

import json
import os
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from interest_spark.foundation.log import configure_logging, get_logger
from interest_spark.foundation.streams import end_output, prepare_streams, print_error, print_report, terminal

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]

SCRIPT = """
import sys
import click
from interest_spark.foundation.command_line import run_command
from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.log import get_logger
from interest_spark.foundation.streams import print_report, terminal
from interest_spark.pipeline.command import with_exit_code

HOSTILE = "\\u8336\\u58f6 \\U0001f375 \\x1b[31m \\u202e \\u200b \\udcff \\x9b \\u2028"

def work(kind):
    if kind == "log":
        for _ in range(300):
            get_logger().info(HOSTILE, user=HOSTILE * 100, nested={HOSTILE: [HOSTILE]}, raw=b"\\xff")
        print_report({"ids": HOSTILE})
    elif kind == "table":
        for _ in range(300):
            terminal().print("a row of a table " * 10)
    elif kind == "small":
        print_report({"ids": HOSTILE})
    elif kind == "error":
        raise BadDataError(f"user {HOSTILE * 10_000} is not there")
    elif kind == "bug":
        raise ValueError(HOSTILE * 10_000)

@click.command()
@click.argument("kind")
def command(kind):
    with_exit_code(lambda: work(kind))

if __name__ == "__main__":
    run_command(command)
"""  # fmt: skip


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("streams") / "script.py"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


def run(script: Path, shell: str, *, encoding: "dict[str, str] | None" = None) -> "subprocess.CompletedProcess[bytes]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(encoding or {})}
    command = f"set -o pipefail; {shell.replace('RUN', f'{sys.executable} {script}')}"
    return subprocess.run(
        ["bash", "-c", command], env=environment, cwd=ROOT, capture_output=True, timeout=120, check=False
    )


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "gb18030", "euc-jp", "utf-8", "utf-16"])
def test_any_encoding_serves(monkeypatch: pytest.MonkeyPatch, encoding: str, errors: str) -> None:
    out, err = (TextIOWrapper(BytesIO(), encoding=encoding, errors=errors) for _ in range(2))
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    prepare_streams()
    configure_logging()
    get_logger().info("茶壶", user="🍵\udcff", nested={"小明": ["\x1b"]})
    print_error("用户 🍵 \udcff")
    terminal().print("🍵 茶壶 \udcff")
    print_report({"ids": "茶壶 🍵 \udcff \x1b"})
    end_output()
    logged, told = _written(err).splitlines()
    assert json.loads(logged)["level"] == "info" and told.startswith("error: ")
    assert json.loads(_written(out).splitlines()[-1]) == {"ids": "茶壶 🍵 \udcff \x1b"}


def _written(stream: TextIOWrapper) -> str:
    content = stream.buffer.getvalue()  # type: ignore[attr-defined]
    return str(content.decode(stream.encoding))


@pytest.mark.parametrize(
    "encoding", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}], ids=str
)
def test_any_encoding_of_the_environment_serves(script: Path, encoding: dict[str, str]) -> None:
    done = run(script, "RUN small", encoding=encoding)
    assert (done.returncode, done.stderr) == (0, b"") and "茶壶" in json.loads(done.stdout)["ids"]


@pytest.mark.parametrize("kind", ["log", "error", "bug"])
def test_nothing_that_is_printed_acts_on_a_terminal_or_is_endless(script: Path, kind: str) -> None:
    done = run(script, f"RUN {kind}")
    assert done.returncode == {"log": 0, "error": 3, "bug": 1}[kind]
    text = done.stderr.decode() + done.stdout.decode()
    assert not {char for char in text if char != "\n"} & set("\x1b\u202e\u200b\x9b\u2028\x85")
    assert max(map(len, text.split("\n"))) < 10_000
    if kind == "bug":
        assert "Traceback" in text and "ValueError: 茶壶" in text
    else:
        assert "茶壶 🍵 \\" in text and "u202e" in text


@pytest.mark.parametrize(
    ("shell", "code"),
    [
        ("RUN table | head -n 1", 0),
        ("RUN table | true", 0),
        ("RUN small | (sleep 3; true)", 0),
        ("(RUN log 2>&1 >/dev/null) | true", 0),
        ("(RUN error 2>&1) | true", 3),
        ("RUN small >&-", 0),
        ("RUN log 2>&-", 0),
        ("RUN error 2>&-", 3),
        ("RUN error >&- 2>&-", 3),
        ("RUN table >/dev/full", 75),
        ("RUN small >/dev/full", 75),
    ],
)
def test_nobody_has_to_read(script: Path, shell: str, code: int) -> None:
    done = run(script, shell)
    assert done.returncode == code, done.stderr.decode()[-2000:]
    assert b"Traceback" not in done.stderr and b"Exception ignored" not in done.stderr


def test_the_rest_of_a_job_is_done_though_nobody_reads_its_log(script: Path) -> None:
    done = run(script, "{ RUN log 2>&1 >&3 | true; } 3>&1")
    assert "茶壶" in json.loads(done.stdout)["ids"]


def test_a_usage_error_is_clean(script: Path) -> None:
    done = run(script, "RUN $'--\\x1b[31m'")
    assert done.returncode == 2 and b"\x1b" not in done.stderr and b"No such option" in done.stderr
