"""A made-up local Hub cache, as huggingface_hub lays one out."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from loralint.hub.cache import blob_id


class FakeCache:
    """A cache folder that is written by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(
        self,
        name: str,
        commit: str,
        *refs: str,
        files: dict[str, bytes] | None = None,
        large: dict[str, bytes] | None = None,
        kind: str = "model",
    ) -> Path:
        """A snapshot with its files; the refs then stand at it."""
        root = self.folder / f"{kind}s--{name.replace('/', '--')}"
        snapshot = root / "snapshots" / commit
        snapshot.mkdir(parents=True, exist_ok=True)
        (root / "blobs").mkdir(exist_ok=True)
        for path, content in (files or {"config.json": b"{}"}).items():
            _link(root, snapshot / path, blob_id(content), content)
        for path, content in (large or {}).items():
            _link(root, snapshot / path, sha256(content).hexdigest(), content)
        for ref in refs:
            path = root / "refs" / ref
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(commit, encoding="ascii")
        return snapshot


def _link(root: Path, path: Path, name: str, content: bytes) -> None:
    blob = root / "blobs" / name
    blob.write_bytes(content)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(os.path.relpath(blob, path.parent))
