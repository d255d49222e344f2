"""A second checkout of this repository, set up as `make install-test` leaves one, without installing anything."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.readme import ROOT

# What an installed working tree leaves in site-packages: it would be imported in place of the copy.
_OTHER_TREE = re.compile(r"easy-install\.pth|interest.spark.*|__editable__.*interest.*", re.IGNORECASE)
_CONSOLE_SCRIPT = """#!/bin/sh
exec "{python}" -c 'import sys; sys.argv[0] = "interest"; from jobs.cli import main; main()' "$@"
"""


def copy_checkout(target: Path) -> Path:
    """The working tree as it is now, without what was built in it, and `.venv` made of links to the environment."""
    target.mkdir(parents=True)
    for name in ("interest_spark", "jobs", "conf", "tests", ".ci"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "Makefile", "README.md", ".gitignore"):
        shutil.copy(ROOT / name, target / name)
    _link_environment(target / ".venv", target)
    return target


def plain_environment() -> dict[str, str]:
    """This process's environment without the virtual environment and without any way to this source tree."""
    own = str(Path(sys.prefix) / "bin")
    path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if part != own)
    dropped = ("PYTHONPATH", "VIRTUAL_ENV", "SPARK_HOME", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    kept = {
        name: value for name, value in os.environ.items() if name not in dropped and not name.startswith("PYSPARK_")
    }
    return {**kept, "PATH": path}


def mark_installed(checkout: Path, environment: dict[str, str]) -> None:
    """Have make touch its stamps, so that it finds everything installed; make itself knows their names."""
    subprocess.run(["make", "-t", "install-test"], cwd=checkout, env=environment, capture_output=True, check=True)


def _link_environment(venv: Path, checkout: Path) -> None:
    real = Path(sys.prefix)
    packages = Path("lib", f"python{sys.version_info.major}.{sys.version_info.minor}", "site-packages")
    for folder in (Path("bin"), packages):
        (venv / folder).mkdir(parents=True)
        for entry in (real / folder).iterdir():
            if entry.name != "interest" and not _OTHER_TREE.fullmatch(entry.name):
                (venv / folder / entry.name).symlink_to(entry)
    shutil.copy(real / "pyvenv.cfg", venv / "pyvenv.cfg")
    (venv / packages / "interest_spark.pth").write_text(f"{checkout}\n", encoding="utf-8")
    script = venv / "bin" / "interest"
    script.write_text(_CONSOLE_SCRIPT.format(python=venv / "bin" / "python"), encoding="utf-8")
    script.chmod(0o755)
