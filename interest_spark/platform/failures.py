"""Which exceptions of Spark are expected failures: a lost executor, a full disk, and our own errors from its workers.

Spark hands them over as the text of a Java stack trace; looked for is how Spark 3.5 and Hadoop 3.3 word it.
"""

import builtins
import re
from collections.abc import Iterator
from urllib.parse import unquote

from py4j.protocol import Py4JJavaError, Py4JNetworkError
from pyspark.errors.exceptions.captured import CapturedException

from interest_spark.foundation import errors
from interest_spark.foundation.errors import BadDataError, ConfigError, InterestError
from interest_spark.foundation.temporary import CHECK_STORES, TEMPORARY_TEXTS, busy, explain_system, temporary_failure
from interest_spark.storage.damage import remedy_for
from interest_spark.storage.layout import place_of

_RUN_AGAIN = "run the job again; if it happens again, look at the logs of Spark's executors and give them more memory"

# (pattern, what happened, what to do), searched line by line in a Java stack trace without its frames.
_JAVA_TEXTS = (
    (r"ExecutorLostFailure \((executor \S+) .*Reason: (.*)", r"Spark lost \1 (\2)", _RUN_AGAIN),
    (r"\.(?:Metadata)?FetchFailedException", "Spark lost an executor's shuffle files", _RUN_AGAIN),
    (r"Python worker exited unexpectedly", "a Python worker of Spark was killed or crashed", _RUN_AGAIN),
    (r"Master removed our application|SparkContext was shut down", "the Spark application was ended", _RUN_AGAIN),
    (r"on a stopped SparkContext", "the Spark application was ended", _RUN_AGAIN),
    (
        r"\bjava\.net\.(?:Connect|NoRouteToHost|SocketTimeout|UnknownHost)Exception: (.*?)(?:;|$)",
        r"a store or service is not reached (\1)",
        CHECK_STORES,
    ),
    (
        r"\bSdkClientException: Unable to execute HTTP request: (.*?)(?:: |$)",
        r"a store does not answer (\1)",
        CHECK_STORES,
    ),
    (
        r"\(Service: Amazon S3; Status Code: 5\d\d; Error Code: (\w+)",
        r"a store failed (\1)",
        CHECK_STORES,
    ),
)
# Of S3A: nothing of that is cured by another try.
_STORE_REFUSES = (
    (r"\bAccessDeniedException: (s3://[^/\s]+)", r"Spark is refused by \1"),
    (r"\bNoAuthWithAWSException\b", "Spark has no credentials for S3"),
    (r"\bUnknownStoreException: (?:`)?(s3://[^/\s`:]+)", r"Spark does not find \1"),
)
_CHECK_KEYS = (
    "check the bucket's name, and that AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the driver and of every worker, "
    "or the platform's role, may use it"
)
# Spark makes an error of its own of a spill that fails, and drops the cause.
_JAVA_SYSTEM_ERROR = re.compile(
    r"\b(?:java\.(?:io|net|nio\.file)\.\w+|org\.apache\.spark\.memory\.SparkOutOfMemoryError): (?:.*: )?(.+)$"
)
# How Spark's own readers name a file that they cannot read; what is temporary has been looked for before.
_DAMAGED = re.compile(
    r"Encountered error while reading file (\S+)\. Details"
    r"|((?:\w+:)?/(?:(?!: ).)*) is not a Parquet file"
    r"|Parquet column cannot be converted in file (\S+)\. "
    r"|(?:Path|File) (?:does not exist: )?(\S+\.parquet)(?: does not exist)?"
)
_BAD_FOOTER = re.compile(
    r"^.*\b(\w+(?:Exception|Error): .*)\n"
    r"\tat (?:org\.apache\.parquet\.(?:hadoop\.ParquetFileReader|format\.Util)|shaded\.parquet)\.",
    re.MULTILINE,
)
_FINAL_LINE = re.compile(r"^(?P<kind>[A-Za-z_][\w.]*)(?:: (?P<text>.*))?$", re.DOTALL | re.MULTILINE)


def expected_failure(error: BaseException) -> InterestError | None:
    """The error to report in place of `error`, where that is temporary or one of ours from a Python worker of Spark.

    None for every other exception: it is a bug, and is to keep its traceback.
    """
    return next(filter(None, map(_explain, _with_causes(error))), None)


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__


def _explain(error: BaseException) -> InterestError | None:
    if isinstance(error, CapturedException):  # its own text leaves the Java stack trace out
        return _explain_java(f"{error.desc}\n{error.stackTrace}")
    if isinstance(error, Py4JJavaError):
        return _explain_java(str(error))
    if isinstance(error, Py4JNetworkError) or isinstance(error.__context__, Py4JNetworkError):
        return busy("the Java process of the Spark driver ended", _RUN_AGAIN)
    return temporary_failure(error)


def _explain_java(trace: str) -> InterestError | None:
    """What the worker's Python raised decides where there is one; Spark's own words may then quote anything."""
    _, found, python = trace.partition("PythonException: Traceback (most recent call last):\n")
    if found:
        return _explain_worker(python.partition("\n\tat ")[0])
    lines = [line for line in trace.splitlines() if not line.startswith(("\tat ", "\t..."))]
    for pattern, happened, remedy in _JAVA_TEXTS:
        for line in lines:
            if match := re.search(pattern, line):
                return busy(match.expand(happened), remedy)
    for pattern, happened in _STORE_REFUSES:
        for line in lines:
            if match := re.search(pattern, line):
                return ConfigError(f"{match.expand(happened)}; {_CHECK_KEYS}")
    for line in lines:
        if (match := _JAVA_SYSTEM_ERROR.search(line)) and match[1] in TEMPORARY_TEXTS:
            return explain_system(TEMPORARY_TEXTS[match[1]], line)
    return next(filter(None, map(_explain_damage, lines)), None) or _explain_footer(trace)


def _explain_damage(line: str) -> BadDataError | None:
    """Of a committed data file; whatever else Spark reads is not ours to explain."""
    match = _DAMAGED.search(line)
    file = unquote(next(filter(None, match.groups()))).removeprefix("file:") if match else ""
    if place_of(file)[1] is None:
        return None
    return BadDataError(f"data file {re.sub('^/+', '/', file)} cannot be read; {remedy_for(file)}")


def _explain_footer(trace: str) -> BadDataError | None:
    """Spark names no file whose footer it cannot read."""
    match = _BAD_FOOTER.search(trace)
    if match is None:
        return None
    return BadDataError(
        f"a data file is damaged, of which Spark says only: {match[1]:.200}; "
        "restore the warehouse from a copy, or make the days that the job reads anew"
    )


def _explain_worker(traceback: str) -> InterestError | None:
    """Of the last exception of a Python traceback: ours as it was raised, the system's by its number."""
    last = traceback.rpartition("Traceback (most recent call last):\n")[2]
    match = _FINAL_LINE.search(last)
    if match is None:
        return None
    module, _, name = match["kind"].rpartition(".")
    text = (match["text"] or "").strip()
    if module == errors.__name__:
        ours: type[InterestError] = getattr(errors, name)
        return ours(text)
    python = getattr(builtins, name, None) if not module else None
    if python is not None and not issubclass(python, OSError):
        return None
    return explain_system(None, text)
