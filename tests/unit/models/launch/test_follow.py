"""The launcher shows the steps that rank 0 has written, also half a line at a time."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from interest_spark.models.launch import follow
from interest_spark.models.launch.follow import following

Shown = list[tuple[float, float, dict[str, object]]]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    updates: Shown = []

    class Recorder:
        def update(self, done: float, total: float, **details: object) -> None:
            updates.append((done, total, details))

    @contextmanager
    def progress(task: str, unit: str) -> Iterator[Any]:
        yield Recorder()

    monkeypatch.setattr(follow, "progress", progress)
    monkeypatch.setattr(follow, "_LOOK_SECONDS", 0.01)
    return updates


def step(number: int) -> str:
    return json.dumps({"step": number, "total_steps": 3, "loss": 3.0 - number, "targets": 10, "seconds": number}) + "\n"


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_steps_are_shown_while_they_are_written_and_the_last_one_at_the_end(tmp_path: Path, shown: Shown) -> None:
    curve = tmp_path / "curve.jsonl"
    with following(curve), curve.open("w", buffering=1) as file:
        file.write(step(1))
        wait_for(lambda: len(shown) == 1)
        file.write(step(2)[:10])
        file.flush()
        time.sleep(0.1)
        assert len(shown) == 1
        file.write(step(2)[10:])
        wait_for(lambda: len(shown) == 2)
        file.write(step(3))
    assert shown[-1] == (3, 3, {"loss": 0.0, "tokens_per_second": 10})


def test_a_run_that_fails_before_its_first_step_shows_nothing(tmp_path: Path, shown: Shown) -> None:
    with pytest.raises(RuntimeError), following(tmp_path / "curve.jsonl"):
        raise RuntimeError
    assert shown == []
