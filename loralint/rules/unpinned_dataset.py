"""LOR112."""

from __future__ import annotations

from collections.abc import Iterator

from loralint.project import Load, Project
from loralint.refs import is_repo_id
from loralint.rules.base import Finding, rule
from loralint.rules.judgement import fixes, wording
from loralint.rules.judgement.pinning import ABSENT_ONLY, are
from loralint.rules.judgement.values import is_true, texts


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
    for load in project.loads:
        ids = _ids(load)
        if ids and load.site.artifact == "dataset" and are(load.site.revision, ABSENT_ONLY):
            judged = tuple(name for name in ids if project.config.policy(name) != "any")
            if judged:
                what = wording.named(load, judged)
                message = f"{what} is loaded with no revision: the next run may train on other data"
                yield Finding.at(load, message, subject=judged[0], fix=fixes.shown(_FIX))


_FIX = "pass revision= with the commit you mean"

_LEGACY = frozenset(
    """imdb squad squad_v2 glue super_glue wikitext wikipedia bookcorpus cnn_dailymail xsum samsum
    ag_news dbpedia_14 yelp_review_full yelp_polarity amazon_polarity mnist cifar10 cifar100 c4 mc4
    oscar openwebtext gsm8k hellaswag piqa winogrande boolq openbookqa ptb_text_only lambada
    conll2003 emotion rotten_tomatoes trec tweet_eval sst2 wmt14 wmt16 wmt19 opus_books multi_news
    billsum eli5 trivia_qa natural_questions hotpot_qa race quac coqa food101 beans fashion_mnist
    common_voice librispeech_asr superb minds14 the_pile codeparrot""".split()
)
"""One-part names that `load_dataset` finds on the Hub; builders (`json`, `csv`) are none."""


def _ids(load: Load) -> tuple[str, ...]:
    names = texts(load.site.repo_id)
    on_hub = names and all(is_repo_id(name) or name in _LEGACY for name in names)
    return names if on_hub and not is_true(load.option("local_files_only")) else ()
