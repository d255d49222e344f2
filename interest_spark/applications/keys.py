"""Numbers of users, the same on every machine and in every release: to draw samples by, and to hold some out."""

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def user_keys(users: Iterable[str], salt: str) -> NDArray[np.int64]:
    """64 bits of BLAKE2b of each user's id: int64[n], evenly spread. Keys of two salts have nothing in common.

    >>> user_keys(["ann"], "a") == user_keys(["ann"], "b")
    array([False])
    """
    key = salt.encode()[:64]
    found = (hashlib.blake2b(user.encode(), digest_size=8, key=key).digest() for user in users)
    return np.frombuffer(b"".join(found), np.dtype("<i8")).astype(np.int64)


def shares(keys: NDArray[np.int64]) -> NDArray[np.float64]:
    """The keys as numbers from 0 to 1: float64[n]."""
    return keys.astype(np.uint64) / 2.0**64
