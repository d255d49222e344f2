"""`taste_clusters` and `tastes`: one task clusters and names the items, then each file of users has one of its own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from interest_spark.applications.tastes.names import name_clusters
from interest_spark.applications.tastes.softmax import ClusterSoftmax
from interest_spark.applications.tastes.spherical_kmeans import cluster_directions
from interest_spark.config.profiles import TastesConfig
from interest_spark.foundation.errors import BadDataError
from interest_spark.models.published import Model
from interest_spark.models.served import load_model
from interest_spark.platform.tasks import each_in_a_task
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.damage import reading
from interest_spark.storage.parts import read_columns, read_pieces, write_part, write_rows

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CLUSTERS, TASTES = "taste_clusters", "tastes"

_USERS_A_PIECE = 65_536


@dataclass(frozen=True)
class TastesBuild:
    """The day's model, what its loss multiplied scores by, and files: of vectors of users, of `popularity`, of `items`.

    `folders`: of the tables. `work`: where the items' vectors lie between the tasks.
    """

    day: str
    model: Model
    scale: float
    rules: TastesConfig
    users: tuple[str, ...]
    popularity: tuple[str, ...]
    items: tuple[str, ...]
    folders: Mapping[str, str]
    work: str

    def write_clusters(self, model: Model) -> Iterator[tuple[str, str]]:
        """Writes `taste_clusters`; gives its path, and that of the items' vectors in the order of their clusters."""
        from threadpoolctl import threadpool_limits

        encoder = load_model(model)
        vectors = encoder.item_vectors
        assert isinstance(vectors, np.ndarray)  # a network's
        if not np.isfinite(vectors).all():
            raise BadDataError(
                f"model {model.version} has item vectors that are not finite; train again with a lower "
                "train.optimizer.learning_rate"
            )
        with threadpool_limits(limits=1):
            found = cluster_directions(vectors, self.rules.clusters, self.rules.seed)
        rows = pl.DataFrame({"cluster": found.number, "cosine": found.cosine}).cast({"cluster": pl.Int32})
        known = rows.with_columns(item_id=pl.Series(encoder.item_ids.to_pylist(), dtype=pl.String))
        named = name_clusters(self._with_attributes(known), self.rules.named_by)
        order = np.argsort(found.number, kind="stable")
        by_cluster = rows.select("cluster")[order].with_columns(vector=pl.Series(vectors[order]).cast(_VECTOR))
        yield self._write(CLUSTERS, _numbered(named, model.version), 0), write_rows(self.work, by_cluster)

    def _with_attributes(self, known: pl.DataFrame) -> pl.DataFrame:
        """With `events`, `category` and `title` of each item as of the day."""
        events = read_columns(self.popularity, item_id=pl.String, events=pl.Int64)
        catalogue = read_columns(self.items, **dict.fromkeys(("item_id", "category", "title"), pl.String))
        with_events = known.join(events, on="item_id", how="left", maintain_order="left")
        found = with_events.join(catalogue, on="item_id", how="left", maintain_order="left")
        return found.with_columns(pl.col("events").fill_null(0))

    def write_tastes(self, place: int, vectors: str) -> Iterator[str]:
        """Writes the rows of one file of users; gives the path, if there are any."""
        from threadpoolctl import threadpool_limits

        softmax, path = _softmax_of(vectors, self.scale), self.users[place]
        parts = []
        with threadpool_limits(limits=1):
            for users in read_pieces(path, ("user_id", "vector"), _USERS_A_PIECE):
                with reading(path):
                    own = users["vector"].list.to_array(softmax.width).to_numpy()
                parts.append(tastes_of(users["user_id"], softmax.shares(own), self.rules.top))
        if parts:
            yield self._write(TASTES, _numbered(pl.concat(parts), self.model.version), place)

    def _write(self, table: str, rows: pl.DataFrame, part: int) -> str:
        schema = TABLES[table]
        arrow: pa.Table = rows.select(*schema.names).to_arrow().cast(schema)
        return write_part(self.folders[table], table, self.day, arrow, part)


_VECTOR = pl.List(pl.Float32)


def build_tastes(spark: "SparkSession", build: TastesBuild) -> Mapping[str, Sequence[str]]:
    """Write both tables; returns the paths."""
    ((clusters, vectors),) = each_in_a_task(spark, [build.model], build.write_clusters)
    places = range(len(build.users))
    tastes = each_in_a_task(spark, places, lambda place: build.write_tastes(place, vectors))
    return {CLUSTERS: [clusters], TASTES: tastes}


def tastes_of(user_id: pl.Series, shares: np.ndarray, top: int) -> pl.DataFrame:
    """`user_id, cluster, rank, value` of each user's `top` clusters, equal ones by number.

    shares: float64[n, clusters]; clusters are numbered from 0.
    """
    best = np.argsort(-shares, axis=1, kind="stable")[:, :top]
    each = best.shape[1]
    return pl.DataFrame(
        {
            "user_id": user_id.gather(np.repeat(np.arange(len(user_id)), each)),
            "cluster": best.ravel(),
            "rank": np.tile(np.arange(1, each + 1), len(user_id)),
            "value": np.take_along_axis(shares, best, axis=1).ravel(),
        },
        schema={"user_id": pl.String, "cluster": pl.Int32, "rank": pl.Int32, "value": pl.Float64},
    )


def _numbered(rows: pl.DataFrame, version: str) -> pl.DataFrame:
    """As the tables have it: clusters from 1, and the model's name beside them."""
    return rows.with_columns(pl.col("cluster") + 1, model_version=pl.lit(version))


@lru_cache(maxsize=1)
def _softmax_of(vectors: str, scale: float) -> ClusterSoftmax:
    """Read once by each Python worker."""
    rows = read_columns([vectors], cluster=pl.Int32, vector=_VECTOR)
    flat = rows["vector"].explode().to_numpy()
    return ClusterSoftmax(flat.reshape(len(rows), -1), rows["cluster"].to_numpy(), scale)
