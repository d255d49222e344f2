"""What `make check` runs for a change."""

import subprocess
from pathlib import Path

import pytest

from tests.changed_tests import changed_files, unit_tests_for

TESTS = (
    "tests/unit/test_readme.py",
    "tests/unit/jobs/test_synth.py",
    "tests/unit/storage/test_sealed.py",
    "tests/unit/storage/test_warehouse.py",
    "tests/unit/features/blocks/test_packing.py",
    "tests/unit/features/sequences/test_tokens.py",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with one commit on `main`."""
    for name in (*TESTS, "interest_spark/storage/sealed.py", "README.md"):
        write(tmp_path / name, "")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def git(tree: Path, *arguments: str) -> None:
    who = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    subprocess.run(["git", *who, *arguments], cwd=tree, check=True, capture_output=True)


def commit(tree: Path) -> None:
    git(tree, "add", ".")
    git(tree, "commit", "--quiet", "--message", "a state")


def test_changes_since_the_branch_left_main(tree: Path) -> None:
    assert changed_files(tree) == []
    git(tree, "switch", "--quiet", "--create", "branch")
    write(tree / "interest_spark/storage/new.py", "committed")
    commit(tree)
    git(tree, "switch", "--quiet", "main")
    write(tree / "README.md", "main goes on")
    commit(tree)
    git(tree, "switch", "--quiet", "branch")
    write(tree / "interest_spark/storage/sealed.py", "not committed")
    write(tree / "jobs/商品.py", "not even added")
    names = ["interest_spark/storage/new.py", "interest_spark/storage/sealed.py", "jobs/商品.py"]
    assert changed_files(tree) == names


def test_without_a_main_it_is_what_is_not_committed(tree: Path) -> None:
    git(tree, "branch", "--move", "trunk")
    write(tree / "README.md", "changed")
    assert changed_files(tree) == ["README.md"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (["interest_spark/storage/warehouse.py"], ["storage/test_warehouse.py", "storage/test_sealed.py"]),
        (
            ["interest_spark/features/vocab.py"],
            ["features/blocks/test_packing.py", "features/sequences/test_tokens.py"],
        ),
        (["interest_spark/features/blocks/packing.py"], ["features/blocks/test_packing.py"]),
        (["jobs/synth.py"], ["jobs/test_synth.py"]),
        (["tests/unit/storage/test_sealed.py", "README.md"], ["storage/test_sealed.py", "test_readme.py"]),
        (["interest_spark/__init__.py", "interest_spark/schemas/tables.py", "tests/e2e/test_cluster.py"], []),
    ],
)
def test_each_module_is_tested_by_its_mirror_and_its_package(
    tree: Path, changed: list[str], expected: list[str]
) -> None:
    assert unit_tests_for(tree, changed) == [f"tests/unit/{name}" for name in expected]
