"""Who may be addressed, told in a task: by the lists of people, and by who is kept apart to compare the others with."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from interest_spark.config.audiences import HoldOut
from interest_spark.storage.parts import read_columns

HASH_DIGITS = 13  # 52 bits: what a float64 holds exactly


@dataclass(frozen=True)
class Addressees:
    """Files of `opt_outs` and of `consents`; `consents` None: nobody needs to have agreed. `hold_out` None: nobody is
    held out.
    """

    opt_outs: tuple[str, ...]
    consents: tuple[str, ...] | None
    hold_out: HoldOut | None

    def among(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows whose `user_id` may be addressed, in their order."""
        if self.consents is not None:
            rows = rows.join(_listed(self.consents), on="user_id", how="semi", maintain_order="left")
        if self.opt_outs:
            rows = rows.join(_listed(self.opt_outs), on="user_id", how="anti", maintain_order="left")
        if self.hold_out is not None and self.hold_out.share > 0:
            rows = rows.filter(~pl.Series(held_out(rows["user_id"].to_list(), self.hold_out), dtype=pl.Boolean))
        return rows


@lru_cache(maxsize=4)  # a worker reads piece after piece
def _listed(files: tuple[str, ...]) -> pl.DataFrame:
    return read_columns(files, user_id=pl.String).unique()


def held_out(users: Sequence[str], hold_out: HoldOut) -> list[bool]:
    """Whether each is held out: the SHA-256 of salt and id, as a number from 0 to 1, is below the share."""
    bound, salt = hold_out.share * 16**HASH_DIGITS, f"{hold_out.salt}\x1f"
    return [int(hashlib.sha256(f"{salt}{user}".encode()).hexdigest()[:HASH_DIGITS], 16) < bound for user in users]
