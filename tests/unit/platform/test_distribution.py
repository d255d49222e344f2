"""The artefacts for nodes without the source tree: equal bytes, complete, movable."""

import os
import subprocess
import tarfile
import venv
import zipfile
from pathlib import Path

from interest_spark import __version__
from interest_spark.platform.distribution import ROOT, build_code, pack_environment, write_zip


def make_tree(root: Path) -> Path:
    """A source tree of two packages, one entry script and one helper."""
    files = {
        "interest_spark/__init__.py": "",
        "interest_spark/data/words.json": "{}",
        "interest_spark/__pycache__/x.pyc": "compiled",
        "jobs/__init__.py": "",
        "jobs/ingest.py": 'if __name__ == "__main__":\n    pass\n',
        "jobs/plan.py": "",
        "jobs/dags/interest_daily.py": "",
        "conf/shop.yaml": "warehouse: w\n",
        "conf/tune/sasrec.yaml": "train.epochs: {kind: int, low: 1, high: 9}\n",
        "conf/requirements.lock": "click==8\n",
        "conf/ruff.toml": "",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def test_equal_sources_give_equal_bytes(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "tree")
    write_zip(tmp_path / "one.zip", root)
    os.utime(root / "jobs" / "plan.py", (1, 1))
    (root / "jobs" / "plan.py").chmod(0o700)
    write_zip(tmp_path / "two.zip", root)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    (root / "jobs" / "plan.py").write_text("changed = 1\n")
    write_zip(tmp_path / "three.zip", root)
    assert (tmp_path / "one.zip").read_bytes() != (tmp_path / "three.zip").read_bytes()


def test_the_zip_holds_both_packages_with_their_data_and_nothing_compiled(tmp_path: Path) -> None:
    archive = build_code(tmp_path / "dist", make_tree(tmp_path / "tree"))
    assert archive.name == f"interest_spark-{__version__}.zip"
    with zipfile.ZipFile(archive) as zipped:
        assert zipped.namelist() == [
            "interest_spark/__init__.py",
            "interest_spark/data/words.json",
            "jobs/__init__.py",
            "jobs/dags/interest_daily.py",
            "jobs/ingest.py",
            "jobs/plan.py",
        ]


def test_a_second_build_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    root, target = make_tree(tmp_path / "tree"), tmp_path / "dist"
    build_code(target, root)
    (target / "interest_spark-0.0.1.zip").write_text("an older release")
    (target / "jobs" / "removed.py").write_text("a job that is no more")
    build_code(target, root)
    assert sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()) == [
        "conf/requirements.lock",
        "conf/shop.yaml",
        "conf/tune/sasrec.yaml",
        "dags/interest_daily.py",
        f"interest_spark-{__version__}.zip",
        "jobs/ingest.py",
    ]


def test_every_file_of_the_packages_is_in_the_real_zip(tmp_path: Path) -> None:
    write_zip(tmp_path / "real.zip")
    with zipfile.ZipFile(tmp_path / "real.zip") as zipped:
        names = set(zipped.namelist())
    listed = subprocess.run(["git", "ls-files", "interest_spark", "jobs"], cwd=ROOT, capture_output=True, text=True)
    tracked = [name for name in listed.stdout.split() if (ROOT / name).exists()]
    assert set(tracked) <= names
    assert "interest_spark/storage/warehouse.py" in names


def test_a_packed_environment_runs_where_it_is_unpacked_without_the_source_tree(tmp_path: Path) -> None:
    environment = tmp_path / "here" / "venv"
    venv.create(environment, symlinks=True, with_pip=False)
    site = next(environment.glob("lib/python*/site-packages"))
    (site / "library.py").write_text("name = 'library'\n")
    (site / "easy-install.pth").write_text(str(ROOT))
    (site / "pip").mkdir()
    (site / "library_pip" / "pip").mkdir(parents=True)
    (site / "library_pip" / "pip" / "kept.py").write_text("")
    pack_environment(tmp_path / "env.tar.gz", environment)
    elsewhere = tmp_path / "elsewhere"
    with tarfile.open(tmp_path / "env.tar.gz") as packed:
        packed.extractall(elsewhere)
    (tmp_path / "here").rename(tmp_path / "gone")
    program = "import sys, library, library_pip.pip.kept; print(sys.prefix); import interest_spark"
    ran = subprocess.run(
        [elsewhere / "bin" / "python", "-c", program], capture_output=True, text=True, env={}, cwd=tmp_path, check=False
    )
    assert ran.stdout.strip() == str(elsewhere)
    assert "No module named 'interest_spark'" in ran.stderr
    assert not list(elsewhere.glob("lib/python*/site-packages/pip"))


def test_a_packed_environment_points_at_the_nodes_python(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", symlinks=True, with_pip=False)
    pack_environment(tmp_path / "env.tar.gz", tmp_path / "venv", Path("/opt/python/bin/python3.11"))
    with tarfile.open(tmp_path / "env.tar.gz") as packed:
        settings = packed.extractfile("./pyvenv.cfg")
        assert settings is not None
        assert "home = /opt/python/bin\n" in settings.read().decode()
        links = {
            member.name: member.linkname for member in packed if member.issym() and member.name.startswith("./bin")
        }
    absolute = {link for link in links.values() if link.startswith("/")}
    assert absolute == {"/opt/python/bin/python3.11"}
