"""A driver for `spark-submit`: the vectors and lists that the scoring pass gives the users of one file, by each of some
models.

Arguments: a JSON file with `histories` and `users`, Parquet with the columns that scoring reads, `models`, the name,
path and manifest of each, and `output`, a folder that gets a Parquet folder a model.
"""

import json
import sys
from pathlib import Path

from pyspark.sql import SparkSession

from interest_spark.config.score import ScoreConfig
from interest_spark.models.published import Model
from interest_spark.serving.score import answer_users


def main() -> None:
    order = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    spark = SparkSession.builder.appName("bundles").getOrCreate()
    histories, users = (spark.read.parquet(order[name]) for name in ("histories", "users"))
    for name, path, manifest in order["models"]:
        answers = answer_users(histories, Model(name, path, manifest), [], ScoreConfig(k=3), users)
        answers.select("user_id", "vector", "item_id", "score").write.parquet(f"{order['output']}/{name}")
    spark.stop()


if __name__ == "__main__":
    main()
