"""RePlay's SequenceTokenizer on a Spark frame of events; its environment is conf/requirements-bench-replay.lock.

python tests/bench/peer_replay.py order.json

The order: `files` (Parquet files of events), `cores`, `memory` (of the only process), `partitions`. Standard output's
last line is JSON: `seconds` from the started session to the tokenised histories, which it brings to the driver, and
`rows`, the users it has histories of.
"""

import json
import sys
import time
from pathlib import Path

from pyspark.sql import SparkSession
from replay.data import Dataset, FeatureHint, FeatureInfo, FeatureSchema, FeatureSource, FeatureType
from replay.data.nn import SequenceTokenizer, TensorFeatureInfo, TensorFeatureSource, TensorSchema
from replay.utils.session_handler import State

ORDER = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))


def main() -> None:
    spark = start_session()
    State(spark)
    started = time.perf_counter()
    events = spark.read.parquet(*ORDER["files"]).select("user_id", "item_id", "behavior", "event_time")
    features = FeatureSchema(
        [
            FeatureInfo("user_id", FeatureType.CATEGORICAL, FeatureHint.QUERY_ID),
            FeatureInfo("item_id", FeatureType.CATEGORICAL, FeatureHint.ITEM_ID),
            FeatureInfo("behavior", FeatureType.CATEGORICAL),
            FeatureInfo("event_time", FeatureType.NUMERICAL, FeatureHint.TIMESTAMP),
        ]
    )
    tensors = TensorSchema([sequence("item_id", FeatureHint.ITEM_ID), sequence("behavior", None)])
    tokenizer = SequenceTokenizer(tensors, allow_collect_to_master=True)
    histories = tokenizer.fit_transform(Dataset(features, events))
    print(json.dumps({"seconds": time.perf_counter() - started, "shuffled": 0, "rows": len(histories)}))


def sequence(name: str, hint: FeatureHint | None) -> TensorFeatureInfo:
    source = TensorFeatureSource(FeatureSource.INTERACTIONS, name)
    return TensorFeatureInfo(name, FeatureType.CATEGORICAL, is_seq=True, feature_hint=hint, feature_sources=[source])


def start_session() -> SparkSession:
    settings = {
        "spark.driver.memory": ORDER["memory"],
        "spark.driver.maxResultSize": ORDER["memory"],
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": str(ORDER["partitions"]),
        "spark.sql.execution.arrow.pyspark.enabled": "true",
    }
    builder = SparkSession.builder.master(f"local[{ORDER['cores']}]")
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


main()
