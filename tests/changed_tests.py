"""Which unit tests concern what was changed since `main`: `python -m tests.changed_tests` prints them, one a line."""

import subprocess
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from tests.readme import ROOT

_PACKAGES = ("interest_spark", "jobs")
_OF_THE_WHOLE_TREE = {
    "README.md": "tests/unit/test_readme.py",
    "Makefile": "tests/unit/test_makefile.py",
    "setup.py": "tests/unit/test_install.py",
}


def changed_files(root: Path, main: str = "main") -> list[str]:
    """Paths that differ from where this branch left `main`; without a `main`, from the last commit."""
    base = _git(root, "merge-base", "HEAD", main) or ["HEAD"]
    new = _git(root, "ls-files", "--others", "--exclude-standard")
    return sorted({*_git(root, "diff", "--name-only", *base), *new})


def unit_tests_for(root: Path, changed: Iterable[str]) -> list[str]:
    """The changed tests and those that mirror a changed module come first, the rest of its package's after them."""
    nearest: dict[str, None] = {}
    package: dict[str, None] = {}
    for name in changed:
        path = PurePosixPath(name)
        if path.match("tests/unit/**/test_*.py") or path.match("tests/unit/test_*.py"):
            nearest[name] = None
        elif name in _OF_THE_WHOLE_TREE:
            nearest[_OF_THE_WHOLE_TREE[name]] = None
        elif path.parts[0] in _PACKAGES and path.suffix == ".py":
            folder = _mirror(path.parent)
            nearest[str(folder / f"test_{path.name}")] = None
            if folder != _mirror(PurePosixPath("interest_spark")):  # a module of no package has all of them below it
                package.update(dict.fromkeys(_tests_below(root, folder)))
    return [name for name in dict.fromkeys([*nearest, *package]) if (root / name).is_file()]


def _mirror(package: PurePosixPath) -> PurePosixPath:
    parts = package.parts[1:] if package.parts[0] == "interest_spark" else package.parts
    return PurePosixPath("tests", "unit", *parts)


def _tests_below(root: Path, folder: PurePosixPath) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in (root / folder).rglob("test_*.py"))


def _git(root: Path, *arguments: str) -> list[str]:
    """The lines that git prints, none where it fails."""
    command = ["git", "-c", "core.quotePath=false", *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode == 0 else []


if __name__ == "__main__":
    print("\n".join(unit_tests_for(ROOT, changed_files(ROOT))))
