"""Where Python looks for modules: in what is installed, never in the folder that somebody happens to stand in."""

import os


def protect_imports() -> None:
    """Keep the current folder off the import path of every Python that this process starts, Spark's workers among them.

    `python -m` and `python -c` look there first, and an empty entry of PYTHONPATH stands for it, too: a csv.py that
    lies there, in a folder of deliveries perhaps, would be run.
    """
    os.environ["PYTHONSAFEPATH"] = "1"
    if path := os.environ.get("PYTHONPATH"):
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, path.split(os.pathsep)))
