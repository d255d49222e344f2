"""One thin spark-submit entry per job."""

import os
import sys

# `python -m jobs.daily` looks for every module in the current folder first. Unless the jobs themselves are there, it
# has nothing that they need, and a csv.py that somebody left would be run. Nothing else is imported before this.
_HERE = os.path.abspath(f"{__file__}/../..")  # noqa: PTH100 - pathlib might be found in the current folder, too
if sys.argv[:1] == ["-m"] and sys.path[0] not in (_HERE, os.path.realpath(_HERE)):
    del sys.path[0]
