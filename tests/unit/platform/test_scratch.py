"""Scratch folders that cannot be used are named before anything starts, and the others are closed to strangers."""

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.temporary import temporary_failure
from interest_spark.platform.scratch import check_spark_folders, check_temporary_folder, private_spark_folders
from tests.small_disk import small_disk

OWN = f"interest_spark-{os.geteuid()}"
NAMES = ("TMPDIR", "TEMP", "TMP", "SPARK_LOCAL_DIRS")


@pytest.fixture(autouse=True)
def _no_folder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", None)


def below_a_file(root: Path) -> Path:
    (root / "file").write_text("")
    return root / "file" / "scratch"


def a_file(root: Path) -> Path:
    (root / "file").write_text("")
    return root / "file"


def a_link_to_nowhere(root: Path) -> Path:
    (root / "link").symlink_to(root / "file" / "nowhere")
    (root / "file").write_text("")
    return root / "link"


def a_link_to_itself(root: Path) -> Path:
    (root / "link").symlink_to(root / "link")
    return root / "link"


def a_name_too_long(root: Path) -> Path:
    return root / ("n" * 300)


def of_the_kernel(_: Path) -> Path:
    return Path("/proc/self/scratch")


UNUSABLE = (below_a_file, a_file, a_link_to_nowhere, a_link_to_itself, a_name_too_long, of_the_kernel)


@pytest.mark.parametrize("name", ["TMPDIR", "TEMP", "TMP"])
@pytest.mark.parametrize("kind", UNUSABLE)
def test_an_unusable_folder_of_pythons_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: Callable[[Path], Path]
) -> None:
    folder = kind(tmp_path)
    monkeypatch.setenv(name, str(folder))
    with pytest.raises(ConfigError) as raised:
        check_temporary_folder()
    assert str(raised.value).startswith(f"{name}: no file can be made in {folder} (")
    assert f"set {name} to a folder" in str(raised.value)


@pytest.mark.parametrize("prepare", [check_spark_folders, private_spark_folders])
@pytest.mark.parametrize("setting", ["SPARK_LOCAL_DIRS", "spark.local.dir", "SPARK_LOCAL_DIRS, the second"])
@pytest.mark.parametrize("kind", UNUSABLE)
def test_an_unusable_folder_of_sparks_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[str | None], object],
    setting: str,
    kind: Callable[[Path], Path],
) -> None:
    folder = kind(tmp_path)
    name, _, second = setting.partition(",")
    value = f"{tmp_path / 'good'},{folder}" if second else str(folder)
    if name == "SPARK_LOCAL_DIRS":
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as raised:
        prepare(value if name == "spark.local.dir" else None)
    assert str(raised.value).startswith(f"{name}: no file can be made in {folder}")
    assert f"set {name}" in str(raised.value)


def test_sparks_files_are_in_folders_of_this_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    (one / OWN).mkdir(parents=True)
    (one / OWN).chmod(0o755)  # as an earlier umask left it
    monkeypatch.setenv("SPARK_LOCAL_DIRS", f"{one}, {two}")
    folders = private_spark_folders("/elsewhere")
    assert folders == f"{one / OWN},{two / OWN}"
    assert {stat.S_IMODE(Path(folder).stat().st_mode) for folder in folders.split(",")} == {0o700}
    monkeypatch.setenv("SPARK_LOCAL_DIRS", folders)
    assert private_spark_folders(None) == folders


def test_without_a_setting_spark_takes_pythons_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert private_spark_folders(None) == str(tmp_path / OWN)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of other users")
def test_a_folder_that_another_user_made_first_is_refused(tmp_path: Path) -> None:
    (tmp_path / OWN).mkdir()
    os.chown(tmp_path / OWN, 65534, 65534)
    with pytest.raises(ConfigError, match=f"{OWN} was made by another user; set spark.local.dir"):
        private_spark_folders(str(tmp_path))


def test_a_link_in_place_of_the_own_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / OWN).symlink_to(tmp_path / "target")
    with pytest.raises(ConfigError, match="was made by another user"):
        private_spark_folders(str(tmp_path))
    assert stat.S_IMODE((tmp_path / "target").stat().st_mode) != 0o700 or not list((tmp_path / "target").iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_without_permission_is_named() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as closed:
        code = (
            "import os\n"
            "from interest_spark.foundation.errors import ConfigError\n"
            "from interest_spark.platform.scratch import check_temporary_folder\n"
            "os.setgid(65534); os.setuid(65534)\n"
            f"os.environ['TMPDIR'] = {closed!r}\n"
            "try:\n    check_temporary_folder()\nexcept ConfigError as error:\n    print(error)\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.startswith(f"TMPDIR: no file can be made in {closed} (Permission denied)"), done.stderr


def test_a_full_disk_is_temporary_and_no_fault_of_the_setting(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=1, inodes=1) as disk, pytest.raises(OSError) as raised:
        check_spark_folders(str(disk / "scratch"))
    assert temporary_failure(raised.value) is not None
