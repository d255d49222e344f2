"""What nodes without the source tree need: the code for `--py-files`, entry scripts, and the environment.

dist/interest_spark-<version>.zip   spark-submit --py-files; equal sources give equal bytes
dist/jobs/<job>.py                  what spark-submit starts
dist/dags/                          Airflow's DAGs
dist/conf/                          configurations, search spaces and requirement locks
dist/env.tar.gz                     spark-submit --archives dist/env.tar.gz#env, with PYSPARK_PYTHON=./env/bin/python
"""

import os
import re
import shutil
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import click

from interest_spark import __version__

ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("interest_spark", "jobs")
_CONF = ("*.yaml", "*.properties", "*.conf", "*.lock")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold
_MODE = 0o100644 << 16
# Links to this machine's source tree, and what only installs and builds.
_NOT_FOR_NODES = re.compile(r".*/site-packages/(easy-install\.pth|interest.spark\.egg-link|__editable__.*|pip|cmake)")


def build_code(target: Path, root: Path = ROOT) -> Path:
    """Write the zip, the entry scripts and the configurations to `target`; returns the zip's path."""
    archive = target / f"interest_spark-{__version__}.zip"
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("interest_spark-*.zip"):
        old.unlink()
    write_zip(archive, root)
    entries = [path for path in root.glob("jobs/*.py") if '__name__ == "__main__"' in path.read_text(encoding="utf-8")]
    _copy(entries, target / "jobs")
    shutil.rmtree(target / "dags", ignore_errors=True)
    shutil.copytree(root / "jobs" / "dags", target / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    _copy([path for pattern in _CONF for path in root.glob(f"conf/{pattern}")], target / "conf")
    for folder in ("examples", "tune"):
        _copy(list(root.glob(f"conf/{folder}/*.yaml")), target / "conf" / folder)
    return archive


def write_zip(archive: Path, root: Path = ROOT) -> None:
    """Both packages in one zip whose bytes depend on nothing but the sources."""
    draft = archive.with_suffix(".draft")
    with zipfile.ZipFile(draft, "w") as zipped:
        for path in _package_files(root):
            member = zipfile.ZipInfo(path.relative_to(root).as_posix(), _EPOCH)
            member.external_attr = _MODE
            member.compress_type = zipfile.ZIP_DEFLATED
            zipped.writestr(member, path.read_bytes(), compresslevel=6)
    draft.replace(archive)


def _package_files(root: Path) -> Iterator[Path]:
    for package in _PACKAGES:
        for path in sorted((root / package).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def _copy(files: list[Path], folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path in files:
        shutil.copyfile(path, folder / path.name)


def pack_environment(archive: Path, environment: Path, node_python: Path | None = None) -> None:
    """The virtual environment as a gzipped tar that runs from wherever it is unpacked.

    It holds no Python itself: `node_python` is where every node keeps the same minor version, by
    default the path of this machine's.
    """
    python = node_python or Path(os.path.realpath(environment / "bin" / "python"))
    draft = archive.with_suffix(".draft")
    with tarfile.open(draft, "w:gz", compresslevel=1) as packed:
        packed.add(environment, arcname=".", filter=lambda member: _for_nodes(member, python))
        settings = f"home = {python.parent}\ninclude-system-site-packages = false\n".encode()
        member = tarfile.TarInfo("./pyvenv.cfg")
        member.size, member.mode = len(settings), 0o644
        packed.addfile(member, BytesIO(settings))
    draft.replace(archive)


def _for_nodes(member: tarfile.TarInfo, python: Path) -> tarfile.TarInfo | None:
    """The member as the nodes need it, None where they do not."""
    if _NOT_FOR_NODES.fullmatch(member.name) or member.name == "./pyvenv.cfg":
        return None
    if member.issym() and member.linkname.startswith("/") and member.name.startswith("./bin/python"):
        member.linkname = str(python)
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Build what a cluster needs."""


@command.command("code")
@click.argument("target", type=click.Path(path_type=Path))
def _code(target: Path) -> None:
    """The zip for --py-files, entry scripts and configurations, into TARGET."""
    click.echo(build_code(target))


@command.command("environment")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--node-python", type=click.Path(path_type=Path), help="Where every node keeps Python 3.11.")
def _environment(target: Path, node_python: Path | None) -> None:
    """The code, and this Python's virtual environment as TARGET/env.tar.gz; takes a minute or two."""
    click.echo(build_code(target))
    archive = target / "env.tar.gz"
    pack_environment(archive, Path(sys.prefix), node_python)
    click.echo(archive)


if __name__ == "__main__":
    command()
