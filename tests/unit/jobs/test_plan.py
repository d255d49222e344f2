"""What `interest plan` prints."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from interest_spark.pipeline.graph import Prospect
from jobs.plan import command

REASONS = [
    "[/x] closes what was never opened", "[bold]not markup", "[red]", "\x1b[31m", "\u202egnirts", "a\nb", "\u2028",
    "\x9b2J",    "x" * 900_000, "茶壶 🍵", "setting sources.events.path was 's3://***@b' and is 's3://***@c'",
]  # fmt: skip


@pytest.mark.parametrize("reason", REASONS, ids=lambda text: ascii(text)[:20])
def test_a_reason_is_text_whatever_it_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str) -> None:
    monkeypatch.setattr("jobs.plan.plan_steps", lambda _: [Prospect("events", "2026-01-02", "would run", reason)])
    monkeypatch.setattr("jobs.plan.nightly", lambda _: [])
    path = tmp_path / "shop.yaml"
    path.write_text(f"warehouse: {tmp_path}/w\nsources: {{events: {{path: e}}}}\n", encoding="utf-8")
    result = CliRunner().invoke(command, ["--config", str(path), "--day", "2026-01-02"], catch_exceptions=False)
    assert result.exit_code == 0
    *table, last = result.stdout.splitlines()
    assert json.loads(last)["steps"][0]["reason"] == reason
    assert not set("\x1b\u202e\x9b\u2028") & set(result.output) and len("".join(table)) < 20_000
    assert reason[:10].isprintable() is False or reason[:10] in result.stdout
