"""LOR401."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.project import Adapter, Project
from loralint.refs import DEFAULT_BRANCHES
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes
from loralint.rules.judgement.adapters import by_run, is_saved, kind_of_base


@rule("LOR401", "adapter-without-revision", severity="warning")
def adapter_without_revision(project: Project) -> Iterator[Finding]:
    """An adapter folder names its base on the Hub, and no revision of it.

    ## Why is this bad?

    An adapter fits the weights that it was trained on. With `"revision": null`,
    `AutoPeftModel.from_pretrained` loads the default branch of the base as it is on that day, and
    whoever gets the folder cannot find out which commit is meant. PEFT writes the revision only
    if it is told: see LOR110.

    ## Example

    ```json out/adapter_config.json
    {
      "base_model_name_or_path": "microsoft/phi-2",
      "inference_mode": true,
      "peft_type": "LORA",
      "r": 16,
      "revision": null
    }
    ```

    ## Use instead

    ```json out/adapter_config.json
    {
      "base_model_name_or_path": "microsoft/phi-2",
      "inference_mode": true,
      "peft_type": "LORA",
      "r": 16,
      "revision": "834565c23f9b28b96ccbeabe614dd906b6db551a"
    }
    ```

    ## Fix safety

    Only whoever trained the adapter knows the commit; the fix is shown and not applied. The time
    of the training and the history of the base on the Hub narrow it down.

    ## Known problems

    Checkpoints of one run that record the same base are reported once. Code that pins the base
    itself when it loads the adapter does not mend the folder, which others load, too. A
    configuration to train with (no weights beside it, and not `"inference_mode": true`, which a
    save writes) records nothing yet and is silent.

    ## References

    - [PEFT issue 1567](https://github.com/huggingface/peft/issues/1567)
    - [PEFT pull request 1658](https://github.com/huggingface/peft/pull/1658)
    """
    for adapter, others in by_run(project, lambda each: _unpinned(project, each)):
        default = f' ("{adapter.revision}" is the default branch)' if adapter.revision else ""
        message = (
            f"this adapter does not record which revision of `{adapter.base}` it was trained"
            f" on{default}{others}: it is loaded onto whatever the default branch holds that day"
        )
        fix = fixes.shown('write the commit that it was trained on into "revision"')
        yield Finding(message, adapter.place("revision"), fix=fix, subject=adapter.base or "")


def _unpinned(project: Project, adapter: Adapter) -> str | None:
    """The base, where it is on the Hub, is to be pinned, and is not."""
    base = adapter.base
    is_meant = is_saved(adapter) and kind_of_base(adapter) == "hub" and not adapter.inside
    if base is None or not is_meant:
        return None
    if project.config.policy(base) == "any":
        return None
    return base if adapter.revision is None or adapter.revision in DEFAULT_BRANCHES else None
