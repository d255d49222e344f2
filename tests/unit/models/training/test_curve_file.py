"""A learning curve is read as it was written, also that of an earlier release, and drawn beside its bundle."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from interest_spark.foundation.errors import BadDataError
from interest_spark.models.training.curve_file import read_curve
from interest_spark.models.training.plots import CURVE_PLOTS, draw_training
from interest_spark.storage.bundles import Bundle, check_bundle, read_shapes, remove_orphan_bundles, write_bundle
from tests.report_world import write_curve


def test_figures_of_steps_and_epochs(tmp_path: Path) -> None:
    write_curve(tmp_path)
    curve = read_curve(tmp_path)
    assert curve is not None
    assert curve.step.tolist() == [1, 2, 3, 4, 5, 6]
    assert curve.learning_rate[0] == 0.001
    assert curve.gradient_norm[-1] == pytest.approx(2 / 6)
    assert [(epoch.number, epoch.step, epoch.ndcg) for epoch in curve.epochs] == [(1, 2, 0.1), (2, 4, 0.3), (3, 6, 0.2)]
    assert curve.epochs[0].loss == pytest.approx((4.0 + 2.0) / 2)
    assert curve.epochs[0].rank_losses == (2.05, 1.95)


def test_a_curve_of_an_earlier_release_tells_less(tmp_path: Path) -> None:
    line = {"epoch": 1, "step": 1, "total_steps": 1, "loss": 2.0, "targets": 4, "seconds": 0.1}
    (tmp_path / "curve.jsonl").write_text(json.dumps(line) + "\n")
    curve = read_curve(tmp_path)
    assert curve is not None
    assert np.isnan(curve.learning_rate).all()
    assert [name for name, plot in CURVE_PLOTS.items() if plot(curve) is not None] == ["loss"]


@pytest.mark.parametrize("text", ["{half", '{"loss": 1}\n', '["loss"]\n', '{"epoch": 1}\n', "\x00"])
def test_what_is_no_curve_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "curve.jsonl").write_text(text)
    with pytest.raises(BadDataError, match=r"learning curve .*curve\.jsonl cannot be read"):
        read_curve(tmp_path)


def test_pictures_lie_beside_the_bundle_which_stays_sealed(tmp_path: Path) -> None:
    weights = {"items": np.zeros((5, 4), np.float32), "layer_0/queries/weight": np.zeros((4, 4), np.float32)}
    items = pa.table({"item_index": pa.array([2], pa.int32()), "item_id": ["a"]})
    bundle = tmp_path / "bundles" / "2026-01-20-sasrec-1"
    manifest = write_bundle(bundle, Bundle(weights, {}, items))
    write_curve(bundle)
    draw_training(bundle)
    pictures = sorted(path.name for path in bundle.glob("*.png"))
    assert pictures == sorted(f"{name}.png" for name in (*CURVE_PLOTS, "network"))
    for name in pictures:
        with Image.open(bundle / name) as image:
            assert image.format == "PNG" and image.width >= 600
    check_bundle(bundle, manifest)
    assert read_shapes(bundle) == {"items": (5, 4), "layer_0/queries/weight": (4, 4)}
    cleaned = remove_orphan_bundles(tmp_path, (), retention_hours=-1)
    assert (cleaned.deleted, cleaned.left) == ([str(bundle)], [])
    assert not bundle.exists()
