"""What a string means as a Hub repo id, and what it means as a revision.

The forms are those of `huggingface_hub.utils.validate_repo_id` and
`huggingface_hub.constants.REGEX_COMMIT_OID` (huggingface_hub 1.x); the exceptions are measured:
see `docs/decisions/`.
"""

from __future__ import annotations

import re
from typing import Literal

RevisionKind = Literal[
    "absent",
    "commit",
    "default-branch",
    "branch-or-tag",
    "pull-request",
    "abbreviated",
    "unknown",
    "forwarded",
]

DEFAULT_BRANCHES = frozenset({"main", "master", "HEAD", ""})

_COMMIT = re.compile(r"[0-9a-f]{40}")
_ABBREVIATED = re.compile(r"[0-9a-fA-F]{7,}")
_PULL_REQUEST = re.compile(r"refs/pr/\d+")
_NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?"
_TWO_PARTS = re.compile(rf"({_NAME})/({_NAME})")
_PLACEHOLDER = re.compile(
    r"^your([-_/]|org|name|user|hf|account|repo|company|team|hub)"
    r"|^(my|some|any|other|another)[-_.]?(org|user|name|account|hf|hub|repo|model|team|other)[^/]*/"
    r"|^(user[-_]?name|hf[-_]?user(name)?|namespace|path|path[-_]?to[^/]*)/"
    r"|/(your|path)[-_]|/checkpoint-(\d+|x+|\*)$|<|\{|\.\.\.|^(path|dir|folder|model)s?[-_]?to/|/to/",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(out|output|result|checkpoint|ckpt|experiment|exp)s?(_?v?\d+|_.+)")

FOLDERS = frozenset(
    """output outputs out model models result results run runs checkpoint checkpoints ckpt ckpts
    save saves saved saved_models saved_model data dataset datasets log logs tmp temp cache .cache
    exp exps experiment experiments weight weights artifact artifacts adapter adapters lora loras
    merged trained trained_models finetuned fine_tuned pretrained pretrained_models local work
    work_dirs workdir workspace content mnt home root opt src test tests assets build dist export
    exports base_models hf_models llm llms model_cache lora_model lora_models model_output
    training_output final final_model training train eval infer inference scripts configs config
    examples download downloads storage drive volume vol shared scratch""".split()
)
"""First path parts that real code uses for folders of its own, never for Hub organisations."""

LEGACY_IDS = frozenset(
    """gpt2 gpt2-medium gpt2-large gpt2-xl distilgpt2 openai-gpt bert-base-uncased bert-base-cased
    bert-large-uncased bert-large-cased bert-base-chinese bert-base-multilingual-cased
    bert-base-multilingual-uncased bert-large-uncased-whole-word-masking
    bert-large-uncased-whole-word-masking-finetuned-squad distilbert-base-uncased
    distilbert-base-cased distilbert-base-multilingual-cased distilbert-base-cased-distilled-squad
    distilbert-base-uncased-finetuned-sst-2-english roberta-base roberta-large roberta-large-mnli
    distilroberta-base xlm-roberta-base xlm-roberta-large xlnet-base-cased xlnet-large-cased
    albert-base-v1 albert-base-v2 albert-large-v2 albert-xlarge-v2 albert-xxlarge-v2
    camembert-base t5-small t5-base t5-large t5-3b t5-11b ctrl transfo-xl-wt103
    google-bert facebook-bart""".split()
)
"""One-part Hub names that the Hub still serves (huggingface.co legacy models)."""


LEGACY_DATASETS = frozenset(
    """imdb squad squad_v2 glue super_glue wikitext wikipedia bookcorpus cnn_dailymail xsum samsum
    ag_news dbpedia_14 yelp_review_full yelp_polarity amazon_polarity mnist cifar10 cifar100
    c4 mc4 oscar openwebtext gsm8k hellaswag piqa winogrande boolq openbookqa ptb_text_only
    lambada conll2003 emotion rotten_tomatoes trec tweet_eval sst2 wmt14 wmt16 wmt19
    opus_books multi_news billsum eli5 trivia_qa natural_questions hotpot_qa race quac coqa
    food101 beans fashion_mnist common_voice librispeech_asr superb minds14 the_pile
    codeparrot sst ai2_arc cosmos_qa commonsense_qa swag math_qa math_dataset aqua_rat drop
    narrativeqa duorc quail quoref quartz ropes sciq social_i_qa wiki_qa wiki_hop xquad xnli
    xtreme snli multi_nli anli paws paws-x mlqa tydiqa cmrc2018 drcd clue amazon_reviews_multi
    amazon_us_reviews app_reviews banking77 clinc_oos financial_phrasebank poem_sentiment
    ade_corpus_v2 go_emotions hate_speech18 hatexplain hate_offensive toxic_comments
    jigsaw_toxicity_pred sms_spam medical_questions_pairs quora pubmed_qa med_hop
    scientific_papers arxiv_dataset big_patent aeslc gigaword reddit reddit_tifu wiki_lingua
    mlsum opinosis newsgroup newsroom xl_sum dialogsum conv_ai_2 daily_dialog
    empathetic_dialogues blended_skill_talk multi_woz_v22 taskmaster2 code_search_net
    code_x_glue_cc_code_to_text code_x_glue_ct_code_to_text mbpp openai_humaneval apps
    conceptual_captions coco_captions cppe-5 oxford-iiit-pet svhn tiny_imagenet imagenet-1k
    imagenet_sketch cats_vs_dogs ncbi_disease bc2gm_corpus jnlpba wnut_17 wikiann
    universal_dependencies conll2000 conll2012_ontonotesv5 lex_glue eurlex scan cfq e2e_nlg
    web_nlg common_gen tab_fact wiki_table_questions wikisql spider sem_eval_2010_task_8 fever
    liar climate_fever truthful_qa tatoeba ted_talks_iwslt opus100 wmt15 wmt17 wmt18 iwslt2017
    flores un_pc europarl_bilingual multilingual_librispeech timit_asr vivos voxpopuli fleurs
    speech_commands crema_d lj_speech pg19 tiny_shakespeare wiki40b cc100 ptb enwik8 lm1b
    hendrycks_test adversarial_qa blimp crows_pairs stereoset winobias wino_bias hans
    health_fact scitail subjqa tweets_hate_speech_detection yahoo_answers_topics
    yahoo_answers_qa ms_marco search_qa eli5_category stsb_multi_mt piaf fquad allocine germeval_14
    gnad10 sberquad squad_it squad_es squad_kor_v1 squad_kor_v2 squadshifts squad_adversarial
    squad_v1_pt klue kor_nli kor_ner kor_hate nsmc indic_glue indonlu bnl_newspapers
    arabic_billion_words arcd peoples_daily_ner msra_ner weibo_ner thainer wongnai_reviews cc_news
    bookcorpusopen wiki_bio wiki_split wikihow wiki_auto conllpp cord19 covid_qa_deepset scicite
    scielo biosses hyperpartisan_news_detection sentiment140 discofuse break_data nq_open
    web_questions winograd_wsc social_bias_frames kilt_tasks kilt_wikipedia lc_quad mkqa mlama
    xcopa xcsr xtreme_s species_800 linnaeus numer_sense proto_qa""".split()
)
"""One-part names under which `load_dataset` finds what the Hub keeps for its oldest datasets."""

_SENTENCE_TRANSFORMERS = re.compile(
    r"(all|paraphrase|multi-qa|msmarco|distiluse|nli|stsb|quora|gtr-t5|sentence-t5|clip-ViT"
    r"|static|allenai-specter|LaBSE)(-[A-Za-z0-9.-]+)?"
)


def is_sentence_transformer(text: str) -> bool:
    """Whether sentence-transformers looks a one-part name up in its own Hub organisation."""
    return "-" in text and _SENTENCE_TRANSFORMERS.fullmatch(text) is not None


def is_repo_id(text: str) -> bool:
    """Whether `text` is certainly meant as a Hub repo id and not as a folder."""
    if text.rstrip() != text or ("--" in text and "snapshots" in text):
        return False
    match = _TWO_PARTS.fullmatch(text)
    if match is None:
        return text in LEGACY_IDS
    if ".." in text or text.endswith(".git") or _PLACEHOLDER.search(text):
        return False
    return not _is_folder(match[1]) and not _looks_like_file(text)


def is_dataset_id(text: str) -> bool:
    """Whether `text` is certainly meant as a dataset of the Hub and not as a folder."""
    return text in LEGACY_DATASETS or is_repo_id(text)


def _is_folder(part: str) -> bool:
    """Whether a first part is a folder's name: `fine-tuned`, `results_v2`, `checkpoint-500`."""
    name = part.lower().replace("-", "_")
    return name in FOLDERS or _NUMBERED.fullmatch(name) is not None


def _looks_like_file(text: str) -> bool:
    suffixes = (".json", ".yaml", ".yml", ".pt", ".pth", ".bin", ".safetensors", ".txt", ".jsonl")
    return text.endswith((*suffixes, ".csv", ".parquet", ".py"))


def is_commit(text: str) -> bool:
    """Whether `text` is a full commit id, as huggingface_hub has it."""
    return _COMMIT.fullmatch(text) is not None


def kind_of(text: str | None) -> RevisionKind:
    """Classify a revision that the code gives; None is what the loaders take for the default."""
    if text is None or text in DEFAULT_BRANCHES:
        return "default-branch"
    if is_commit(text):
        return "commit"
    if _PULL_REQUEST.fullmatch(text):
        return "pull-request"
    if _ABBREVIATED.fullmatch(text) and len(text) != 40:
        return "abbreviated"
    return "branch-or-tag"


_SNAPSHOT = re.compile(r"models--([^/\\]+?)--([^/\\]+)[/\\]snapshots[/\\]([^/\\]*)")


def snapshot_folder(repo_id: str, revision: str) -> str:
    """Where the Hub's cache keeps a repository at a revision, below its own folder."""
    return f"models--{repo_id.replace('/', '--')}/snapshots/{revision}"


def snapshot_of(path: str) -> tuple[str, str] | None:
    """The repository and the revision whose folder of the Hub's cache a path leads into."""
    match = _SNAPSHOT.search(path)
    return (f"{match[1]}/{match[2]}", match[3]) if match is not None else None
