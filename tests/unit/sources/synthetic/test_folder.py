"""The output folder: found again, never overwritten, never half a shop under a finished name."""

import fcntl
import json
import os
from pathlib import Path

import pytest

from interest_spark.foundation.errors import BadDataError, BusyError, ConfigError
from interest_spark.sources.synthetic import ShopPlan, generate_shop
from interest_spark.sources.synthetic import shop as shop_module

PLAN = ShopPlan(users=5, items=5, days=2)


def test_same_plan_again_is_nothing_to_do(tmp_path: Path) -> None:
    first = generate_shop(PLAN, tmp_path / "new" / "shop")
    times = {path: path.stat().st_mtime_ns for path in first.path.rglob("*")}
    second = generate_shop(PLAN, first.path)
    assert first.created and not second.created
    assert (second.content_hash, second.counts) == (first.content_hash, first.counts)
    assert times == {path: path.stat().st_mtime_ns for path in first.path.rglob("*")}


def test_another_plan_or_a_strange_folder_is_refused(tmp_path: Path) -> None:
    generate_shop(PLAN, tmp_path / "shop")
    with pytest.raises(ConfigError, match="another shop"):
        generate_shop(ShopPlan(users=5, items=5, days=2, seed=1), tmp_path / "shop")
    (tmp_path / "strange" / "events").mkdir(parents=True)
    with pytest.raises(ConfigError, match="not empty"):
        generate_shop(PLAN, tmp_path / "strange")
    (tmp_path / "strange" / "shop.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ConfigError, match="no shop's manifest"):
        generate_shop(PLAN, tmp_path / "strange")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="Not a directory"):
        generate_shop(PLAN, tmp_path / "file")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="no shop can be written"):
        generate_shop(PLAN, tmp_path / "file" / "shop")


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    shop = generate_shop(PLAN, tmp_path / "shop")
    path = next(shop.path.glob("events/*/*"))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BadDataError, match="was changed"):
        generate_shop(PLAN, shop.path)


def test_a_failed_run_shows_nothing_and_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shop_module, "bot_visits", fail)
        with pytest.raises(KeyboardInterrupt):
            generate_shop(PLAN, tmp_path / "shop")
    assert [path.name for path in (tmp_path / "shop").iterdir()] == [".synth-draft"]
    rerun = generate_shop(PLAN, tmp_path / "shop")
    assert rerun.content_hash == generate_shop(PLAN, tmp_path / "undisturbed").content_hash
    assert {path.name for path in rerun.path.iterdir()} == {"events", "items", "users", "truth", "shop.json"}


def test_killed_between_the_renames_is_made_anew(tmp_path: Path) -> None:
    shop = generate_shop(PLAN, tmp_path / "shop")
    draft = shop.path / ".synth-draft"
    draft.mkdir()
    (shop.path / "shop.json").rename(draft / "shop.json")
    assert generate_shop(PLAN, shop.path).content_hash == shop.content_hash
    assert not draft.exists()


def test_two_runs_at_once(tmp_path: Path) -> None:
    draft = tmp_path / "shop" / ".synth-draft"
    draft.mkdir(parents=True)
    with (draft / ".lock").open("w") as lock:
        fcntl.flock(lock.fileno(), fcntl.LOCK_EX)
        with pytest.raises(BusyError, match="another run"):
            generate_shop(PLAN, tmp_path / "shop")
    assert generate_shop(PLAN, tmp_path / "shop").created


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_no_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigError, match="Permission denied"):
        generate_shop(PLAN, tmp_path / "shop")


def test_the_manifest_says_what_was_made(tmp_path: Path) -> None:
    shop = generate_shop(PLAN, tmp_path / "shop")
    manifest = json.loads((shop.path / "shop.json").read_text(encoding="utf-8"))
    assert manifest["plan"] == {"users": 5, "items": 5, "days": 2, "seed": 0, "first_day": "2026-01-01"}
    assert manifest["content_hash"] == shop.content_hash
    assert manifest["counts"] == dict(shop.counts)
