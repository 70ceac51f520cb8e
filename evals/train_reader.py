"""Trains the reader of `rag/reader.py` on the CPU, and scores it on articles held out.

    python evals/train_reader.py DATASETS [--out models/reader.safetensors]

DATASETS holds `squad2/questions.jsonl`, `chunking-evaluation/` and `multihop-rag/` (see README.md).
Questions are asked over all articles of their set; a question's candidate sentences, the linear
model's own choice, are read with it. Training puts the answering tokens before all others of the
question's candidates, and tells answered from unanswered questions. What the linear model gives is
added while training, so that the reader learns what that does not know. Two thirds of SQuAD's
articles are trained on; the other third is held out, and nothing of the starter set is used.

Two rounds (`ROUNDS`): SQuAD, then all sets together. Each ends at half its first rate, and what was
learnt after either is averaged (Wortsman et al., "Model soups", 2022): a second pass over all sets
made the held-out figures worse. Takes about an hour on two cores that do nothing else.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import random
import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from fit_evidence import held_out, rows, squad
from safetensors.numpy import save_file
from sklearn.metrics import roc_auc_score
from torch import nn
from torch.nn import functional
from transformers import BertModel

from rag.assistant import Assistant
from rag.features import UNREAD
from rag.models import _default_embedder
from rag.reader import SENTENCE, PairReader, Told, paired
from rag.schema import Article
from rag.sentences import sentence_spans
from rag.settings import Settings
from rag.tokens import tokenizer as read_tokenizer
from rag.weights import sha256

RANK, SEED, BATCH, RATE = 16, 1, 8, 7e-4
FROZEN = 1
"""The lowest layers that stay as they are."""
ANSWERED, UNANSWERED = 6, 3
"""Candidates read of a question of either sort, half of them the hardest, the others drawn."""
NO_ANSWER = 0.5
"""The weight of telling answered questions from others, against finding the sentence."""
ADVERSARIAL = 0.4
"""The weight therein of SQuAD's adversarial questions, half of which are left out besides."""
ROUNDS = ("squad", "squad chunking news multihop")


@dataclass
class Example:
    """A question, its candidates, which of their tokens answer, and what is known without reading.

    `tokens` names for each candidate the places of answering tokens within the sentence.
    """

    group: str
    article: str
    question: str
    answered: bool
    told: list[Told]
    tokens: list[list[int]]
    linear: np.ndarray


def examples(asked, tokenizer) -> list[Example]:
    """Examples of what `fit_evidence` collects."""
    return [
        Example(
            group=a.group,
            article=a.article,
            question=a.question,
            answered=a.answered,
            told=[Told(s.passage.title, s.before, s.text) for s in a.sentences],
            tokens=[
                places(tokenizer, s.text, a.answers) if right else []
                for s, right in zip(a.sentences, a.right, strict=True)
            ],
            linear=a.table @ UNREAD.select,
        )
        for a in asked
        if len(a.sentences) > 1 and (a.right.any() or not a.answered)
    ]


def places(tokenizer, text, answers) -> list[int]:
    """The tokens at which an answer begins; all of the sentence's where no answer is on record."""
    starts = {
        found.start()
        for answer in answers
        for found in re.finditer(re.escape(answer.lower()), text.lower())
    }
    spans = tokenizer.encode(text, add_special_tokens=False).offsets[:SENTENCE]
    begun = [n for n, (start, end) in enumerate(spans) if any(start <= s < end for s in starts)]
    return begun or list(range(len(spans)))


def ask(articles, questions, group) -> list:
    """Asks `(question, article, test of a sentence, without)` over all articles of a set."""
    settings = Settings.load(llm={"enabled": False})
    with tempfile.TemporaryDirectory() as folder, Assistant.open(folder, settings) as assistant:
        assistant.ingest(articles)
        return [
            rows(assistant, question, group, 0, right, without, article=article)
            for question, article, right, without in questions
        ]


