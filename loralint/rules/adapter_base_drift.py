"""LOR410."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.diagnostics import Related, Severity
from loralint.facts import RECORDED, Known
from loralint.project import Adapter, Project, Use
from loralint.refs import DEFAULT_BRANCHES, is_repo_id
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.adapters import by_run, hub_base, shown
from loralint.rules.judgement.models import Kinship, kinship
from loralint.rules.judgement.pinning import compare, hub_ids, subject_of
from loralint.source import Place


@rule("LOR410", "adapter-base-drift", severity="error")
def adapter_base_drift(project: Project) -> Iterator[Finding]:
    """The code loads an adapter folder onto another base or revision than the folder records.

    ## Why is this bad?

    adapter_config.json says what the adapter was trained on. PEFT does not compare that with the
    model that it is given, and `AutoModelFor….from_pretrained(folder)` does not read the recorded
    revision. On another base or revision the tensors load where names and shapes happen to fit,
    and mean nothing.

    ## Example

    ```json out/adapter_config.json
    {
      "base_model_name_or_path": "microsoft/phi-2",
      "peft_type": "LORA",
      "r": 16,
      "revision": "834565c23f9b28b96ccbeabe614dd906b6db551a"
    }
    ```

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("microsoft/phi-2")
    model = PeftModel.from_pretrained(base, "out")
    ```

    ## Use instead

    ```json out/adapter_config.json
    {
      "base_model_name_or_path": "microsoft/phi-2",
      "peft_type": "LORA",
      "r": 16,
      "revision": "834565c23f9b28b96ccbeabe614dd906b6db551a"
    }
    ```

    ```python serve.py
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(
        "microsoft/phi-2", revision="834565c23f9b28b96ccbeabe614dd906b6db551a"
    )
    model = PeftModel.from_pretrained(base, "out")
    ```

    ## Fix safety

    Which of the two is right only the author knows; the fix is shown and not applied.

    ## Known problems

    A folder that records no revision is LOR401 and no drift. Where one of the two is a mirror or a
    quantised copy of the other it is a warning, and silent for a merge and for unsloth, which
    replaces names itself. A model card (README.md) whose `base_model` is
    another model than the folder's is a warning on the folder.

    ## References

    - [PEFT issue 1678](https://github.com/huggingface/peft/issues/1678)
    """
    for adapter in project.adapters:
        for use in adapter.uses:
            yield from _of_code(adapter, use)
    for adapter, others in by_run(project, _contradiction):
        yield _of_card(adapter, others)


# --- the code -----------------------------------------------------------------------------------


def _of_code(adapter: Adapter, use: Use) -> Iterator[Finding]:
    found = hub_base(adapter)
    loaded = hub_ids(use.base)
    if found is None or not loaded:
        return
    kinds = {kinship(name, found[0]) for name in loaded}
    if "same" in kinds:
        message = _of_revision(adapter, use, found[1])
        if message:
            yield _finding(adapter, use, message, "revision")
    elif not kinds <= {"quantised", "mirror"}:
        yield _finding(adapter, use, _of_base(adapter, use, min(kinds)), RECORDED)
    elif not _is_usual(adapter, use):
        yield _finding(adapter, use, _of_base(adapter, use, min(kinds)), RECORDED, "warning")


def _is_usual(adapter: Adapter, use: Use) -> bool:
    """Whether a quantised copy is expected on one side."""
    unsloth = (adapter.base or "").startswith("unsloth/")
    return use.merge or unsloth or use.base.site.loader.startswith("unsloth.")


_WORDS: dict[Kinship, str] = {
    "quantised": "a quantised copy of it or its original",
    "mirror": "a mirror of it",
    "tuned": "a sibling that was tuned differently",
    "none": "another model",
    "same": "",
}


_DANGER = "its tensors may load without an error and mean nothing"
_ENDS: dict[Kinship, str] = {
    "quantised": "the adapter works on other weights than it was trained on",
    "mirror": "nobody says that its weights are the same",
}


def _of_base(adapter: Adapter, use: Use, kind: Kinship) -> str:
    default = wording.hint(use.base.site.repo_id)
    return (
        f"the adapter {shown(adapter)} records `{adapter.base}` as its base and is loaded onto"
        f" {wording.ids(use.base)}{default}, {_WORDS[kind]}: {_ENDS.get(kind, _DANGER)}"
    )


def _of_revision(adapter: Adapter, use: Use, recorded: str | None) -> str:
    if not recorded or recorded in DEFAULT_BRANCHES:
        return ""
    given = use.base.site.revision
    if compare(given, Known(recorded)) != "different":
        return ""
    return (
        f"the adapter {shown(adapter)} was trained on {wording.ids(use.base)} at `{recorded}`, and"
        f" the base is loaded at {wording.revision(given)}: if the two differ, its tensors may"
        " silently not load, or mean nothing"
    )


def _finding(
    adapter: Adapter, use: Use, message: str, key: str, severity: Severity | None = None
) -> Finding:
    recorded = Related("the folder records its base here", adapter.place(key))
    notes = [recorded]
    if use.adapter.place != use.base.place:
        notes.append(Related("the adapter is loaded here", use.adapter.place))
    fix = fixes.shown(f"load what {adapter.path} records, or train again and save it anew")
    return Finding.at(
        use.base,
        message,
        related=tuple(notes),
        subject=subject_of(use.base),
        fix=fix,
        severity=severity,
    )


# --- the model card -----------------------------------------------------------------------------


def _contradiction(adapter: Adapter) -> tuple[str, str] | None:
    """The base that is recorded and the one that the card names, where they are two models."""
    found = hub_base(adapter)
    named = [name for name, _ in adapter.card]
    if found is None or not named or not all(is_repo_id(name) for name in named):
        return None
    kinds = {kinship(name, found[0]) for name in named}
    return (found[0], named[0]) if kinds <= {"tuned", "none"} else None


def _of_card(adapter: Adapter, others: str) -> Finding:
    base, named = _contradiction(adapter) or ("", "")
    message = (
        f"this adapter records `{base}` as its base, and its model card names `{named}`{others}:"
        " whoever trusts the card loads it onto the wrong model"
    )
    card = f"{adapter.folder}/README.md" if adapter.folder else "README.md"
    note = Related("the card names its base here", Place(card, adapter.card[0][1]))
    fix = fixes.shown("name one base in both")
    return Finding(message, adapter.place(RECORDED), (note,), fix, base, severity="warning")
