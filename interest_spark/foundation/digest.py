"""Digests of plain values: equal values give equal digests, in every process and release."""

import hashlib
import json
from typing import Any


def digest(value: Any) -> str:
    """32 hexadecimal digits that stand for a value of JSON's kinds; others count as their text.

    >>> digest({"k": 10}) == digest({"k": 10}), digest({"k": 10}) == digest({"k": 11})
    (True, False)
    """
    text = json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
