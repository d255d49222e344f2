"""How a message quotes the value of a configuration key: what is wrong is seen, and no secret is."""

import re
from collections.abc import Mapping, Sequence

from interest_spark.foundation.credentials import is_secret, without_credentials
from interest_spark.foundation.shown import shown

_ALL_SECRET = {("spark",), ("spark", "conf")}
"""Keys with settings of Spark's, which are without number: what their names say of their values is not relied on."""

_KEY = re.compile(r"(?<![\w.-])([\w.-]++)\s*+(?:(:)(?=\s|$)|=)")
_LOOKED_AT = 1_000  # of a text; less is shown


def quoted(keys: Sequence[str], value: object) -> str:
    """The value of the key that these lead to, shortened; of one that may be a secret, or holds others, its kind.

    A text is quoted up to the first key in it: without its second quote a text takes in what follows, secrets and all.
    """
    if isinstance(value, Mapping):
        return "keys and values"
    if isinstance(value, list | tuple | set | frozenset):
        return f"a list of {len(value)}"
    if is_hidden(keys):
        return "a value that is not shown"
    if not isinstance(value, str):
        return shown(without_credentials(str(value)))
    keys_within = _KEY.finditer(value[:_LOOKED_AT])
    key = next((found for found in keys_within if found[2] or is_secret(found[1])), None)
    if key is None:
        return shown(repr(without_credentials(value)))
    beginning = without_credentials(value[: key.start()]).rstrip()
    return f"{shown(repr(beginning))} and further keys (is a quote missing?)"


def is_hidden(keys: Sequence[str]) -> bool:
    """Whether the value of the key that these lead to may be a secret."""
    return tuple(keys[:2]) in _ALL_SECRET or any(map(is_secret, keys))
