"""The digest of the code: of sources alone, and the same from a folder and from an archive."""

import subprocess
import sys
import zipfile
from pathlib import Path

from interest_spark.foundation.code_digest import code_digest
from tests.checkout import ROOT

_PRINT = "from interest_spark.foundation.code_digest import code_digest; print(code_digest())"


def digest_of(place: Path) -> str:
    command = [sys.executable, "-B", "-P", "-c", _PRINT]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(place)})
    return done.stdout.strip()


def test_an_archive_has_the_digest_of_its_folder_and_a_changed_line_another_one(tmp_path: Path) -> None:
    package = tmp_path / "folder" / "interest_spark"
    (package / "foundation").mkdir(parents=True)
    for name in ("__init__.py", "foundation/__init__.py", "foundation/code_digest.py"):
        (package / name).write_bytes((ROOT / "interest_spark" / name).read_bytes())
    with zipfile.ZipFile(tmp_path / "sources.zip", "w") as archive:
        for file in package.rglob("*.py"):
            archive.write(file, file.relative_to(package.parent))
    found = digest_of(package.parent)
    assert len(found) == 32 and found == digest_of(tmp_path / "sources.zip")
    (package / "notes.txt").write_text("not code", encoding="utf-8")
    assert digest_of(package.parent) == found
    (package / "__init__.py").write_text("# another release\n", encoding="utf-8")
    assert digest_of(package.parent) != found


def test_in_one_process_it_is_read_once() -> None:
    assert code_digest() is code_digest()
