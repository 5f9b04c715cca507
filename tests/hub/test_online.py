"""The Hub through huggingface_hub, against a real HTTP server that misbehaves."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from email.utils import format_datetime

import pytest

from loralint.hub import Answer, Ask, Failure, Found, Repo, resolve
from tests.hub.server import Commit, FakeHub, Step

pytest.importorskip("huggingface_hub")

from loralint.hub.online import Endpoint, Hub, HubUnavailable, Patience

# A question that is left behind leaves its connection open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

A, B, C = "a" * 40, "b" * 40, "c" * 40
TOKEN = "hf_THISISTHEMARKERTOKEN"
SHA256 = "5" * 64
OTHER = Ask(Repo("org/other"))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    for name in ("HF_ENDPOINT", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with FakeHub.running() as running:
        running.add(
            "org/model",
            Commit(A, {"config.json": "1" * 40, "w.safetensors": SHA256, "README.md": "2" * 40}),
            Commit(B, {"config.json": "3" * 40}, "2025-06-01T00:00:00.000Z"),
            refs={"refs/pr/23": B, "v1": B},
        )
        running.add("org/other", Commit(C))
        running.add("org/data", Commit(B), kind="datasets")
        yield running


class Clock:
    """Waits without waiting, and remembers for how long."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)


def ask(
    hub: FakeHub, *asked: Ask, clock: Clock | None = None, trusted: bool = True, **more: float
) -> dict[Ask, Answer]:
    patience = Patience(**{"request": 1.0, "question": 4.0, **more}, sleep=clock or Clock())
    return resolve(asked, [Hub(Endpoint(hub.url, trusted), patience)])


def one(hub: FakeHub, name: str, ref: str = "main", **more) -> Answer:
    """The answer for one repository; another one that is asked for beside it is never lost."""
    question = Ask(Repo(name), ref)
    answers = ask(hub, question, OTHER, **more)
    assert isinstance(answers[OTHER], Found), answers[OTHER]
    return answers[question]


@pytest.mark.parametrize(
    ("ref", "commit"), [("main", A), ("refs/pr/23", B), ("v1", B), (A, A), (B, B)]
)
def test_a_ref_stands_at_a_commit(hub: FakeHub, ref: str, commit: str) -> None:
    found = one(hub, "org/model", ref)
    assert isinstance(found, Found) and found.commit == commit
    assert found.origin.startswith("http://127.0.0.1:"), "no other Hub than everybody's is `hub`"


def test_hashes_come_without_a_download(hub: FakeHub) -> None:
    found = one(hub, "org/model")
    assert isinstance(found, Found)
    assert found.files == {"config.json": f"git:{'1' * 40}", "w.safetensors": f"sha256:{SHA256}"}
    assert all(seen.path.startswith("/api/") for seen in hub.seen)


def test_a_dataset(hub: FakeHub) -> None:
    question = Ask(Repo("org/data", "dataset"))
    found = ask(hub, question)[question]
    assert isinstance(found, Found) and found.commit == B


def test_a_repository_that_has_moved(hub: FakeHub) -> None:
    hub.add("old/name", moved_to="org/model")
    found = one(hub, "old/name", "v1")
    assert isinstance(found, Found) and found.commit == B


def test_the_newest_commit_that_is_old_enough(hub: FakeHub) -> None:
    limit = datetime(2025, 12, 1, tzinfo=timezone.utc).timestamp()
    question = Ask(Repo("org/model"))
    (found,) = resolve([question], [Hub(Endpoint(hub.url), not_after=limit)]).values()
    assert isinstance(found, Found) and found.commit == B
    (none,) = resolve([question], [Hub(Endpoint(hub.url), not_after=1.0)]).values()
    assert isinstance(none, Failure) and "old enough" in none.reason


# --- what goes wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([Step(404, (("X-Error-Code", "RepoNotFound"),))], "not on the Hub, or not for you to see"),
        ([Step(401)], "refuses to answer (401): log in"),
        (
            [Step(401, (("X-Error-Message", "Invalid credentials in Authorization header"),))],
            "refuses to answer (401)",
        ),
        ([Step(403, (("X-Error-Code", "GatedRepo"),))], "is gated: ask for access"),
        ([Step(403)], "refuses to answer (403)"),
        ([Step(404, (("X-Error-Code", "RevisionNotFound"),))], "has no 'main' on the Hub"),
        ([Step(418)], "answered 418"),
        ([Step(500)] * 9, "in trouble (500)"),
        ([Step(429, (("Retry-After", "3600"),))], "fewer questions (429), for 3600 s"),
        ([Step(cut=True)] * 9, "connection to the Hub failed"),
        ([Step(body=b"<html>")] * 9, "is no JSON"),
        ([Step(body=b'{"id": "x", "sha": "main", "siblings": []}')], "names no commit"),
    ],
)
def test_a_mishap_is_told_and_loses_nothing_else(
    hub: FakeHub, steps: list[Step], said: str
) -> None:
    hub.script["org/model"] = list(steps)
    found = one(hub, "org/model")
    assert isinstance(found, Failure), found
    assert said in found.reason


