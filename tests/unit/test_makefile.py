"""What make would do, asked with --dry-run, on machines that have and have not this and that."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("bash", "cat", "cksum", "make", "sed", "expand", "rm")
GXX_IS_MISSING = "g++ is missing, so Horovod cannot be built"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A clone without an environment, and beside it `bin` with nothing but the tools that make needs."""
    for name in ("Makefile", "setup.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    (tmp_path / "interest_spark").mkdir()
    shutil.copy(ROOT / "interest_spark" / "__init__.py", tmp_path / "interest_spark")
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in TOOLS:
        (tools / tool).symlink_to(str(shutil.which(tool)))
    (tools / "python3.11").symlink_to(sys.executable)
    return tmp_path


def make(tree: Path, *arguments: str) -> str:
    """The commands that make would run."""
    ran = subprocess.run(
        ["make", *arguments], cwd=tree, env={"PATH": str(tree / "bin")}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def add_compiler(tree: Path) -> None:
    (tree / "bin" / "g++").write_text("#!/bin/sh\n")
    (tree / "bin" / "g++").chmod(0o755)


def install_for_real(tree: Path, *arguments: str) -> list[Path]:
    """Put the stamps there that this installation would leave."""
    stamps = [
        tree / line.split()[1] for line in make(tree, "-n", "install", *arguments).splitlines() if "touch " in line
    ]
    for stamp in stamps:
        stamp.parent.mkdir(exist_ok=True)
        stamp.touch()
    return stamps


def test_help_is_the_default_and_names_every_target(tree: Path) -> None:
    text = make(tree)
    for target in ("install", "run", "test", "check", "lint", "dist", "dist-env", "bench-peer", "bench", "clean"):
        assert f"  {target} " in text


def test_with_a_compiler_horovod_is_built_and_two_ranks_train(tree: Path) -> None:
    add_compiler(tree)
    text = make(tree, "-n", "run")
    assert "Horovod from source" in text
    assert "--set train.ranks=2" in text
    assert GXX_IS_MISSING not in text


def test_without_a_compiler_one_rank_trains_and_the_lack_is_named(tree: Path) -> None:
    text = make(tree, "-n", "run")
    assert "Horovod from source" not in text
    assert "--set train.ranks=1" in text
    assert GXX_IS_MISSING in text


def test_one_rank_needs_no_horovod(tree: Path) -> None:
    add_compiler(tree)
    text = make(tree, "-n", "run", "RANKS=1")
    assert "Horovod from source" not in text
    assert "--set train.ranks=1" in text


def test_an_installation_is_not_repeated(tree: Path) -> None:
    add_compiler(tree)
    assert len(install_for_real(tree)) == 4
    text = make(tree, "-n", "install")
    assert "pip" not in text
    # What is built stays usable when the compiler is gone.
    (tree / "bin" / "g++").unlink()
    assert "--set train.ranks=2" in make(tree, "-n", "run")


@pytest.mark.parametrize("changed", ["conf/requirements.lock", "conf/requirements-horovod.lock", "setup.py"])
def test_a_changed_lock_is_installed(tree: Path, changed: str) -> None:
    add_compiler(tree)
    install_for_real(tree)
    with (tree / changed).open("a") as file:
        file.write("# changed\n")
    assert "pip" in make(tree, "-n", "install")


def test_a_half_finished_installation_does_not_count(tree: Path) -> None:
    add_compiler(tree)
    base, *_ = install_for_real(tree)
    base.unlink()
    text = make(tree, "-n", "install")
    assert "venv --clear" in text
    assert "Horovod from source" in text


def test_another_size_of_shop_is_generated_anew_and_moves_the_day(tree: Path) -> None:
    install_for_real(tree)
    (tree / "run").mkdir()
    (tree / "run" / ".shop-2000-800-30-7-2026-01-01").touch()
    assert "synth" not in make(tree, "-n", "run")
    text = make(tree, "-n", "run", "DAYS=10")
    assert "--days 10 " in text
    assert "--day 2026-01-10" in text


def test_a_wrong_python_is_refused_with_the_remedy(tree: Path) -> None:
    (tree / "bin" / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tree / "bin" / "python3").chmod(0o755)
    ran = subprocess.run(
        ["make", "install", "PYTHON=python3"],
        cwd=tree,
        env={"PATH": str(tree / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode != 0
    assert "is not a Python 3.11" in ran.stderr
    assert not (tree / ".venv").exists()


def test_a_failing_step_shows_its_output_and_leaves_no_stamp(tree: Path) -> None:
    for tool in ("mktemp", "tail", "sleep"):
        (tree / "bin" / tool).symlink_to(str(shutil.which(tool)))
    python = tree / "bin" / "python3.11"
    python.unlink()
    python.write_text(f"""#!/bin/sh
case "$*" in "-m venv"*) mkdir -p .venv; echo "the disk is full" >&2; exit 1;; esac
exec {sys.executable} "$@"
""")
    python.chmod(0o755)
    ran = subprocess.run(
        ["make", "install", "RANKS=1"],
        cwd=tree,
        env={"PATH": f"{tree / 'bin'}:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode != 0
    assert "failed:" in ran.stdout
    assert "the disk is full" in ran.stderr
    assert not list(tree.glob(".venv/.*"))
