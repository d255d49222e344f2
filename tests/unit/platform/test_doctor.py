"""The examination's order, its verdicts and its exit codes; the probes themselves are tried in integration."""

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import click.testing
import pytest

from interest_spark.config.deployment import Config
from interest_spark.config.spark import SparkConfig
from interest_spark.foundation import versions
from interest_spark.foundation.versions import Finding
from interest_spark.platform import doctor, probes
from interest_spark.platform.java import Java
from jobs.doctor import command

OK = Finding("part", "ok", "found")
PROBES = ("try_java", "try_warehouse", "try_petastorm", "try_training", "try_spark")


def make_config(warehouse: Path, **sections: object) -> Config:
    return Config.model_validate({"warehouse": warehouse, "sources": {"events": {"path": "*.jsonl"}}, **sections})


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the probes that were tried; each finds its part well."""
    names: list[str] = []
    for name in PROBES:
        several = name in ("try_training", "try_spark")
        monkeypatch.setattr(
            probes, name, lambda *args, name=name, several=several: names.append(name) or ([OK] if several else OK)
        )
    return names


def invoke(*arguments: str) -> click.testing.Result:
    return click.testing.CliRunner().invoke(command, list(arguments))


def report(result: click.testing.Result) -> dict[str, object]:
    last: dict[str, object] = json.loads(result.stdout.strip().splitlines()[-1])
    return last


def test_a_sound_machine_exits_0_with_a_table_and_one_json_line(tried: list[str]) -> None:
    result = invoke()
    assert result.exit_code == 0
    assert "pyarrow" in result.stdout
    assert tried == list(PROBES)
    assert report(result)["status"] == "done"


def test_a_wrong_version_exits_2_before_anything_is_tried(tried: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        versions.metadata,
        "version",
        lambda name: "21.0.0" if name == "pyarrow" else metadata.distribution(name).version,
    )
    result = invoke()
    assert result.exit_code == 2
    assert tried == []
    assert report(result)["unsupported"] == ["pyarrow"]
    assert "error: pyarrow: 21.0.0, supported is >=14.0.2,<15" in result.stderr
    assert "pip install 'pyarrow>=14.0.2,<15'" in result.stderr


def test_a_missing_library_is_reported_by_the_console_script_instead_of_a_traceback() -> None:
    program = """
import sys
from importlib import metadata
def version(name, known=metadata.version):
    if name == "pyarrow":
        raise metadata.PackageNotFoundError(name)
    return known(name)
metadata.version = version
sys.modules["pyarrow"] = sys.modules["pyspark"] = None
from jobs.cli import main
sys.argv = ["interest", "doctor"]
main()
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 2
    assert ran.stderr.startswith("error: pyarrow: not installed, supported is")
    assert json.loads(ran.stdout.strip().splitlines()[-1])["unsupported"] == ["pyarrow"]


def test_a_missing_java_exits_2_without_starting_spark(tried: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    missing = Finding("java", "unsupported", "not found", "Java 17", "install Java 17")
    monkeypatch.setattr(probes, "try_java", lambda: missing)
    result = invoke()
    assert result.exit_code == 2
    assert "try_spark" not in tried
    assert "error: java: not found, supported is Java 17; install Java 17" in result.stderr


def test_a_wrong_configuration_exits_2_naming_it(tried: list[str], tmp_path: Path) -> None:
    result = invoke("--config", str(tmp_path / "absent.yaml"))
    assert result.exit_code == 2
    assert "absent.yaml" in result.stderr
    assert tried == []


@pytest.mark.parametrize(
    ("answer", "ranks", "status"),
    [
        ({"gpus": 0, "error": "ImportError: No module named 'horovod'"}, 1, "warning"),
        ({"gpus": 0, "error": "ImportError: No module named 'horovod'"}, 2, "unsupported"),
        ({"gpus": 0, "gloo": False, "nccl": False}, 2, "unsupported"),
        ({"gpus": 0, "gloo": True, "nccl": False}, 2, "ok"),
        ({"gpus": 1, "gloo": True, "nccl": False}, 2, "warning"),
        ({"gpus": 1, "gloo": True, "nccl": True}, 2, "ok"),
    ],
)
def test_horovod_is_needed_for_more_than_one_rank(answer: dict[str, object], ranks: int, status: str) -> None:
    found = probes._judge_horovod(answer, ranks)
    assert found.status == status
    assert found.remedy or status == "ok"


def test_horovods_absence_is_known_by_the_configured_ranks(
    tmp_path: Path, tried: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(probes, "try_training", lambda ranks: asked.append(ranks) or [])
    path = tmp_path / "shop.yaml"
    path.write_text(f"warehouse: {tmp_path}/warehouse\nsources: {{events: {{path: x}}}}\ntrain: {{ranks: 2}}\n")
    doctor.examine(str(path))
    doctor.examine(str(path), ["train.ranks=1"])
    assert asked == [2, 1]


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"spark": {"conf": {"spark.driver.bindAddress": "0.0.0.0"}}}, "the Spark driver binds 0.0.0.0"),
        ({"spark": {"master": "spark://10.0.0.1:7077"}}, "without spark.authenticate"),
        (
            {"spark": {"master": "yarn", "conf": {"spark.authenticate": "true"}}, "train": {"ranks": 2}},
            "Horovod's ports are open to the network of yarn",
        ),
    ],
)
def test_open_doors_are_warned_about(tmp_path: Path, sections: dict[str, object], said: str) -> None:
    findings = doctor.find_exposures(make_config(tmp_path, **sections))
    assert [found.status for found in findings] == ["warning"]
    assert said in findings[0].found
    assert findings[0].remedy


