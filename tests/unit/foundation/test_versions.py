"""The supported matrix against what is installed."""

from importlib import metadata
from pathlib import Path

import pytest

from interest_spark.foundation import versions
from interest_spark.foundation.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]


def pretend(monkeypatch: pytest.MonkeyPatch, **releases: str | None) -> None:
    """Let these distributions seem installed at that release, or absent."""
    known = {name.replace("_", "-"): release for name, release in releases.items()}

    def version(name: str) -> str:
        if name not in known:
            return metadata.distribution(name).version
        if known[name] is None:
            raise metadata.PackageNotFoundError(name)
        return str(known[name])

    monkeypatch.setattr(versions.metadata, "version", version)


def finding(part: str) -> versions.Finding:
    return next(found for found in versions.inspect_versions() if found.part == part)


def test_this_environment_is_supported() -> None:
    versions.check_versions()
    assert {found.status for found in versions.inspect_versions()} <= {"ok", "warning"}


@pytest.mark.parametrize(
    ("part", "release"),
    [
        ("pyarrow", "15.0.0"),
        ("pyarrow", "14.0.0"),
        ("pyspark", "4.0.0"),
        ("numpy", "2.0.1"),
        ("setuptools", "70.0.0"),
        ("tensorflow-cpu", "2.19.0"),
        ("horovod", "0.27.0"),
        ("petastorm", "0.12.1"),
    ],
)
def test_an_unsupported_release_is_named_with_rule_and_remedy(
    monkeypatch: pytest.MonkeyPatch, part: str, release: str
) -> None:
    pretend(monkeypatch, **{part.replace("-", "_"): release})
    with pytest.raises(ConfigError) as caught:
        versions.check_versions()
    text = str(caught.value)
    assert f"{part}: {release}, supported is" in text
    assert "install" in text


def test_a_missing_library_is_unsupported_and_a_missing_horovod_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, pyarrow=None, horovod=None)
    assert finding("pyarrow").status == "unsupported"
    assert finding("pyarrow").found == "not installed"
    assert finding("horovod").status == "warning"


def test_either_tensorflow_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, tensorflow_cpu=None, tensorflow="2.18.1")
    assert finding("tensorflow-cpu").status == "ok"
    pretend(monkeypatch, tensorflow_cpu=None, tensorflow=None)
    assert finding("tensorflow-cpu").status == "unsupported"


def test_a_job_may_ask_for_its_own_parts_only(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, tensorflow_cpu="2.19.0")
    versions.check_versions(["pyspark", "pyarrow"])
    with pytest.raises(ConfigError, match=r"tensorflow-cpu: 2\.19\.0"):
        versions.check_versions(["tensorflow-cpu"])


def test_another_python_is_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions.sys, "version_info", (3, 12, 1, "final", 0))
    assert finding("python").status == "unsupported"
    assert "install Python 3.11" in finding("python").remedy


def test_every_locked_release_is_within_the_matrix() -> None:
    locks = [ROOT / "conf" / name for name in ("requirements.lock", "requirements-horovod.lock")]
    lines = [line for lock in locks for line in lock.read_text(encoding="utf-8").splitlines() if "==" in line]
    pins = dict(line.split("==") for line in lines)
    for row in versions.MATRIX:
        assert versions.SpecifierSet(row.releases).contains(pins[row.distributions[0]]), row
