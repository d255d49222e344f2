"""What is never printed, logged or stored: values of keys whose names say that they are secret, and what addresses hold
of passwords and signatures.
"""

import re

SECRET_NAMES = (
    "(?i)secret|passw|passphrase|pwd|credential|private|signature|access|token(?!s)|key(?!s|tab)|"
    r"(?<![a-z])(?:sas|sig|auth|pass)(?![a-z])"
)
"""A regular expression, for Python and Java alike, that is found in the names of keys with secret values."""

HIDDEN = "***"

# User and password stand before the last @ ahead of the path. A password may hold a slash that should have been written
# as %2F, but then no port looks like it. `container@account` is no password.
_PASSWORD = re.compile(
    r"(?<=:/)(/?)(?:[^\s/?#]{0,100}:[^\s/?#]{0,500}@|[^\s/?#:@]{0,100}:(?!\d{1,5}(?:[/?#\s]|$))[^\s@]{0,500}@)"
)
_PARAMETER = re.compile(r"(?<=[?&;])([^\s=&;?#'\"]{1,100})=([^\s&;#'\"]+)")
_SECRET_NAMES = re.compile(SECRET_NAMES)


def is_secret(name: str) -> bool:
    """Whether the value of a key of that name is not to be seen.

    >>> is_secret("fs.s3a.secret.key"), is_secret("accessToken"), is_secret("blocks.tokens")
    (True, True, False)
    """
    return _SECRET_NAMES.search(name) is not None


def without_credentials(text: str) -> str:
    """The text with `***` for the user and password, and for signatures and keys in the query, of addresses in it.

    >>> without_credentials("https://joe:pa@ss@host/log?day=1&sig=a%2Fb")
    'https://***@host/log?day=1&sig=***'
    """
    if ":/" not in text:
        return text
    return _PARAMETER.sub(_without_value, _PASSWORD.sub(rf"\1{HIDDEN}@", text))


def _without_value(parameter: "re.Match[str]") -> str:
    return f"{parameter[1]}={HIDDEN}" if is_secret(parameter[1]) else parameter[0]
