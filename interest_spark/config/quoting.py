"""How a message quotes the value of a configuration key: what is wrong is seen, and no secret is."""

from collections.abc import Mapping, Sequence

from interest_spark.foundation.credentials import is_secret, without_credentials
from interest_spark.foundation.shown import shown

_ALL_SECRET = {("spark",), ("spark", "conf")}
"""Keys with settings of Spark's, which are without number: what their names say of their values is not relied on."""


def quoted(keys: Sequence[str], value: object) -> str:
    """The value of the key that these lead to, shortened; of one that may be a secret, or holds others, its kind."""
    if isinstance(value, Mapping):
        return "keys and values"
    if isinstance(value, list | tuple | set | frozenset):
        return f"a list of {len(value)}"
    if is_hidden(keys):
        return "a value that is not shown"
    text = without_credentials(str(value))
    return shown(repr(text) if isinstance(value, str) else text)


def is_hidden(keys: Sequence[str]) -> bool:
    """Whether the value of the key that these lead to may be a secret."""
    return tuple(keys[:2]) in _ALL_SECRET or any(map(is_secret, keys))