def chunking(folder: Path) -> list:
    """Questions with reference spans; a sentence answers that is in one, or holds one."""
    texts = {p.stem: p.read_text(encoding="utf-8") for p in (folder / "corpora").glob("*.md")}
    articles = [Article(article_id=name, title="", text=text) for name, text in texts.items()]
    with (folder / "questions.csv").open(encoding="utf-8") as file:
        listed = list(csv.DictReader(file))
    questions = [
        (row["question"], row["corpus_id"], within(r["content"] for r in spans), "")
        for row in listed
        for spans in [json.loads(row["references"])]
    ]
    return ask(articles, questions, "chunking")


def multihop(folder: Path) -> list:
    """Questions on several articles' facts, and some that no article answers."""
    lines = (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    questions = []
    for query in map(json.loads, lines):
        facts = [item["fact"] for item in query["evidence"]]
        right = within(facts) if query["answer"] and facts else None
        questions.append((query["text"], query["_id"], right, ""))
    return ask(folder / "corpus.jsonl", questions, "multihop")


def news(folder: Path) -> list:
    """Our own questions on the same articles; each also with its article taken away."""
    lines = (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    texts = {record["_id"]: record["text"] for record in map(json.loads, lines)}
    questions = []
    for line in QUESTIONS.read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        text, start = texts[item["article"]], item["start"]
        sentence = next(text[a:b] for a, b in sentence_spans(text) if a == start)
        right = within([sentence], item["article"])
        questions.append((item["question"], item["article"], right, ""))
        questions.append((item["question"], item["article"], right, item["article"]))
    return ask(folder / "corpus.jsonl", questions, "news")


QUESTIONS = Path(__file__).parent / "reader_questions.jsonl"
"""The question, the article's id, and where the answering sentence starts in the data set's text:
ours, so that none of the articles' text is here."""


def within(quotes, article=""):
    """A test of sentences: part of a quote or the other way round, white space aside."""
    folded = ["".join(quote.split()) for quote in quotes]

    def right(sentence) -> bool:
        own = "".join(sentence.text.split())
        of_article = article in ("", sentence.passage.article_id)
        return of_article and any(own in quote or quote in own for quote in folded)

    return right


class LowRank(nn.Module):
    """A dense layer that stays as it is, and a change to it of low rank."""

    def __init__(self, dense: nn.Linear) -> None:
        super().__init__()
        self.dense = dense
        self.down = nn.Parameter(torch.randn(RANK, dense.in_features) / dense.in_features**0.5)
        self.up = nn.Parameter(torch.zeros(dense.out_features, RANK))

    def forward(self, entering):
        """The layer's output, changed."""
        change = functional.linear(functional.linear(entering, self.down), self.up)
        return self.dense(entering) + 2.0 * change


class Trained(nn.Module):
    """The encoder with low-rank changes, and a number for each token."""

    def __init__(self, folder) -> None:
        super().__init__()
        none = {"attention_probs_dropout_prob": 0.0, "hidden_dropout_prob": 0.0}
        self.encoder = BertModel.from_pretrained(  # nosec B615  # a folder that the install brings
            folder.path, add_pooling_layer=False, **none
        )
        self.encoder.requires_grad_(requires_grad=False)
        for layer in self.encoder.encoder.layer[FROZEN:]:
            for holder, name in (
                (layer.attention.self, "query"),
                (layer.attention.self, "key"),
                (layer.attention.self, "value"),
                (layer.attention.output, "dense"),
                (layer.intermediate, "dense"),
                (layer.output, "dense"),
            ):
                setattr(holder, name, LowRank(getattr(holder, name)))
        self.head = nn.Linear(self.encoder.config.hidden_size, 1)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)
        self.threshold = nn.Parameter(torch.tensor(3.0))

    def forward(self, pairs) -> list[torch.Tensor]:
        """For each pair the numbers of its sentence's tokens; pairs of like length go together."""
        found: dict[int, torch.Tensor] = {}
        order = sorted(range(len(pairs)), key=lambda place: len(pairs[place].ids))
        for at in range(0, len(order), 16):
            places = order[at : at + 16]
            numbers = self.head(self._encoded([pairs[place] for place in places]))[..., 0]
            for row, place in zip(numbers, places, strict=True):
                found[place] = row[pairs[place].start : pairs[place].end]
        return [found[place] for place in range(len(pairs))]

    def _encoded(self, pairs):
        shape = len(pairs), max(len(pair.ids) for pair in pairs)
        ids, mask, segments = (torch.zeros(shape, dtype=torch.long) for _ in range(3))
        for row, pair in enumerate(pairs):
            length = len(pair.ids)
            ids[row, :length], mask[row, :length] = torch.tensor(pair.ids), 1
            segments[row, :length] = torch.tensor(pair.segments)
        read = self.encoder(input_ids=ids, attention_mask=mask, token_type_ids=segments)
        return read.last_hidden_state

    def learnt(self) -> dict[str, np.ndarray]:
        """What `rag.reader` reads: see there."""
        tensors = {
            name.removeprefix("encoder."): value.detach() * (2.0 if name.endswith(".up") else 1.0)
            for name, value in self.named_parameters()
            if value.requires_grad and name != "threshold"
        }
        return {name: value.numpy().astype(np.float16) for name, value in tensors.items()}


def chosen(example: Example, most: int, chance: random.Random) -> list[int]:
    """The candidates to train on: two that answer, the hardest others, and some of the rest."""
    order = [int(place) for place in np.argsort(-example.linear)]
    if not example.answered:
        return order[:most]
    right = [place for place in order if example.tokens[place]][:2]
    wrong = [place for place in order if not example.tokens[place]]
    room = most - len(right)
    hard, rest = wrong[: (room + 1) // 2], wrong[(room + 1) // 2 :]
    return right + hard + chance.sample(rest, min(len(rest), room - len(hard)))


def loss(model: Trained, tokenizer, batch: list[Example], chance: random.Random) -> torch.Tensor:
    """The mean over questions; see the module's docstring."""
    picked = [chosen(e, ANSWERED if e.answered else UNANSWERED, chance) for e in batch]
    pairs = [
        pair
        for example, places in zip(batch, picked, strict=True)
        for pair in paired(tokenizer, example.question, [example.told[p] for p in places])
    ]
    numbers = iter(model(pairs))
    total = torch.zeros(())
    for example, places in zip(batch, picked, strict=True):
        own = [next(numbers) for _ in places]
        known = torch.tensor(example.linear[places] - example.linear[places].max()).float()
        if example.answered:
            total = total + _among(own, known, [example.tokens[p] for p in places])
        answered = torch.logsumexp(torch.cat(own), 0) - model.threshold
        weight = NO_ANSWER * (ADVERSARIAL if example.group == "squad-adversarial" else 1.0)
        total = total + weight * functional.binary_cross_entropy_with_logits(
            answered, torch.tensor(float(example.answered))
        )
    return total / len(batch)


def _among(numbers, known, tokens) -> torch.Tensor:
    """How unlikely the answering tokens are among all of a question's."""
    values = torch.cat([row + plus for row, plus in zip(numbers, known, strict=True)])
    right = torch.cat([_marked(len(row), t) for row, t in zip(numbers, tokens, strict=True)])
    return torch.logsumexp(values, 0) - torch.logsumexp(values[right], 0)


def _marked(length: int, tokens: list[int]) -> torch.Tensor:
    marks = torch.zeros(length, dtype=torch.bool)
    marks[tokens] = True
    return marks


def with_history(found: list[Example], chance: random.Random) -> list[Example]:
    """Some questions behind another one on the same article, as follow-ups are made whole."""
    last: dict[str, Example] = {}
    joined = []
    for example in (e for e in found if e.answered):
        earlier = last.get(example.article)
        last[example.article] = example
        if earlier and (example.group == "news" or chance.random() < 0.1):
            question = f"{earlier.question.rstrip(' ?.')} – {example.question}"
            joined.append(replace(example, question=question))
    return found + joined


def train(model: Trained, tokenizer, found: list[Example]) -> None:
    """One pass with AdamW: a short warm-up, then a rate that falls to half."""
    chance = random.Random(SEED)  # noqa: S311  # nothing to keep secret
    kept = [e for e in found if e.group != "squad-adversarial" or chance.random() < 0.5]
    kept = with_history(kept, chance)
    head = [model.head.weight, model.head.bias, model.threshold]
    low_rank = [p for name, p in model.named_parameters() if name.endswith((".up", ".down"))]
    groups = [{"params": low_rank, "lr": RATE}, {"params": head, "lr": 4 * RATE}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    steps = math.ceil(len(kept) / BATCH)
    fall = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / 40, 1 - step / steps / 2)
    )
    chance.shuffle(kept)
    for at in range(0, len(kept), BATCH):
        optimizer.zero_grad()
        loss(model, tokenizer, kept[at : at + BATCH], chance).backward()
        nn.utils.clip_grad_norm_([*low_rank, *head], 1.0)
        optimizer.step()
        fall.step()
    print(f"trained on {len(kept)} questions", flush=True)


def averaged(rounds: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The mean of several changes; of low-rank ones the ranks add up."""
    mean: dict[str, np.ndarray] = {}
    for name in rounds[0]:
        parts = [learnt[name].astype(np.float32) for learnt in rounds]
        if name.endswith(".down"):
            mean[name] = np.concatenate(parts, axis=0)
        elif name.endswith(".up"):
            mean[name] = np.concatenate(parts, axis=1) / len(parts)
        else:
            mean[name] = np.mean(parts, axis=0)
    return {name: tensor.astype(np.float16) for name, tensor in mean.items()}


def score(reader: PairReader, found: list[Example]) -> str:
    """How often an answering sentence is among the best, without reading and with it; ROC-AUC."""
    places: dict[str, list[int]] = {"linear": [], "with reading": []}
    told, answered = [], []
    for example in found:
        read = np.array([one.odds for one in reader.read(example.question, example.told)])
        told.append(float(np.logaddexp.reduce(read)))
        answered.append(example.answered)
        if example.answered:
            right = np.array([bool(tokens) for tokens in example.tokens])
            for name, values in (
                ("linear", example.linear),
                ("with reading", example.linear + read / 2),
            ):
                order = np.argsort(-values, kind="stable")
                places[name].append(int(np.flatnonzero(right[order])[0]))
    lines = [
        f"{name:13}" + " ".join(f"top{k} {np.mean(np.array(at) < k):.3f}" for k in (1, 2, 6))
        for name, at in places.items()
    ]
    return "\n".join([*lines, f"answerable, reading alone: {roc_auc_score(answered, told):.3f}"])


def main() -> None:
    """Collect, train, score on what was held out, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("datasets", type=Path)
    parser.add_argument("--out", type=Path, default=Path("models/reader.safetensors"))
    parser.add_argument("--every", type=int, default=1, help="use every Nth SQuAD question")
    given = parser.parse_args()
    torch.manual_seed(SEED)
    folder = _default_embedder()
    tokenizer = read_tokenizer(folder.path)
    with tempfile.TemporaryDirectory() as where:
        path = given.datasets / "squad2" / "questions.jsonl"
        asked = examples(squad(path, given.every, Path(where)), tokenizer)
    articles = [e.article for e in asked]
    sets = {"squad": [e for e in asked if not held_out(e.article, articles)]}
    for collect, name in ((chunking, "chunking-evaluation"), (news, "multihop-rag")):
        sets[collect.__name__] = examples(collect(given.datasets / name), tokenizer)
    sets["multihop"] = examples(multihop(given.datasets / "multihop-rag"), tokenizer)
    model = Trained(folder)
    rounds = []
    for names in ROUNDS:
        train(model, tokenizer, [e for name in names.split() for e in sets[name]])
        rounds.append(model.learnt())
    given.out.parent.mkdir(parents=True, exist_ok=True)
    save_file(averaged(rounds), given.out)
    digest = sha256(given.out)
    print(f"{given.out}: sha256 {digest}, for `_READER_SHA256` of rag/models.py")
    reader = PairReader(folder, given.out, digest)
    print(score(reader, [e for e in asked if held_out(e.article, articles)]))


if __name__ == "__main__":
    main()
