"""The input of a training run and its result: plain values that travel to every rank as JSON."""

from pydantic import Field

from interest_spark.config.section import Section
from interest_spark.config.training.train import TrainConfig
from interest_spark.config.warehouse import WarehousePlace
from interest_spark.foundation.locations import Location
from interest_spark.models.origin import Origin
from interest_spark.schemas.tokens import ColumnScheme

CURVE = "curve.jsonl"
"""The learning curve's file, in the work folder and later in the bundle's."""

RESULT = "training.json"
"""The TrainResult, in the bundle's folder."""


class ParentModel(Section):
    """The published model that a warm-started run goes on from."""

    model_version: str
    path: WarehousePlace
    manifest_sha256: str
    trained_through: str


class ContentModel(Section):
    """The published model whose item vectors are content of a network."""

    path: WarehousePlace
    manifest_sha256: str


class TrainPlan(Section):
    """One training run. All paths lie where every node can reach them."""

    model_version: str
    trained_through: str  # the day whose sequences it is made from
    files: tuple[str, ...]  # of train_blocks, one table version, sorted
    tokens: int  # of a block
    columns: ColumnScheme  # that the blocks' token columns follow
    train: TrainConfig
    content: dict[str, ContentModel] = Field(default={})  # by source: one for each of train.network.content
    parent: ParentModel | None = None  # None: weights start at random
    origin: Origin | None = None  # what the bundle is to say of where it comes from
    exclude_seen: bool  # whether an item of the history can be a suggestion: what validation must do, too
    bundle: WarehousePlace  # the folder that rank 0 writes
    work: WarehousePlace  # a folder of this run alone: the plan, the ranks' errors and heartbeats, the result

    @property
    def epochs(self) -> int:
        """How often the run goes through the blocks at most."""
        return self.train.epochs if self.parent is None else self.train.continued_epochs

    @property
    def file(self) -> Location:
        """The plan itself, for the ranks to read."""
        return self.work / "plan.json"

    @property
    def candidates(self) -> Location:
        """A folder of Parquet files, `item_index`, `item_id`, `category` and `events`: what the model may suggest."""
        return self.work / "candidates"

    @property
    def checkpoints(self) -> Location:
        """Where the run's checkpoints lie: a folder of the model version, for whoever starts it again."""
        return self.bundle.parent / f".{self.model_version}.checkpoints"

    @property
    def curve(self) -> Location:
        """The loss of every step, one JSON object a line, while the run lasts; afterwards in the bundle's folder."""
        return self.work / CURVE

    @property
    def result(self) -> Location:
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
    loss: float  # weighted mean over the last epoch's targets
    best_epoch: int | None  # whose weights the bundle holds; None: the last one's, nothing was held out
    ndcg: float | None  # of that epoch on held-out items, at 10
    resumed_from: int  # steps that a checkpoint of an earlier attempt had taken
    wire_bytes_per_step: float  # what each rank gave to the others
    input_share: float  # of rank 0's time in steps: waiting for batches
    seconds: float
    peak_memory_mb: float  # resident memory of all ranks together, each at its highest, in MiB