def test_private_and_gated_repositories(hub: FakeHub) -> None:
    hub.add("org/private", Commit(A), private=True)
    hub.add("org/gated", Commit(A), gated=True)
    assert isinstance(one(hub, "org/private"), Found)  # the token opens it
    assert "gated" in one(hub, "org/gated").reason
    assert "(401)" in one(hub, "org/private", trusted=False).reason


@pytest.mark.parametrize(
    ("steps", "waits"),
    [
        ([Step(500), Step(503)], [0.5, 1.0]),
        ([Step(429, (("Retry-After", "7"),))], [7.0]),
        ([Step(503, (("Retry-After", "2"),))], [2.0]),
        ([Step(429)], [0.5]),
        ([Step(cut=True)], [0.5]),
        ([Step(wait=3.0)], [0.5]),
    ],
)
def test_what_passes_is_asked_again(hub: FakeHub, steps: list[Step], waits: list[float]) -> None:
    hub.script["org/model"] = list(steps)
    clock = Clock()
    found = one(hub, "org/model", clock=clock)
    assert isinstance(found, Found), found
    assert clock.waits == waits


def test_retry_after_may_be_a_date(hub: FakeHub) -> None:
    later = format_datetime(datetime.fromtimestamp(time.time() + 9, timezone.utc), usegmt=True)
    hub.script["org/model"] = [Step(429, (("Retry-After", later),))]
    clock = Clock()
    assert isinstance(one(hub, "org/model", clock=clock), Found)
    assert 7 < clock.waits[0] <= 9


def test_a_wait_that_is_too_long_is_not_waited_for(hub: FakeHub) -> None:
    hub.script["org/model"] = [Step(429, (("Retry-After", "99"),))]
    clock = Clock()
    assert isinstance(one(hub, "org/model", clock=clock), Failure)
    assert clock.waits == []


def test_it_gives_up_after_some_attempts(hub: FakeHub) -> None:
    hub.script["org/model"] = [Step(500)] * 9
    one(hub, "org/model")
    assert sum("org/model" in seen.path for seen in hub.seen) == 4


def test_an_answer_that_drips_for_ever_is_left_behind(hub: FakeHub) -> None:
    hub.script["org/model"] = [Step(drip=True)]
    began = time.monotonic()
    found = one(hub, "org/model", question=1.0)
    assert isinstance(found, Failure) and "within 1 s" in found.reason
    assert time.monotonic() - began < 3


def test_nobody_is_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        question = Ask(Repo("org/model"))
        hub = Hub(Endpoint(url), Patience(sleep=Clock()))
        (found,) = resolve([question], [hub]).values()
    assert isinstance(found, Failure) and "connection to the Hub failed" in found.reason


def test_a_name_that_the_hub_does_not_take(hub: FakeHub) -> None:
    assert "no name that the Hub takes" in one(hub, "a--b/..c").reason


# --- tokens -------------------------------------------------------------------------------------


def test_the_token_goes_where_its_owner_wants(hub: FakeHub) -> None:
    one(hub, "org/model")
    assert {seen.authorization for seen in hub.seen} == {f"Bearer {TOKEN}"}


def test_an_endpoint_of_the_settings_gets_no_token(hub: FakeHub) -> None:
    one(hub, "org/model", trusted=False)
    assert {seen.authorization for seen in hub.seen} == {None}


def test_a_redirect_to_another_host_gets_no_token(hub: FakeHub) -> None:
    elsewhere = hub.url.replace("127.0.0.1", "localhost")
    target = f"{elsewhere}/api/models/org/model"
    hub.script["org/moved"] = [Step(307, (("Location", target),))]
    assert isinstance(one(hub, "org/moved"), Found)
    foreign = [seen for seen in hub.seen if seen.host.startswith("localhost")]
    assert [seen.authorization for seen in foreign] == [None]


@pytest.mark.parametrize(
    ("environment", "setting", "endpoint"),
    [
        ({}, None, Endpoint(None, True)),
        ({}, "https://hub.example/", Endpoint("https://hub.example", False, named=False)),
        ({"HF_ENDPOINT": "https://mine"}, "https://hub.example", Endpoint(None, True)),
    ],
)
def test_which_endpoint_is_asked(environment, setting, endpoint) -> None:
    assert Endpoint.chosen(environment, setting) == endpoint


def test_an_endpoint_that_is_no_address() -> None:
    for url in ("file:///etc", "http://[::1", "https://", "hub.example"):
        with pytest.raises(HubUnavailable, match="http or https"):
            Hub(Endpoint(url, False))


def test_endpoint_that_was_typed_comes_first_and_gets_no_token() -> None:
    chosen = Endpoint.chosen({"HF_ENDPOINT": "https://mine"}, "https://theirs", "https://typed/")
    assert chosen == Endpoint("https://typed", trusted=False, named=True)


def test_no_reason_holds_a_token(hub: FakeHub) -> None:
    """Whatever huggingface_hub puts into its exceptions, nothing of it is passed on."""
    said = []
    for step in (Step(401), Step(403), Step(404), Step(500), Step(body=TOKEN.encode())):
        hub.script["org/model"] = [step] * 9
        said.append(one(hub, "org/model").reason)
    assert TOKEN not in repr(said)