@pytest.mark.parametrize("master", ["local[2]", "spark://127.0.0.1:7077"])
def test_one_machine_is_not_exposed(tmp_path: Path, master: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_public_addresses", list)
    assert doctor.find_exposures(make_config(tmp_path, spark={"master": master}, train={"ranks": 2})) == []


def test_elastic_horovod_and_public_addresses_matter_with_more_than_one_rank(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOROVOD_ELASTIC", "1")
    monkeypatch.setattr(doctor, "_is_public", lambda address: address == "127.0.0.1")
    cluster = {"master": "yarn", "conf": {"spark.authenticate": "true"}}
    several = doctor.find_exposures(make_config(tmp_path, spark=cluster, train={"ranks": 2}))
    assert [found.found.split()[0] for found in several] == ["HOROVOD_ELASTIC", "Horovod's", "train.ranks"]
    assert doctor.find_exposures(make_config(tmp_path, train={"ranks": 1})) == []


@pytest.mark.parametrize(
    ("address", "public"), [("8.8.8.8", True), ("10.1.2.3", False), ("fe80::1", False), ("02:42:ac:11", False)]
)
def test_public_addresses_are_told_from_private_ones(address: str, public: bool) -> None:
    assert doctor._is_public(address) is public


def test_java_outside_the_path_is_a_warning_for_spark_submit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(probes, "find_java", lambda: (Java("/wheel/bin/java", 17, "/wheel"), []))
    found = probes.try_java()
    assert found.status == "warning"
    assert "export JAVA_HOME=/wheel" in found.remedy


def test_the_warehouse_probe_leaves_nothing_behind(tmp_path: Path) -> None:
    root = tmp_path / "warehouse"
    assert probes.try_warehouse(root).status == "ok"
    assert not root.exists()
    root.mkdir()
    (root / "events").mkdir()
    assert probes.try_warehouse(root).status == "ok"
    assert [path.name for path in root.iterdir()] == ["events"]


def test_a_warehouse_that_is_a_file_is_unsupported(tmp_path: Path) -> None:
    (tmp_path / "warehouse").write_text("not a folder")
    found = probes.try_warehouse(tmp_path / "warehouse")
    assert found.status == "unsupported"
    assert "cannot be written" in found.found


def test_a_file_system_that_lets_two_commits_through_is_unsupported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "_second_commit_is_refused", lambda log: False)
    assert probes.try_warehouse(tmp_path).status == "unsupported"


def test_lost_rows_in_petastorm_are_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "_read_with_petastorm", lambda path: list(range(19)))
    assert probes.try_petastorm().status == "unsupported"


def test_an_unreachable_master_is_unsupported_with_its_remedy(tmp_path: Path) -> None:
    found = probes.try_spark(SparkConfig(master="spark://127.0.0.1:1"), tmp_path)
    assert [finding.status for finding in found] == ["unsupported"]
    assert "does not answer" in found[0].found


def test_another_spark_release_than_pysparks_is_unsupported() -> None:
    assert probes._judge_release("3.5.1", "3.5.9").status == "unsupported"
    assert probes._judge_release("3.5.9", "3.5.9").status == "ok"


@pytest.mark.parametrize(
    ("mode", "sections", "said"),
    [
        (0o644, {"spark": {"conf": {"spark.hadoop.fs.s3a.secret.key": "x"}}}, "spark.conf spark.hadoop.fs.s3a.secret"),
        (0o640, {"spark": {"conf": {"spark.authenticate.secret": "x"}}}, "spark.conf spark.authenticate.secret"),
        (0o604, {"sources": {"events": {"path": "s3://a:b@c/x"}}}, "sources.events.path"),
        (0o600, {"spark": {"conf": {"spark.authenticate.secret": "x"}}}, None),
        (0o644, {"spark": {"conf": {"spark.authenticate.secret": "${env.SECRET}"}}}, None),
        (0o644, {"spark": {"conf": {"spark.ui.enabled": "false"}}}, None),
        (0o644, {}, None),
    ],
)
def test_secrets_that_others_can_read(tmp_path: Path, mode: int, sections: dict[str, object], said: str | None) -> None:
    path = tmp_path / "shop.yaml"
    path.touch(mode=mode)
    path.chmod(mode)
    found = doctor.find_readable_secrets(path, make_config(tmp_path, **sections))
    assert [f"others can read {said}" in each.found for each in found] == ([True] if said else [])
    assert all(each.remedy == f"`chmod 600 {path}`" for each in found)


def test_what_was_found_is_no_markup_and_acts_on_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Finding("warehouse", "warning", "/data/[/x]/\x1b[31m\u202e on spark://a:pass@host", "", "move [bold]/data")
    monkeypatch.setattr("jobs.doctor.examine", lambda *_: [found])
    result = invoke()
    assert result.exit_code == 0 and "/data/[/x]/" in result.stdout and "move [bold]/data" in result.stderr
    assert not set("\x1b\u202e") & set(result.output) and "pass@" not in result.output
    assert report(result)["findings"]
