"""SASRec: a causal Transformer (Kang and McAuley 2018, arXiv:1808.09781)."""

from interest_spark.config.training.networks import SasRecConfig
from interest_spark.models.networks.attention import causal_spans
from interest_spark.models.networks.transformer import Layer, PostNormLayer, PreNormLayer, QueryNormLayer, Transformer
from interest_spark.schemas.tokens import ColumnScheme

_LAYERS: dict[str, type[Layer]] = {"pre": PreNormLayer, "post": PostNormLayer, "query": QueryNormLayer}


class SasRec(Transformer):
    """Every token tells the next one from itself and those before it."""

    def __init__(
        self, config: SasRecConfig, vocabulary_size: int, max_positions: int, seed: int, columns: ColumnScheme
    ) -> None:
        super().__init__(config, _LAYERS[config.norm], causal_spans, vocabulary_size, max_positions, seed, columns)


build = SasRec
