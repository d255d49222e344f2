"""Failures of the operating system and of stores that are temporary: a disk that is full, a service that is away."""

import errno
import os
import re

from interest_spark.foundation.errors import BusyError

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
_AWAY = {
    *(errno.EIO, errno.ESTALE, errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED, errno.ETIMEDOUT),
    *(errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETUNREACH, errno.ENETDOWN),
}
TEMPORARY_TEXTS = {os.strerror(number): number for number in _DISK_FULL | _AWAY}
"""What the system calls these errors, and their numbers."""

FREE_SPACE = "free space for the warehouse and for Spark's scratch folders, then run the job again"
CHECK_STORES = "check that the stores and the network answer, then run the job again"

# Libraries that lose the number quote it in their text; clients of stores have words of their own for some failures.
_QUOTED_NUMBER = re.compile(r"(?:\[Errno |\[errno |\(os error )(\d+)[\])]")
_STORE_AWAY = re.compile(r"error sending request|operation timed out|AWS Error NETWORK_CONNECTION")
# What deltalake says of all that HDFS did not do, whether a DataNode is gone or the client is not let in.
_HDFS_AWAY = re.compile(
    r"Generic HdfsObjectStore error(?!.*(?:AccessControlException|Permission denied|Sasl|GSSAPI))", re.DOTALL
)
_STORE_CLIENTS = ("deltalake", "_internal")  # deltalake's errors name the latter as their module


def temporary_failure(error: BaseException) -> BusyError | None:
    """The error to report in place of a temporary one of the system or of a store's client; None for any other."""
    if isinstance(error, OSError):
        return explain_system(error.errno, str(error))
    if type(error).__module__.partition(".")[0] in _STORE_CLIENTS:
        return explain_system(None, str(error))
    return None


def explain_system(number: int | None, text: str) -> BusyError | None:
    """By the system's error number, or by what `text` quotes of it; None if that is not temporary."""
    if number is None and (quoted := _QUOTED_NUMBER.search(text)):
        number = int(quoted[1])
    if number in _DISK_FULL:
        return busy(os.strerror(number), FREE_SPACE)
    if number in _AWAY:
        return busy(f"a disk, store or service failed: {os.strerror(number)}", CHECK_STORES)
    if number is None and (away := _STORE_AWAY.search(text) or _HDFS_AWAY.search(text)):
        return busy(f"a store does not answer: {away[0]}", CHECK_STORES)
    return None


def busy(happened: str, remedy: str) -> BusyError:
    """The one-line error of a run that a failure from outside has ended."""
    return BusyError(f"{happened}; nothing unfinished was published: {remedy}")
