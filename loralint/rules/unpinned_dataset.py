"""LOR112."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.project import Project
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import ABSENT_ONLY, are, hub_loads


@rule("LOR112", "unpinned-dataset", severity="warning", default=False)
def unpinned_dataset(project: Project) -> Iterator[Finding]:
    """A dataset is loaded from the Hub with no revision.

    ## Why is this bad?

    Datasets are corrected, extended and taken down. A training that cannot be repeated on the
    same data cannot be repeated.

    ## Example

    ```python train.py
    from datasets import load_dataset

    data = load_dataset("databricks/databricks-dolly-15k", split="train")
    ```

    ## Use instead

    ```python train.py
    from datasets import load_dataset

    data = load_dataset(
        "databricks/databricks-dolly-15k",
        split="train",
        revision="bdd27f4d94b9c1f951818a7da7fd7aeea5dbff1a",
    )
    ```

    ## Fix safety

    Only the Hub knows the commit.

    ## Known problems

    A data set that is pinned by `data_files` with a URL at a commit is reported all the same.
    """
    for load, ids in hub_loads(project):
        if load.site.artifact == "dataset" and are(load.site.revision, ABSENT_ONLY):
            what = wording.named(load, ids)
            message = f"{what} is loaded with no revision: the next run may train on other data"
            yield Finding.at(load, message, subject=ids[0], fix=fixes.shown(_FIX))


_FIX = "pass revision= with the commit you mean"
