"""What a training run is told, and what it gives back: plain values that travel to every rank as JSON."""

from pathlib import Path

from interest_spark.config import Section, TrainConfig


class TrainPlan(Section):
    """One training run. All paths lie where every node can reach them."""

    model_version: str
    trained_through: str  # the day whose sequences it is made from
    files: tuple[str, ...]  # of train_blocks, one table version, sorted
    candidate_files: tuple[str, ...]  # Parquet with item_index and item_id: what the model may suggest
    tokens: int  # of a block
    train: TrainConfig
    bundle: Path  # the folder that rank 0 writes
    work: Path  # a folder of this run: the plan, the ranks' errors and signs of life, the result

    @property
    def curve(self) -> Path:
        """The loss of every step, beside the bundle, one JSON object a line."""
        return self.bundle.with_name(f"{self.bundle.name}.curve.jsonl")

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
