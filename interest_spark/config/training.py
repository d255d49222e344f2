"""The section `train` of the configuration: network, loss, optimiser and loop."""

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from interest_spark.config.section import Rate, Section, Share
from interest_spark.schemas.behaviors import BEHAVIORS
from interest_spark.schemas.tokens import INPUTS

_MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,50}")


class DropoutConfig(Section):
    """Shares of values that training sets to zero, by place; one number stands for all four.

    `embedding`: the summed input embeddings. `attention`: the attention weights. `activation`: inside the
    feed-forward layers. `residual`: what a sublayer adds to its input.
    """

    embedding: Rate = 0.1
    attention: Rate = 0.1
    activation: Rate = 0.1
    residual: Rate = 0.1


class NetworkConfig(Section):
    """The network of `kind`: sasrec is the causal Transformer of Kang and McAuley 2018, arXiv:1808.09781.

    `norm` is where its layers normalise: what enters a sublayer (pre), the sum that leaves it (post), or, as in the
    code published for SASRec, the queries alone, which then take the place of what entered (query).
    """

    kind: Literal["sasrec"] = "sasrec"
    dim: int = Field(default=64, ge=1)
    layers: int = Field(default=2, ge=1)
    heads: int = Field(default=1, ge=1)
    feed_forward: int = Field(default=64, ge=1)
    norm: Literal["pre", "post", "query"] = "pre"
    activation: Literal["relu", "gelu", "swiglu"] = "relu"
    tied_output: bool = True
    dropout: DropoutConfig = DropoutConfig()

    inputs: tuple[str, ...] = ()

    @field_validator("dropout", mode="before")
    @classmethod
    def _one_rate_for_all(cls, dropout: Any) -> Any:
        if isinstance(dropout, int | float) and not isinstance(dropout, bool):
            return dict.fromkeys(DropoutConfig.model_fields, dropout)
        return dropout

    @field_validator("inputs")
    @classmethod
    def _known_inputs(cls, inputs: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in inputs if name not in INPUTS]
        if unknown:
            raise ValueError(f"{unknown}: name some of {', '.join(INPUTS)}")
        if len(set(inputs)) < len(inputs):
            raise ValueError("an input is named twice")
        return tuple(name for name in INPUTS if name in inputs)  # one order: the same inputs make the same model

    @model_validator(mode="after")
    def _heads_divide(self) -> "NetworkConfig":
        if self.dim % self.heads:
            raise ValueError(f"dim {self.dim} is not a multiple of heads {self.heads}")
        return self


class LossConfig(Section):
    """`full` is the softmax cross-entropy over all candidates, `chunk` targets at a time (by default as many as suit
    a processor's cache).

    `sampled` lets the target compete with `negatives` items that the whole batch shares, drawn in proportion to
    (times an item was a target) ** `sampling_power`; `correct_sampling` takes that proportion out of the loss again.
    """

    kind: Literal["full", "sampled"] = "full"
    chunk: int | None = Field(default=None, ge=1)
    negatives: int = Field(default=1024, ge=1)
    sampling_power: float = Field(default=0.75, ge=0.0, le=1.0)
    correct_sampling: bool = True


class OptimizerConfig(Section):
    """Adam: the rate rises over `warmup_steps`, then follows `schedule` down to `final_rate` of itself.

    Gradients are scaled down to a global norm of `clip_norm`. With a sampled loss, an item table of at least
    `row_wise_from` rows is updated in the rows of the batch alone.
    """

    learning_rate: float = Field(default=1e-3, gt=0.0)
    warmup_steps: int = Field(default=0, ge=0)
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    final_rate: Share = 0.0
    clip_norm: float | None = Field(default=None, gt=0.0)
    row_wise_from: int = Field(default=100_000, ge=1)


class TrainConfig(Section):
    """The training loop. Batches are global: the same for every number of ranks.

    `name` is what the model and its lists are published under, by default the network's kind: models of other names
    live beside it. `mode: full` starts from nothing and learns whole histories. `warm` starts from the newest model of
    an earlier day. `incremental` does so too, and learns what happened since that model and the whole histories of a
    `replay_share` of the users, for `continued_epochs`. Without an earlier model of the same network both train in
    full.
    """

    name: str | None = None
    mode: Literal["full", "warm", "incremental"] = "full"
    continued_epochs: int = Field(default=2, ge=1)
    replay_share: Share = 0.1
    ranks: int = Field(default=1, ge=1)
    launcher: Literal["spark", "horovodrun", "local"] = "spark"
    device: Literal["cpu", "gpu"] = "cpu"
    threads: int = Field(default=1, ge=1)
    precision: Literal["float32", "bfloat16"] = "float32"
    epochs: int = Field(default=10, ge=1)
    max_steps: int | None = Field(default=None, ge=1)
    patience: int | None = Field(default=None, ge=1)
    validate_every: int = Field(default=1, ge=1)
    validation_blocks: int = Field(default=4096, ge=1)
    checkpoint_steps: int = Field(default=1000, ge=1)
    tensorboard: Path | None = None
    batch_blocks: int = Field(default=16, ge=1)
    streams: int = Field(default=2, ge=1)
    shuffle_blocks: int = Field(default=2048, ge=1)
    target_weights: dict[str, float] = Field(default={})
    seed: int = Field(default=0, ge=0, lt=2**31)
    start_seconds: int = Field(default=300, ge=1)
    stall_seconds: int = Field(default=600, ge=1)
    loss: LossConfig = LossConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    network: NetworkConfig = NetworkConfig()

    @property
    def model_name(self) -> str:
        """What the model and its lists are published under."""
        return self.name or self.network.kind

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, name: str | None) -> str | None:
        if name is not None and (not _MODEL_NAME.fullmatch(name) or name.startswith("backtest-")):
            raise ValueError(
                "a model's name is made of a-z, 0-9, '_', '.' and '-', and does not begin with 'backtest-'"
            )
        return name

    @field_validator("target_weights")
    @classmethod
    def _known_behaviors(cls, weights: dict[str, float]) -> dict[str, float]:
        unknown = [behavior for behavior in weights if behavior not in BEHAVIORS]
        if unknown:
            raise ValueError(f"{unknown}: name some of {', '.join(BEHAVIORS)}")
        if weights and (min(weights.values()) < 0 or max(weights.values()) <= 0):
            raise ValueError("a weight is 0 or more, and one of them is more than 0")
        return weights

    @model_validator(mode="after")
    def _streams_fit(self) -> "TrainConfig":
        if self.streams % self.ranks:
            raise ValueError(f"streams {self.streams} is not a multiple of ranks {self.ranks}")
        if self.batch_blocks % self.streams:
            raise ValueError(f"batch_blocks {self.batch_blocks} is not a multiple of streams {self.streams}")
        if self.launcher == "local" and self.ranks > 1:
            raise ValueError("launcher local runs one rank; set ranks to 1, or launcher to spark or horovodrun")
        return self
