"""Where the files of a table lie, and what their paths say.

    <warehouse>/<table>/run-<run_id>/dt=<day>/part-*.parquet            a table sliced by day
    <warehouse>/<table>/run-<run_id>/<name>/dt=<day>/part-*.parquet     a table sliced by day and name
    …/dt=<day>/part-<bucket>-of-<buckets>-by-<hashing>-*.parquet        the same, of one bucket of users
    <warehouse>/<table>/run-<run_id>/_run.json                          what the run was made from
    <warehouse>/<table>/_delta_log/                                     which files are the present version

`dt=` is the only `=` in a path: readers take every other one for a further partition column. Warehouses of release
0.1 have `run=<run_id>` folders and no name in any path.
"""

import re
from dataclasses import dataclass

RECORD = "_run.json"
LOG = "_delta_log"
NO_ROWS = "part-0-no-rows.parquet"
"""The file of a slice without rows."""
BUCKET_FILE = re.compile(r"part-(\d+)-of-(\d+)-by-([0-9a-f]+)-[^/]+$")
"""A file that holds the users of one bucket: its number, how many there are, and by which hashing."""
NAMES_OF_RELEASE_0_1 = {"model": "sasrec", "kind": "events", "gate": "ingest", "comparison": ""}
"""What a slice without a name in its path is called, by the column that tells a table's slices apart."""

DATA_FILE = re.compile(
    r"part-\d+(?:-of-\d+-by-[0-9a-f]+)?(?:-[0-9a-f]{12})?\.parquet"
    r"|part-\d+-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}[-.]c\d+(?:\.\w+)?\.parquet"
    rf"|{re.escape(NO_ROWS)}"
)
"""Names of data files: those of tasks and of compaction, those of Spark, and that of a slice without rows."""
DAY_FOLDER = re.compile(r"dt=\d{4}-\d{2}-\d{2}")

_COMPACTED = "--compacted-"
_RUN = re.compile(r"run[-=]")
_GENERATED = re.compile(rf"run[-=](?:.*{_COMPACTED})?\d{{8}}T\d{{6}}-[0-9a-f]{{8}}(?:-.*)?")
_PLACE = re.compile(r"([^/]+)/run[-=][^/]+/(?:[^/]+/)?dt=([^/]+)/[^/]+$")
_NAME = r"[A-Za-z0-9_+=@,~-][A-Za-z0-9_.+=@,~-]*"
COMMITTED_PATH = rf"^run[-=]{_NAME}(/{_NAME})?/dt=\d{{4}}-\d{{2}}-\d{{2}}/part-{_NAME}\.parquet$"
"""What the path of a committed file looks like, below its table: nothing that a reader could take for a way out."""


@dataclass(frozen=True, order=True)
class Slice:
    """What one commit replaces as a whole: a day, or a day and a name. `name` is "" in tables sliced by day alone."""

    day: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.day} of {self.name}" if self.name else self.day


def run_folder(run_id: str) -> str:
    """The folder of a run, below its table's."""
    return f"run-{run_id}"


def data_folder(run_id: str, name: str) -> str:
    """The folder that a run's `dt=` folders lie in, below its table's."""
    return f"{run_folder(run_id)}/{name}" if name else run_folder(run_id)


def run_of(path: str) -> str:
    """The run folder of a file, given by its path below the table.

    >>> run_of("run-7/sasrec/dt=2026-01-31/part-0.parquet"), run_of("run=6/dt=2026-01-31/part-0.parquet")
    ('run-7', 'run=6')
    """
    return path.split("/", 1)[0]


def content_of(path: str) -> str:
    """The id of the run that computed what a file holds, given by its path below the table.

    >>> content_of("run-7--compacted-9/dt=2026-01-31/part-0.parquet"), content_of("run=6/dt=2026-01-31/part-0.parquet")
    ('7', '6')
    """
    return _RUN.sub("", run_of(path), count=1).split(_COMPACTED)[0]


def compacted_run_id(content: str, run_id: str) -> str:
    """The id of a run that writes the rows of the run `content` into other files."""
    return f"{content}{_COMPACTED}{run_id}"


def slice_of(path: str, sliced_by: str | None) -> Slice:
    """The slice of a file, given by its path below the table; `sliced_by` is the column that names slices of a day.

    >>> slice_of("run-7/sasrec/dt=2026-01-31/part-0.parquet", "model")
    Slice(day='2026-01-31', name='sasrec')
    """
    *above, day_folder, _ = path.split("/")
    name = above[1] if len(above) > 1 else NAMES_OF_RELEASE_0_1.get(sliced_by or "", "")
    return Slice(day_folder.removeprefix("dt="), name)


def day_of(path: str) -> str:
    """The day of a file, by its path, absolute or below the table.

    >>> day_of("run-7/sasrec/dt=2026-01-31/part-0.parquet")
    '2026-01-31'
    """
    return path.split("/")[-2].removeprefix("dt=")


def place_of(file: str) -> tuple[str, str | None]:
    """The table and the day of a file, by its absolute path; "" and None where it does not say.

    >>> place_of("/shop/vocab/run-7/dt=2026-01-31/part-0.parquet"), place_of("/tmp/part-0.parquet")
    (('vocab', '2026-01-31'), ('', None))
    """
    found = _PLACE.search(file)
    return (found[1], found[2]) if found else ("", None)


def is_run_folder(name: str) -> bool:
    """Whether a folder of that name below a table may be a run's."""
    return _RUN.match(name) is not None


def is_generated(run: str) -> bool:
    """Whether a run folder's name holds an id as jobs give them to their runs, which no other program would choose.

    >>> is_generated("run-20260131T010203-0123abcd-events"), is_generated("run-7")
    (True, False)
    """
    return _GENERATED.fullmatch(run) is not None


def is_data_path(path: str, sliced: bool) -> bool:
    """Whether a run gives such a path to a data file, below its own folder; `sliced`: a day may have several slices.

    >>> is_data_path("dt=2026-01-31/part-0.parquet", False), is_data_path("dt=2026-01-31/part-x.parquet", False)
    (True, False)
    """
    above, _, name = path.rpartition("/")
    return is_day_folder(above, sliced) and DATA_FILE.fullmatch(name) is not None


def is_day_folder(path: str, sliced: bool) -> bool:
    """Whether a run gives such a path to the folder of a day, below its own."""
    above, _, day = path.rpartition("/")
    return DAY_FOLDER.fullmatch(day) is not None and (not above or (sliced and "/" not in above))
