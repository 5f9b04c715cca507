"""LOR109."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.facts import Default, Writing, leaves
from loralint.project import Load, Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import is_local, is_pinned
from loralint.rules.judgement.values import texts


@rule("LOR109", "revision-on-local-path", severity="warning", default=False)
def revision_on_local_path(project: Project) -> Iterator[Finding]:
    """A revision is given for a local folder, where the loader ignores it.

    ## Why is this bad?

    A folder holds one version. The loader takes it, whatever `revision` says, and does not check
    that it is the one you mean.

    ## Example

    ```python serve.py
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained("./models/phi-2", revision="refs/pr/23")
    ```

    ## Use instead

    ```python serve.py
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained("microsoft/phi-2", revision="refs/pr/23")
    ```

    Or name the snapshot folder of the Hub cache, which carries its commit.

    ## Fix safety

    There is no automatic fix.

    ## Known problems

    The revision may serve another load of a script whose path can be an id as well, so the rule
    is off unless selected.
    """
    for load in project.loads:
        if load.download is not None:
            continue  # the revision is the download's
        is_given = is_local(load) and is_pinned(load.site.revision)
        if is_given and not _may_be_an_id(load) and not _is_for_another(project, load):
            what = f"{wording.noun(load)} {wording.value(load.site.repo_id)}"
            message = f"the {what} is a local folder: {_given(load)} is ignored"
            path = texts(load.site.repo_id)[0]
            yield Finding.at(load, message, subject=path, fix=fixes.shown("drop the revision"))


def _is_for_another(project: Project, load: Load) -> bool:
    """Whether one key or flag gives the revision to a repository of the Hub as well."""
    site = load.site
    return site.writing is not Writing.CALL and any(
        one.site.function == site.function
        and one.site.revision_key == site.revision_key
        and not is_local(one)
        for one in project.loads_in(site.path)
    )


def _may_be_an_id(load: Load) -> bool:
    """Whether somebody may put a Hub id where the folder is only the default."""
    return any(isinstance(leaf, Default) for leaf in leaves(load.site.repo_id))


def _given(load: Load) -> str:
    return f"revision={wording.value(load.site.revision)}"
