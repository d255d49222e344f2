"""Configuration: the frozen model of one deployment, made of its sections."""

from pydantic import model_validator

from interest_spark.config.audiences import AudiencesConfig
from interest_spark.config.blocks import BlocksConfig
from interest_spark.config.bots import BotsConfig
from interest_spark.config.churn import ChurnConfig
from interest_spark.config.collaborative import CollaborativeConfig
from interest_spark.config.compare import CompareConfig
from interest_spark.config.coupons import CouponsConfig
from interest_spark.config.evaluate import EvaluateConfig
from interest_spark.config.gates import GatesConfig
from interest_spark.config.ingest import IngestConfig
from interest_spark.config.maintain import MaintainConfig
from interest_spark.config.operations import OperationsConfig
from interest_spark.config.profiles import ProfilesConfig
from interest_spark.config.promote import PromoteConfig
from interest_spark.config.report import ReportConfig
from interest_spark.config.score import ScoreConfig
from interest_spark.config.section import Section
from interest_spark.config.sequences import SequencesConfig
from interest_spark.config.shop import ShopConfig
from interest_spark.config.sources import SourcesConfig
from interest_spark.config.spark import SparkConfig
from interest_spark.config.training.train import TrainConfig
from interest_spark.config.warehouse import WarehousePlace
from interest_spark.schemas.tokens import ColumnScheme


class Config(Section):
    """One deployment."""

    warehouse: WarehousePlace
    shop: ShopConfig = ShopConfig()
    spark: SparkConfig = SparkConfig()
    sources: SourcesConfig
    ingest: IngestConfig = IngestConfig()
    gates: GatesConfig = GatesConfig()
    bots: BotsConfig = BotsConfig()
    sequences: SequencesConfig = SequencesConfig()
    profiles: ProfilesConfig | None = None
    coupons: CouponsConfig | None = None
    audiences: AudiencesConfig | None = None
    churn: ChurnConfig | None = None
    blocks: BlocksConfig = BlocksConfig()
    train: TrainConfig = TrainConfig()
    collaborative: CollaborativeConfig | None = None
    score: ScoreConfig = ScoreConfig()
    evaluate: EvaluateConfig = EvaluateConfig()
    compare: CompareConfig = CompareConfig()
    promote: PromoteConfig | None = None
    maintain: MaintainConfig = MaintainConfig()
    operations: OperationsConfig = OperationsConfig()
    report: ReportConfig = ReportConfig()

    @model_validator(mode="after")
    def _patience_has_held_out_targets(self) -> "Config":
        if self.train.patience is not None and self.blocks.held_out.kind == "none":
            raise ValueError(
                "train.patience needs targets to validate on; set blocks.held_out, for example to {kind: period}"
            )
        return self

    @model_validator(mode="after")
    def _masked_networks_learn_events(self) -> "Config":
        if self.train.network.masked and self.blocks.target != "next_event":
            raise ValueError(
                f"blocks.target {self.blocks.target} is for networks that foretell what comes next, and "
                f"train.network.kind {self.train.network.kind} learns hidden items; set blocks.target to next_event"
            )
        return self

    @model_validator(mode="after")
    def _users_are_described(self) -> "Config":
        if self.train.network.user_attributes and self.sources.users is None:
            raise ValueError(
                f"train.network.user_attributes names {self.train.network.user_attributes[0]}; say with sources.users "
                "where the attributes of users are delivered"
            )
        return self

    @model_validator(mode="after")
    def _coupons_follow_from_features(self) -> "Config":
        if self.coupons is None:
            return self
        if self.profiles is None:
            raise ValueError(
                "coupons are chosen by customer features; add the section `profiles: {}`, which makes them"
            )
        if self.coupons.history_days > self.profiles.window_days:
            raise ValueError(
                f"coupons.history_days {self.coupons.history_days} exceeds profiles.window_days "
                f"{self.profiles.window_days}, as far back as purchases are kept; lower the former"
            )
        return self

    @model_validator(mode="after")
    def _candidates_fill_a_list(self) -> "Config":
        stage = self.train.second_stage
        if stage is not None and stage.candidates < self.score.k:
            raise ValueError(
                f"train.second_stage.candidates {stage.candidates} is below score.k {self.score.k}, so that no list "
                "would be filled; raise the former"
            )
        return self

    @model_validator(mode="after")
    def _audiences_have_what_they_are_made_of(self) -> "Config":
        if self.audiences is None:
            return self
        if self.profiles is None:
            raise ValueError("audiences are made of customer features and profiles; add the section `profiles: {}`")
        for each in self.audiences.groups:
            if each.look_alike is not None and self.sources.seeds is None:
                raise ValueError(
                    f"audience {each.name} looks for people like those on the list {each.look_alike.seeds!r}; say with "
                    "sources.seeds where such lists are delivered"
                )
        return self

    @model_validator(mode="after")
    def _churn_is_told_by_features(self) -> "Config":
        if self.churn is not None and self.profiles is None:
            raise ValueError("churn needs customer features; add `profiles: {}`")
        return self

    @property
    def model_name(self) -> str:
        """What the model of this deployment and its lists are published under."""
        if self.collaborative is None:
            return self.train.model_name
        return self.collaborative.name or self.collaborative.kind

    @property
    def columns(self) -> ColumnScheme:
        """How this deployment's events become token columns."""
        return ColumnScheme(
            category_codes=self.blocks.category_codes,
            category_buckets=self.blocks.category_buckets,
            time_zone=self.shop.time_zone,
            session_gap_minutes=self.sequences.session_gap_minutes,
        )
