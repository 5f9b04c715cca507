"""What rules share: how revisions are compared, how repositories are akin, what fixes insert."""

from __future__ import annotations

import pytest

from loralint.config import Config
from loralint.diagnostics import AddKeyword
from loralint.facts import (
    ABSENT,
    Choice,
    Default,
    Known,
    LoadSite,
    Origin,
    OriginKind,
    Reason,
    Unknown,
    Value,
)
from loralint.project import Load, Pair, Project
from loralint.rules.base import rule
from loralint.rules.judgement.models import kinship
from loralint.rules.judgement.pinning import compare
from loralint.rules.missing_revision import missing_revision
from loralint.rules.revision_mismatch import revision_mismatch
from loralint.source import Span

PIN, OTHER = Known("refs/pr/23"), Known("v2.0")
FREE = Unknown(Reason.FORWARDED, origin=Origin(OriginKind.OPTION, "train.py", ("revision",)))
REQUIRED = Unknown(Reason.OPTION, origin=Origin(OriginKind.OPTION, "train.py", ("tag",)))
CALL = Unknown(Reason.RESULT, "tag()", Origin(OriginKind.RESULT, "train.py", ("tag",), 3))
DEFAULT = Origin(OriginKind.OPTION, "train.py", ("other",))
FURTHER = Origin(OriginKind.OPTION, "infer.py", ("other",))
COMMIT = Known("ef382358ec9e382308935a992d908de099b64c23")


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        (PIN, PIN, "same"),
        (PIN, OTHER, "different"),
        (PIN, ABSENT, "different"),
        (PIN, Known("main"), "different"),
        (PIN, Default("main", DEFAULT), "different"),
        (ABSENT, Known("main"), "same"),
        (Known(None), Known("master"), "same"),
        (Default("main", DEFAULT), ABSENT, "one-sided"),
        (FREE, ABSENT, "one-sided"),
        (REQUIRED, ABSENT, "one-sided"),
        (FREE, PIN, "one-sided"),
        (REQUIRED, PIN, "undecided"),
        (Unknown(Reason.FRAMEWORK, "unsloth drops it"), PIN, "undecided"),
        (CALL, ABSENT, "one-sided"),
        (FREE, FREE, "same"),
        (FREE, REQUIRED, "undecided"),
        (
            Default("v1", DEFAULT),
            Default("v1", Origin(OriginKind.OPTION, "infer.py", ("other",))),
            "same",
        ),
        (Choice((PIN, ABSENT)), PIN, "same"),
        (Choice((PIN, OTHER)), ABSENT, "different"),
        (Known("ef38235"), COMMIT, "same"),
        (Known("float16"), ABSENT, "same"),
    ],
)
def test_two_revisions(one: Value, other: Value, verdict: str) -> None:
    assert compare(one, other) == compare(other, one) == verdict


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("a/Model-7B", "A/model-7b", "same"),
        ("meta-llama/Llama-2-7b-hf", "NousResearch/Llama-2-7b-hf", "mirror"),
        ("microsoft/phi-2", "TheBloke/phi-2-GPTQ", "quantised"),
        ("unsloth/gemma-2b-bnb-4bit", "unsloth/gemma-2b", "quantised"),
        ("unsloth/Qwen3-4B-unsloth-bnb-4bit", "unsloth/Qwen3-4B", "quantised"),
        ("mistralai/Mistral-7B-v0.1", "mistralai/Mistral-7B-Instruct-v0.1", "tuned"),
        ("google/gemma-2b", "google/gemma-2b-it", "tuned"),
        ("EleutherAI/pythia-70m", "EleutherAI/pythia-160m", "none"),
    ],
)
def test_two_repositories(one: str, other: str, kind: str) -> None:
    assert kinship(one, other) == kinship(other, one) == kind


def _load(index: int, revision: Value, path: str) -> Load:
    site = LoadSite(
        path=path,
        span=Span.of(3, 8, 3, 60),
        artifact="base-model",
        loader="transformers.AutoModelForCausalLM.from_pretrained",
        repo_id=Known("microsoft/phi-2"),
        revision=revision,
        text='AutoModelForCausalLM.from_pretrained("microsoft/phi-2")',
    )
    return Load(index, site, "train")


def test_a_pin_is_copied_from_the_other_side() -> None:
    serving = _load(1, ABSENT, "serve.py")
    pair = Pair(_load(0, PIN, "train.py"), serving, "why", "artifact")
    (found,) = revision_mismatch.run(Project(Config(), pairs=(pair,)))
    assert found.fix is not None
    assert found.fix.applicability == "safe"
    assert found.fix.intents == (AddKeyword(serving.place, "revision", '"refs/pr/23"'),)
    assert [one.place.path for one in found.related] == ["train.py"]
    assert found.subject == "microsoft/phi-2"


def test_a_finding_is_reported_once() -> None:
    load = _load(0, ABSENT, "train.py")
    assert len(list(missing_revision.run(Project(Config(), loads=(load, load))))) == 1


def test_the_page_is_the_docstring() -> None:
    @rule("LOR999", "a-name", severity="error", default=False)
    def a_rule(project: Project):
        """A summary.

        ## Example
        """
        yield from ()

    assert (a_rule.summary, a_rule.doc, a_rule.default) == ("A summary.", "## Example", False)


def test_the_result_of_a_library_is_no_option() -> None:
    def says(revision: Value) -> list[str]:
        pair = Pair(_load(0, revision, "train.py"), _load(1, ABSENT, "serve.py"), "why", "artifact")
        return [one.message for one in revision_mismatch.run(Project(Config(), pairs=(pair,)))]

    assert CALL.origin is not None
    item = Unknown(Reason.RESULT, "tag()", CALL.origin.item("revision"))
    name = Unknown(Reason.LIBRARY_NAME, origin=Origin(OriginKind.IMPORT, name=("lib", "REV")))
    for value, shown in ((CALL, "`tag()`"), (item, "`revision`"), (name, "`lib.REV`")):
        (message,) = says(value)
        assert f"from {shown} (" in message
        assert f"where {shown} is another" in message
        assert "option" not in message
