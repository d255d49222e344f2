"""One small configuration of every network and of every loss: the rows of the shared test world.

A further kind is one row here; test_shared_world.py then holds it against every contract. Every network is paired with
the full loss and every loss with SASRec, so the table grows by one row a kind and not by a product.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from interest_spark.config.training.losses import (
    BceLossConfig,
    BprLossConfig,
    FullLossConfig,
    GbceLossConfig,
    InfoNceLossConfig,
    LossConfig,
    SampledLossConfig,
)
from interest_spark.config.training.networks import (
    Bert4RecConfig,
    BidirectionalLstmConfig,
    CaserConfig,
    FrequencyConfig,
    Gru4RecConfig,
    HstuConfig,
    LigrConfig,
    LstmConfig,
    NetworkConfig,
    NextItNetConfig,
    SasRecConfig,
    TwoTowersConfig,
)
from interest_spark.config.training.samplers import (
    InBatchSamplerConfig,
    MixedSamplerConfig,
    PopularitySamplerConfig,
    UniformSamplerConfig,
)

FULL = FullLossConfig()


@dataclass(frozen=True)
class SmallModel:
    """A network, a loss and what else the section `train` is to hold.

    learnt: the mean loss a target below which a hundred histories count as learnt by heart, after `epochs` with
    `learning_rate`. reach: how many tokens a token's vector is made of, itself among them; None for all of its
    segment up to itself. ordered: whether it sees in which order the tokens came.
    """

    network: NetworkConfig
    loss: LossConfig = FULL
    train: Mapping[str, Any] = field(default_factory=dict)
    learnt: float = 0.05
    epochs: int = 40
    learning_rate: float = 0.01
    reach: int | None = None
    ordered: bool = True

    def network_with(self, **changes: Any) -> NetworkConfig:
        """The network with some keys of its section changed."""
        section = self.network
        changed: NetworkConfig = type(section).model_validate({**section.model_dump(), **changes})
        return changed


SASREC = SasRecConfig(dim=32, layers=2, heads=1, feed_forward=32)

NETWORKS: dict[str, SmallModel] = {
    "sasrec": SmallModel(SASREC),
    "sasrec, four heads": SmallModel(
        SasRecConfig(
            dim=32, layers=1, heads=4, feed_forward=40, user_attributes=["gender", "age"], user_attribute_codes=30
        )
    ),
    "sasrec, post-norm": SmallModel(SasRecConfig(dim=32, heads=2, feed_forward=64, norm="post", activation="gelu")),
    "sasrec, query-norm": SmallModel(SasRecConfig(dim=32, feed_forward=32, norm="query")),
    "sasrec, untied": SmallModel(SasRecConfig(dim=32, heads=2, activation="swiglu", tied_output=False)),
    "sasrec, content": SmallModel(
        SasRecConfig(dim=32, layers=1, content={"als": 5}, user_content=True, content_dropout=0.3)
    ),
    "bert4rec": SmallModel(Bert4RecConfig(dim=32, heads=2, feed_forward=64, mask_share=0.5)),
    "hstu": SmallModel(HstuConfig(dim=32, layers=2, heads=2, head_dim=16, value_dim=8)),
    "ligr": SmallModel(LigrConfig(dim=32, heads=2, feed_forward=48)),
    "bilstm": SmallModel(BidirectionalLstmConfig(dim=32, hidden=48, layers=1, mask_share=0.8), learning_rate=0.02),
    "gru4rec": SmallModel(Gru4RecConfig(dim=32, layers=1, hidden=48)),
    "lstm": SmallModel(LstmConfig(dim=32, hidden=64), epochs=60, learning_rate=0.02),
    "nextitnet": SmallModel(NextItNetConfig(dim=32, dilations=(1,)), reach=7),
    "nextitnet, wide steps": SmallModel(NextItNetConfig(dim=32, kernel=2, dilations=(2, 1)), reach=10),
    "caser": SmallModel(CaserConfig(dim=32, window=6, horizontal=8), reach=6),
    "two_towers": SmallModel(
        TwoTowersConfig(
            dim=32,
            hidden=64,
            attributes=["brand", "attributes.color"],
            attribute_codes=60,
            user_attributes=["region"],
            user_attribute_codes=20,
        ),
        ordered=False,
    ),
    "frequency": SmallModel(FrequencyConfig(dim=32, heads=2, feed_forward=64)),
}

DEFAULT_REACH = {"caser": 5}
"""The reach of networks with their defaults, where it is less than the shared world's blocks."""

UNORDERED = frozenset({"two_towers"})
"""Networks that do not see the order of tokens but for the newest."""

LOSSES: dict[str, SmallModel] = {
    "full": SmallModel(SASREC, FullLossConfig(chunk=100)),
    "sampled, popularity": SmallModel(SASREC, SampledLossConfig(sampler=PopularitySamplerConfig(negatives=400))),
    "sampled, uniform": SmallModel(SASREC, SampledLossConfig(sampler=UniformSamplerConfig(negatives=400))),
    "sampled, in batch": SmallModel(SASREC, SampledLossConfig(sampler=InBatchSamplerConfig(negatives=100))),
    "full, smoothed": SmallModel(SASREC, FullLossConfig(label_smoothing=0.05), learnt=0.9),
    "full, focal": SmallModel(SASREC, FullLossConfig(focal_gamma=1.0)),
    "infonce": SmallModel(  # cosines stay below 1, so the target's share does, too
        SASREC.model_copy(update={"unit_vectors": True}),
        InfoNceLossConfig(sampler=MixedSamplerConfig(negatives=200)),
        learnt=0.1,
    ),
    "bce": SmallModel(SASREC, BceLossConfig(sampler=UniformSamplerConfig(negatives=200))),
    "gbce": SmallModel(SASREC, GbceLossConfig(negatives=100)),
    "bpr": SmallModel(SASREC, BprLossConfig(sampler=MixedSamplerConfig(negatives=200))),
}

HELPERS: dict[str, SmallModel] = {
    "averaged weights": SmallModel(SASREC, train={"average": {"decay": 0.9, "from_step": 2}, "half_life_days": 0.5}),
    "contrastive views": SmallModel(SASREC, train={"contrastive": {}}, learnt=0.5),
    "shorter histories": SmallModel(SASREC, train={"augment": {"cut": 0.1, "hide": 0.1}}, learnt=0.6),
}

_FEW = {"candidates": 20, "negatives": 20, "targets": 12, "hidden": 32}

SECOND_STAGES: dict[str, SmallModel] = {
    "din": SmallModel(
        SASREC, train={"second_stage": {"kind": "din", "history": 6, "attention": 8, **_FEW}}, learnt=0.1
    ),
    "din, masked network": SmallModel(
        Bert4RecConfig(dim=32, heads=2, feed_forward=64, mask_share=0.5),
        train={"second_stage": {"kind": "din", "history": 8, "attention": 8, **_FEW, "targets": 4}},
        learnt=0.1,
    ),
    "neumf": SmallModel(SASREC, train={"second_stage": {"kind": "neumf", **_FEW}}, learnt=0.1),
}

MODELS = {
    **NETWORKS,
    **{f"loss {name}": model for name, model in LOSSES.items()},
    **{f"with {name}": model for name, model in HELPERS.items()},
    **{f"then {name}": model for name, model in SECOND_STAGES.items()},
}
