"""Keys of users are the same in every release, and spread evenly."""

import numpy as np
import pytest

from interest_spark.applications.keys import shares, user_keys


def test_keys_do_not_change_and_are_spread_evenly() -> None:
    users = [f"user {n}" for n in range(20_000)]
    keys = user_keys(users, "salt")
    assert len(np.unique(keys)) == len(users)
    assert (shares(keys) < 0.3).mean() == pytest.approx(0.3, abs=0.01)
    assert user_keys(["ann", "用户"], "salt").tolist() == [-1643539543653662056, -8292600205366197180]
