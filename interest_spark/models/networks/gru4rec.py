"""GRU4Rec: gated recurrent units over a user's events (Hidasi et al. 2016, arXiv:1511.06939)."""

from interest_spark.config.training.networks import Gru4RecConfig
from interest_spark.models.networks.recurrence import Gru
from interest_spark.models.networks.recurrent_network import RecurrentNetwork
from interest_spark.schemas.tokens import ColumnScheme


class Gru4Rec(RecurrentNetwork):
    """Layers of Gru; every history of a packed block is a session of its own."""

    def __init__(
        self, config: Gru4RecConfig, vocabulary_size: int, max_positions: int, seed: int, columns: ColumnScheme
    ) -> None:
        super().__init__(Gru, config, vocabulary_size, seed, columns)


build = Gru4Rec
