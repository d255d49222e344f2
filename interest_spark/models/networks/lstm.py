"""Stacked layers of long short-term memory over a user's events (Hochreiter and Schmidhuber 1997)."""

from interest_spark.config.training.networks import LstmConfig
from interest_spark.models.networks.recurrence import Lstm
from interest_spark.models.networks.recurrent_network import RecurrentNetwork
from interest_spark.schemas.tokens import ColumnScheme


class StackedLstm(RecurrentNetwork):
    """Layers of Lstm, each over the outputs of the one below (Graves 2013, arXiv:1308.0850)."""

    def __init__(
        self, config: LstmConfig, vocabulary_size: int, max_positions: int, seed: int, columns: ColumnScheme
    ) -> None:
        super().__init__(Lstm, config, vocabulary_size, seed, columns)


build = StackedLstm
