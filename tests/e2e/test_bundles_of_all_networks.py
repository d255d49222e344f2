"""A bundle of every network and second stage, trained here and scored by Spark's executors on two workers: the same
vectors and lists.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from interest_spark.config.kinds import sections_by_kind
from interest_spark.config.training.networks import NetworkConfig
from interest_spark.config.training.second_stage import SecondStageConfig
from interest_spark.models.inference import load_encoder
from interest_spark.models.parallel.collectives import OneRank
from interest_spark.models.training.train import train
from interest_spark.platform.distribution import build_code
from interest_spark.schemas.tables import TABLES
from interest_spark.serving.popularity import Popularity
from interest_spark.serving.recommender import Lists, Recommender
from tests.histories import as_histories
from tests.standalone_cluster import standalone_cluster
from tests.unit.models.worlds import described, make_plan, random_histories

pytestmark = [pytest.mark.release, pytest.mark.timeout(900)]
TOKENS, K = 10, 3
NETWORKS = {kind: {"network": {"kind": kind, "inputs": ["behavior"]}} for kind in sections_by_kind(NetworkConfig)}
STAGES = {
    f"{network}-{kind}": {"network": {"kind": network}, "second_stage": {"kind": kind, "candidates": 15}}
    for network, kind in zip(("sasrec", "bert4rec"), sections_by_kind(SecondStageConfig), strict=True)
}
USERS = ["region", "attributes.tier"]
CODES = {"attribute_codes": 50, "user_attribute_codes": 50}
DESCRIBED = {
    f"described {kind}": {"network": {"kind": kind, "attributes": ["brand"], "user_attributes": USERS, **CODES}}
    for kind in ("two_towers", "ligr")
}


def write_users(path: Path, known: Sequence[Sequence[str | None] | None]) -> None:
    """The table `users` of those of whom anything is known, their tier and region."""
    described = [(f"u{number}", *each) for number, each in enumerate(known) if each is not None]
    rows = [
        {"user_id": user, "region": region, "attributes": [] if tier is None else [("tier", tier)]}
        for user, tier, region in described
    ]
    pq.write_table(pa.Table.from_pylist(rows, TABLES["users"]), path)


def test_executors_give_the_vectors_of_the_trained_network(tmp_path: Path) -> None:
    histories = random_histories(60, 40, 15, seed=4)
    users = as_histories(histories).append_column("user_id", pa.array([f"u{n}" for n in range(len(histories))]))
    users = users.append_column("seen", pa.array([[int(item) for item in each] for each in histories]))
    pq.write_table(users, tmp_path / "histories.parquet")
    known = described(histories, sorted(USERS))
    write_users(tmp_path / "users.parquet", known)
    users = users.append_column("user_attributes", pa.array(known, pa.list_(pa.string())))
    models = []
    for kind, settings in {**NETWORKS, **STAGES, **DESCRIBED}.items():
        plan = make_plan(tmp_path / kind, histories, TOKENS, epochs=1, **settings)
        result = train(plan, OneRank(), on_step=lambda step: None)
        assert result is not None
        models.append((kind, str(plan.bundle), result.manifest_sha256))
    order = {each: str(tmp_path / f"{each}.parquet") for each in ("histories", "users")}
    order |= {"models": models, "output": str(tmp_path / "vectors")}
    (tmp_path / "order.json").write_text(json.dumps(order), encoding="utf-8")
    build_code(tmp_path / "dist")
    (archive,) = (tmp_path / "dist").glob("interest_spark-*.zip")
    driver = Path(__file__).with_name("score_bundles.py")
    with standalone_cluster(tmp_path / "cluster") as cluster:
        arguments = ["--py-files", str(archive), str(driver), str(tmp_path / "order.json")]
        done = cluster.submit(arguments, tmp_path, timeout=800)
        assert done.returncode == 0, (done.stdout + done.stderr)[-5000:] + cluster.logs()
    for kind, path, manifest in models:
        found = pq.read_table(tmp_path / "vectors" / kind).sort_by("user_id")
        encoder, ordered = load_encoder(path, manifest), users.sort_by("user_id")
        expected = encoder.encode(ordered)
        vectors = np.array(found["vector"].to_pylist(), np.float32)
        np.testing.assert_allclose(vectors, expected, rtol=1e-5, atol=1e-6, err_msg=kind)
        assert np.abs(expected).max() > 0.01
        nobody = Popularity(np.empty(0, np.int32), pa.array([], pa.string()), np.empty(0))
        seen = Lists.of_column(ordered["seen"].combine_chunks())
        suggested = Recommender(encoder, nobody, K, True, ()).suggest(ordered, seen)
        lists = [encoder.item_ids.take(pa.array(choices)).to_pylist() for choices in suggested.choices]
        assert found["item_id"].to_pylist() == lists, kind
        np.testing.assert_allclose(found["score"].to_pylist(), suggested.scores, rtol=1e-4, atol=1e-5, err_msg=kind)
