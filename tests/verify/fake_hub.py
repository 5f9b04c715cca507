"""A Hub cache as huggingface_hub would have filled it: blobs, snapshots, refs."""

from __future__ import annotations

import hashlib
from pathlib import Path

LARGE = ".safetensors"


def publish(cache: Path, repo: str, source: Path, *refs: str) -> str:
    """Put a folder into the cache as one commit of `repo`, known by some refs; the commit.

    As on the Hub, a large file is named by its SHA-256 and a small one by git's SHA-1.
    """
    files = sorted(path for path in source.rglob("*") if path.is_file())
    contents = {path.relative_to(source).as_posix(): path.read_bytes() for path in files}
    named = "".join(f"{name}:{_blob(name, content)}" for name, content in contents.items())
    commit = hashlib.sha1(named.encode()).hexdigest()
    root = cache / f"models--{repo.replace('/', '--')}"
    for name, content in contents.items():
        blob = root / "blobs" / _blob(name, content)
        blob.parent.mkdir(parents=True, exist_ok=True)
        blob.write_bytes(content)
        link = root / "snapshots" / commit / name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(f"{'../' * name.count('/')}../../blobs/{blob.name}")
    for ref in refs:
        path = root.joinpath("refs", *ref.split("/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(commit, encoding="utf-8")
    return commit


def _blob(name: str, content: bytes) -> str:
    if name.endswith(LARGE):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
