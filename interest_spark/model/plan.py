"""What a training run is told, and what it gives back: plain values that travel to every rank as JSON."""

from pathlib import Path

from interest_spark.config import Section, TrainConfig
from interest_spark.token_columns import ColumnScheme

CURVE = "curve.jsonl"


class TrainPlan(Section):
    """One training run. All paths lie where every node can reach them."""

    model_version: str
    trained_through: str  # the day whose sequences it is made from
    files: tuple[str, ...]  # of train_blocks, one table version, sorted
    tokens: int  # of a block
    columns: ColumnScheme  # that the blocks' token columns follow
    train: TrainConfig
    bundle: Path  # the folder that rank 0 writes
    work: Path  # a folder of this run alone: the plan, the ranks' errors and signs of life, the result

    @property
    def candidates(self) -> Path:
        """A folder of Parquet files with `item_index` and `item_id`: what the model may suggest."""
        return self.work / "candidates"

    @property
    def curve(self) -> Path:
        """The loss of every step, one JSON object a line, while the run lasts; afterwards in the bundle's folder."""
        return self.work / CURVE

    @property
    def result(self) -> Path:
        """Where rank 0 leaves the TrainResult."""
        return self.work / "result.json"


class TrainResult(Section):
    """What rank 0 reports once the bundle is written."""

    manifest_sha256: str
    item_count: int
    parameters: int
    epochs: int
    steps: int
    targets: int  # trained on, over all epochs
    loss: float  # mean over the last epoch's targets
    seconds: float
