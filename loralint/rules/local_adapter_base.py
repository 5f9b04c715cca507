"""LOR402."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.facts import RECORDED
from loralint.project import Adapter, Project
from loralint.refs import is_repo_id
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes
from loralint.rules.judgement.adapters import by_run, hub_base, is_saved, kind_of_base


@rule("LOR402", "local-adapter-base", severity="warning")
def local_adapter_base(project: Project) -> Iterator[Finding]:
    """An adapter folder names a local folder as its base, or nothing.

    ## Why is this bad?

    The path means nothing on another machine: `AutoPeftModel.from_pretrained` fails there, or
    loads whatever lies at that path. Which model it was, and which revision of it, is lost. PEFT
    writes down the name that the base was loaded by.

    ## Example

    ```json out/adapter_config.json
    {
      "base_model_name_or_path": "/home/me/models/phi-2",
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

    Only whoever trained the adapter knows the model; the fix is shown and not applied. A path of
    the Hub's cache and the model card may tell.

    ## Known problems

    A folder of the project itself is no finding: whoever has the adapter has the base. A model
    that is no transformers model has no name to be written down, and a configuration to train with
    records nothing yet: both are silent, too.

    ## References

    - [PEFT: checkpoint format](https://huggingface.co/docs/peft/developer_guides/checkpoint)
    """
    for adapter, others in by_run(project, _lost):
        fix = fixes.shown(_advice(adapter))
        place = adapter.place(RECORDED)
        yield Finding(_message(adapter, others), place, fix=fix, subject=adapter.base or "")


def _lost(adapter: Adapter) -> str | None:
    """What is recorded, where that is of no use to others."""
    kind = kind_of_base(adapter)
    if not is_saved(adapter):
        return None
    if kind == "none":
        return None if _has_no_name(adapter) else ""
    return adapter.base if kind == "local" and not adapter.inside else None


def _has_no_name(adapter: Adapter) -> bool:
    """Whether the base is a model of the project's own: it was loaded by no name."""
    mapping = adapter.config.get("auto_mapping")
    library = mapping.get("parent_library") if isinstance(mapping, dict) else None
    return isinstance(library, str) and not library.startswith(("transformers", "diffusers"))


def _message(adapter: Adapter, others: str) -> str:
    if adapter.base is None:
        return (
            f"this adapter does not record its base model{others}: AutoPeftModel cannot load it,"
            " and nobody can tell what it was trained on"
        )
    return (
        f"this adapter records the local path `{adapter.base}` as its base model{others}: on"
        " another machine that is nothing, or another model"
    )


def _advice(adapter: Adapter) -> str:
    known = hub_base(adapter)
    if known is not None:
        return f'the path is that of `{known[0]}` in the Hub\'s cache, "revision": "{known[1]}"'
    named = [name for name, _ in adapter.card if is_repo_id(name)]
    if len(named) == 1:
        return f"README.md names `{named[0]}`: write it into {RECORDED}, with its revision"
    return f"write the Hub id and the revision of the base into {RECORDED} and revision"
