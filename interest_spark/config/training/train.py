"""The section `train` of the configuration: the training loop, with its network, loss and optimiser."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from interest_spark.config.behavior_weights import BehaviorWeights
from interest_spark.config.names import ModelName
from interest_spark.config.section import MOST_DAYS, Count, Section, Share
from interest_spark.config.training.helpers import AugmentConfig, AverageConfig, ContrastiveConfig
from interest_spark.config.training.losses import FullLossConfig, LossConfig
from interest_spark.config.training.networks import NetworkConfig, SasRecConfig
from interest_spark.config.training.optimizers import AdamConfig, OptimizerConfig
from interest_spark.config.training.second_stage import SecondStageConfig


class TrainConfig(Section):
    """The training loop. Batches are global: the same for every number of ranks.

    `name` is what the model and its lists are published under, by default the network's kind: models of other names
    live beside it.

    `mode: full` starts from nothing and learns whole histories. `warm` starts from a parent model, the newest one of
    an earlier day. `incremental` does so too, and learns what happened since its parent and the whole histories of a
    `replay_share` of the users, for `continued_epochs`. Without an earlier model of its network either trains in full.

    A target weighs what `target_weights` say of its behavior, and half as much for every `half_life_days` of its age.

    `second_stage` ranks the network's best candidates anew; without it the network alone ranks.
    """

    name: ModelName | None = None
    mode: Literal["full", "warm", "incremental"] = "full"
    continued_epochs: Count = 2
    replay_share: Share = 0.1
    ranks: Count = 1
    launcher: Literal["auto", "spark", "horovodrun", "local"] = "auto"
    device: Literal["cpu", "gpu"] = "cpu"
    threads: Count = 1
    precision: Literal["float32", "bfloat16"] = "float32"
    epochs: Count = 10
    max_steps: Count | None = None
    patience: Count | None = None
    validate_every: Count = 1
    validation_blocks: Count = 4096
    checkpoint_steps: Count = 1000
    tensorboard: Path | None = None
    batch_blocks: Count = 16
    streams: Count = 2
    shuffle_blocks: Count = 2048
    target_weights: BehaviorWeights = Field(default={})
    half_life_days: float | None = Field(default=None, gt=0.0, le=MOST_DAYS)
    average: AverageConfig | None = None
    contrastive: ContrastiveConfig | None = None
    augment: AugmentConfig | None = None
    seed: int = Field(default=0, ge=0, lt=2**31)
    start_seconds: Count = 300
    stall_seconds: Count = 600
    loss: LossConfig = FullLossConfig()
    optimizer: OptimizerConfig = AdamConfig()
    network: NetworkConfig = SasRecConfig()
    second_stage: SecondStageConfig | None = None

    @property
    def model_name(self) -> str:
        """What the model and its lists are published under."""
        return self.name or self.network.kind

    @model_validator(mode="after")
    def _cosines_are_served(self) -> "TrainConfig":
        if self.loss.kind == "infonce" and not self.network.unit_vectors:
            raise ValueError("loss infonce compares directions; set network.unit_vectors to true, so that scores do")
        return self

    @model_validator(mode="after")
    def _streams_fit(self) -> "TrainConfig":
        if self.streams % self.ranks:
            raise ValueError(f"streams {self.streams} is not a multiple of ranks {self.ranks}")
        if self.batch_blocks % self.streams:
            raise ValueError(f"batch_blocks {self.batch_blocks} is not a multiple of streams {self.streams}")
        if self.launcher == "local" and self.ranks > 1:
            raise ValueError("launcher local runs one rank; set ranks to 1, or launcher to spark or horovodrun")
        return self
