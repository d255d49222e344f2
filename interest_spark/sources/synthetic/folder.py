"""The shop's folder: written under a draft name, moved into place when whole, sealed by a manifest last."""

import fcntl
import gzip
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from interest_spark.foundation.errors import BadDataError, BusyError, ConfigError
from interest_spark.sources.synthetic.plan import ShopPlan

MANIFEST = "shop.json"
FORMAT = 1  # raise it whenever the same plan gives other bytes
_DRAFT = ".synth-draft"
_LOCK = ".lock"
_PARTS = ("truth", "users", "items", "campaigns", "events")  # in the order they become visible
_GZIP_LEVEL = 4


class ShopDraft:
    """A shop being written. Files are hashed as they are closed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._files: dict[str, dict[str, Any]] = {}

    def path(self, name: str) -> Path:
        """Where the file `name`, relative to the shop, is to be written; its folder exists."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def write_lines(self, name: str, lines: list[str]) -> None:
        """Write lines, each ended by a newline, as gzip with equal bytes for equal lines."""
        text = "".join(f"{line}\n" for line in lines).encode("utf-8", errors="surrogateescape")
        self.path(name).write_bytes(gzip.compress(text, compresslevel=_GZIP_LEVEL, mtime=0))
        self.close_file(name)

    def close_file(self, name: str) -> None:
        """Record the size and sha256 of a file that is complete."""
        path = self.root / name
        self._files[name] = {"bytes": path.stat().st_size, "sha256": _sha256(path)}

    def seal(self, plan: ShopPlan, counts: Mapping[str, int]) -> dict[str, Any]:
        """Write the manifest, which is what makes the draft a shop; returns it."""
        files = dict(sorted(self._files.items()))
        manifest = {
            "format": FORMAT,
            "plan": plan.as_json(),
            "content_hash": _content_hash(files),
            "counts": dict(counts),
            "files": files,
        }
        self.path(MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        return manifest


def find_shop(out: Path, plan: ShopPlan) -> dict[str, Any] | None:
    """The manifest of the plan's shop in `out`, its files unharmed; None where `out` is free to use.

    Raises ConfigError when `out` holds anything else, BadDataError when the shop's files were changed.
    """
    try:
        names = {path.name for path in out.iterdir()} if out.exists() else set()
    except OSError as error:
        raise ConfigError(f"--out {out} cannot be read: {error.strerror}; name a folder") from None
    if not names or (_DRAFT in names and MANIFEST not in names):
        return None
    if MANIFEST not in names:
        raise ConfigError(f"--out {out} is not empty and holds no shop; name a new folder")
    manifest = _read_manifest(out)
    if manifest["plan"] != plan.as_json() or manifest["format"] != FORMAT:
        raise ConfigError(f"--out {out} holds another shop, of plan {manifest['plan']}; name a new folder")
    for name, facts in manifest["files"].items():
        if not (out / name).is_file() or _sha256(out / name) != facts["sha256"]:
            raise BadDataError(f"shop {out}: {name} is missing or was changed; delete the folder and generate it again")
    return manifest


@contextmanager
def draft_shop(out: Path) -> Iterator[ShopDraft]:
    """A draft inside `out`, moved into place when the block ends without an error.

    A run that is killed leaves a draft, which the next run replaces, or whole folders without a
    manifest beside the draft. Raises BusyError while another run is writing there.
    """
    draft = out / _DRAFT
    try:
        draft.mkdir(parents=True, exist_ok=True)
        with (draft / _LOCK).open("w") as lock:
            _lock(lock.fileno(), out)
            if (out / MANIFEST).exists():
                raise BusyError(f"another run has just finished a shop in {out}; run the command again")
            _clear(out)
            yield ShopDraft(draft)
            for part in (*_PARTS, MANIFEST):
                if (draft / part).exists():  # a shop without campaigns has no folder of them
                    (draft / part).replace(out / part)
            shutil.rmtree(draft)
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"no shop can be written to {out}: {reason}; make room or name another --out") from None


def _lock(descriptor: int, out: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BusyError(f"another run is writing a shop to {out}; wait for it, or name another --out") from None


def _clear(out: Path) -> None:
    """Remove what a killed run left: only names that a draft makes."""
    for leftover in (*(out / _DRAFT / part for part in _PARTS), *(out / part for part in _PARTS)):
        if leftover.exists():
            shutil.rmtree(leftover)


def _read_manifest(out: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        return {key: manifest[key] for key in ("format", "plan", "content_hash", "counts", "files")}
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(f"--out {out} holds a {MANIFEST} that is no shop's manifest; name a new folder") from None


def _content_hash(files: Mapping[str, Mapping[str, Any]]) -> str:
    listing = "".join(f"{facts['sha256']}  {name}\n" for name, facts in files.items())
    return hashlib.sha256(listing.encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
