"""NextItNet: residual blocks of dilated causal convolutions (Yuan et al. 2019, arXiv:1808.05163).

B blocks of T tokens, d = dim, k = kernel.
"""

import tensorflow as tf

from interest_spark.config.training.networks import NextItNetConfig
from interest_spark.models.networks.dropout import no_dropout
from interest_spark.models.networks.earlier_tokens import last_tokens
from interest_spark.models.networks.embedding_network import EmbeddingNetwork
from interest_spark.models.networks.layers import Dense, Dropout, LayerNorm
from interest_spark.models.networks.network import Tokens
from interest_spark.models.networks.parameters import Parameters
from interest_spark.schemas.tokens import ColumnScheme


class NextItNet(EmbeddingNetwork):
    """Token embeddings, then residual blocks. There is no table of positions: convolutions tell the order."""

    def __init__(
        self, config: NextItNetConfig, vocabulary_size: int, max_positions: int, seed: int, columns: ColumnScheme
    ) -> None:
        super().__init__(config, vocabulary_size, None, seed, columns)
        self._blocks = [
            _ResidualBlock(config.dim, config.kernel, dilation, self.parameters, f"block_{number}")
            for number, dilation in enumerate(config.dilations)
        ]
        self._dropout = config.dropout

    def encode(self, tokens: Tokens, dropout: Dropout = no_dropout, precision: tf.DType = tf.float32) -> tf.Tensor:
        x = tf.cast(dropout(self._embedding(tokens), self._dropout.embedding), precision)  # [B, T, d]
        for block in self._blocks:
            x += dropout(block(x, tokens["segment"]), self._dropout.output)  # [B, T, d]
        return tf.cast(x, tf.float32)


build = NextItNet


class _ResidualBlock:
    """What a block adds to its input (figure 3b of the paper): twice a convolution, layer normalisation and a ReLU,
    the second time with twice the dilation.
    """

    def __init__(self, dim: int, kernel: int, dilation: int, parameters: Parameters, name: str) -> None:
        self._layers = [
            (
                _CausalConvolution(dim, kernel, factor * dilation, parameters, f"{name}/convolution_{factor}"),
                LayerNorm(dim, parameters, f"{name}/norm_{factor}"),
            )
            for factor in (1, 2)
        ]

    def __call__(self, x: tf.Tensor, segment: tf.Tensor) -> tf.Tensor:
        for convolution, norm in self._layers:
            x = tf.nn.relu(norm(convolution(x, segment)))  # [B, T, d]
        return x


class _CausalConvolution:
    """A token's k last tokens, `dilation` apart, through one product; what lies before the segment is zero."""

    def __init__(self, dim: int, kernel: int, dilation: int, parameters: Parameters, name: str) -> None:
        self._kernel, self._dilation = kernel, dilation
        self._dense = Dense(kernel * dim, dim, parameters, name)

    def __call__(self, x: tf.Tensor, segment: tf.Tensor) -> tf.Tensor:
        return self._dense(tf.concat(last_tokens(x, segment, self._kernel, self._dilation), axis=2))  # [B, T, d]
