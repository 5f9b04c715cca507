"""A small real Hub: the endpoints that huggingface_hub calls, with every way to misbehave.

Only what `HfApi.repo_info` and `HfApi.list_repo_commits` need. `script` makes the next answers for
a repository go wrong, one step a request; then the server behaves again.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

Files = dict[str, str]
"""Names → a git blob id (40 digits) or a SHA-256 (64 digits: large file storage)."""


@dataclass
class Commit:
    """A commit, with its date in ISO 8601."""

    id: str
    files: Files = field(default_factory=dict)
    date: str = "2026-01-01T00:00:00.000Z"


@dataclass
class Repository:
    """A repository: its commits, newest first, and where its refs stand."""

    commits: list[Commit]
    refs: dict[str, str] = field(default_factory=dict)
    gated: bool = False
    private: bool = False
    moved_to: str = ""

    def at(self, ref: str) -> Commit | None:
        wanted = self.refs.get(ref, ref)
        return next((one for one in self.commits if one.id == wanted), None)


@dataclass(frozen=True)
class Step:
    """One wrong answer: a status with headers, a wait before it, or half an answer."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    wait: float = 0.0
    cut: bool = False
    drip: bool = False
    body: bytes | None = None


@dataclass
class Seen:
    """A request that came in."""

    path: str
    authorization: str | None
    host: str


class FakeHub:
    """The server: `with FakeHub.running() as hub`."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.script: dict[str, list[Step]] = {}
        self.seen: list[Seen] = []
        self.url = ""
        self.ended = threading.Event()

    def add(self, name: str, *commits: Commit, kind: str = "models", **more: Any) -> Repository:
        """A repository whose `main` is the first commit, unless `refs` says otherwise."""
        refs = {"main": commits[0].id, **more.pop("refs", {})} if commits else {}
        made = Repository(list(commits), refs, **more)
        self.repositories[f"{kind}/{name}"] = made
        return made

    @staticmethod
    @contextmanager
    def running() -> Iterator[FakeHub]:
        hub = FakeHub()
        handler = type("Handler", (_Handler,), {"hub": hub})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        hub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            hub.ended.set()
            server.shutdown()
            server.server_close()
            thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        authorization = self.headers.get("Authorization")
        self.hub.seen.append(Seen(self.path, authorization, self.headers.get("Host", "")))
        parts = [unquote(part) for part in path.strip("/").split("/")]
        if parts[0] != "api" or len(parts) < 3:
            self._json(404, {"error": "no such page"})
            return
        name, rest = _name(parts[1:])
        steps = self.hub.script.get(name.partition("/")[2], [])
        if steps and self._misbehave(steps.pop(0)):
            return
        self._answer(self.hub.repositories.get(name), name, rest, authorization)

    def _answer(
        self, found: Repository | None, name: str, rest: list[str], authorization: str | None
    ) -> None:
        if found is None:
            self._json(404, {"error": "Repository not found"}, ("X-Error-Code", "RepoNotFound"))
        elif found.moved_to:
            kind = name.partition("/")[0]
            target = "/".join(("/api", kind, found.moved_to, *rest))
            self._json(307, {}, ("Location", target))
        elif found.private and authorization is None:
            self._json(401, {"error": "Unauthorized"})
        elif found.gated:
            self._json(403, {"error": "gated"}, ("X-Error-Code", "GatedRepo"))
        elif rest[:1] == ["commits"]:
            self._json(200, [_logged(one) for one in _history(found, rest[1])])
        else:
            self._info(found, name, rest[1] if rest else "main")

    def _info(self, found: Repository, name: str, ref: str) -> None:
        commit = found.at(ref)
        if commit is None:
            self._json(404, {"error": "no such ref"}, ("X-Error-Code", "RevisionNotFound"))
            return
        siblings = [_sibling(name, digest) for name, digest in commit.files.items()]
        self._json(
            200,
            {
                "id": name.partition("/")[2],
                "sha": commit.id,
                "lastModified": commit.date,
                "private": found.private,
                "siblings": siblings,
                "tags": [],
                "downloads": 0,
                "likes": 0,
            },
        )

    def _misbehave(self, step: Step) -> bool:
        """Do what a step says; False where the request is to be answered after all."""
        if step.wait:
            self.hub.ended.wait(step.wait)
        if step.cut:
            self._begin(200, 1000)
            self.wfile.write(b'{"sha": "')
            self.wfile.flush()
            self.connection.close()
            self.close_connection = True
            return True
        if step.drip:
            return self._drip()
        if step.body is not None:
            self._raw(step.status, step.body)
            return True
        if step.status == 200:
            return False
        self._json(step.status, {"error": "scripted"}, *step.headers)
        return True

    def _drip(self) -> bool:
        """An answer of which a byte comes now and then: no timeout of a single read sees it."""
        self._begin(200, 1000)
        end = time.monotonic() + 20
        while time.monotonic() < end and not self.hub.ended.wait(0.05):
            try:
                self.wfile.write(b" ")
                self.wfile.flush()
            except OSError:
                break
        self.close_connection = True
        return True

    def _begin(self, status: int, length: int, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def _json(self, status: int, content: object, *headers: tuple[str, str]) -> None:
        self._raw(status, json.dumps(content).encode(), *headers)

    def _raw(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self._begin(status, len(body), *headers)
        self.wfile.write(body)


def _name(parts: list[str]) -> tuple[str, list[str]]:
    """`models/org/name` or `models/gpt2`, and what follows."""
    marks = [i for i, part in enumerate(parts) if part in ("revision", "commits") and i > 1]
    end = marks[0] if marks else len(parts)
    return "/".join(parts[:end]), parts[end:]


def _history(found: Repository, ref: str) -> list[Commit]:
    commit = found.at(ref)
    return found.commits[found.commits.index(commit) :] if commit is not None else []


def _logged(one: Commit) -> dict[str, object]:
    return {"id": one.id, "title": "x", "message": "", "date": one.date, "authors": []}


def _sibling(name: str, digest: str) -> dict[str, object]:
    if len(digest) == 64:
        lfs = {"sha256": digest, "size": 9, "pointerSize": 1}
        return {"rfilename": name, "size": 9, "blobId": "0" * 40, "lfs": lfs}
    return {"rfilename": name, "size": 9, "blobId": digest}
