"""Retrieval by meaning: found beside words, kept with the passages, and never in the way where there is none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from guardlayer import Knowledge
from guardlayer.errors import ConfigError
from guardlayer.knowledge.dense import SHIPPED, DenseIndex, ShippedEncoder

AT = datetime(2026, 6, 1, tzinfo=UTC)

TOPICS = {"refund": 0, "reimbursement": 0, "money back": 0, "parcel": 1, "shipment": 1, "holiday": 2, "vacation": 2}


class Topics:
    """An encoder that knows three topics, each with several words, and nothing else."""

    def __init__(self, digest: str = "topics/1", size: int = 70) -> None:
        self.digest = digest
        self.size = size
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[Any]:
        self.asked += texts
        rows = np.full((len(texts), self.size), -0.01, dtype=np.float32)
        for number, text in enumerate(texts):
            noise = np.random.default_rng(sum(text.encode())).standard_normal(self.size)
            rows[number] += 0.02 * noise.astype(np.float32)
            for word, topic in TOPICS.items():
                if word in text.lower():
                    rows[number, topic * 20 : topic * 20 + 20] = 1.0
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows


PAGES = {
    "refunds.md": "# Returns\n\nA refund is paid within ten days.\n",
    "post.md": "# Post\n\nEvery parcel is insured.\n",
    "leave.md": "# Leave\n\nA vacation of five weeks is usual.\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return three pages, each on its topic."""
    place = tmp_path / "pages"
    place.mkdir()
    for name, text in PAGES.items():
        (place / name).write_text(text)
    return place


def found(kb: Knowledge, text: str) -> list[str]:
    """Return the sources that a search gives, best first."""
    return [Path(hit.source.id).name for hit in kb.passages.search(text, at=AT)]


def test_other_words_for_the_same_are_found(folder: Path) -> None:
    """A question that shares no word with the passage finds it by meaning, once vectors were made; before, not."""
    kb = Knowledge.open(":memory:")
    kb.ingest(folder, source="pages")
    question = "When do customers get their reimbursement?"
    assert "refunds.md" not in found(kb, question)
    assert kb.embed(encoder=Topics()) == kb.passages.count()
    assert found(kb, question)[0] == "refunds.md"
    assert found(kb, "Every parcel is insured.")[0] == "post.md"


def test_making_vectors_again_makes_only_what_is_missing(folder: Path) -> None:
    """An interruption loses a batch at most, and unchanged passages keep their vectors through a re-ingest."""
    kb = Knowledge.open(":memory:")
    kb.ingest(folder, source="pages")
    seen: list[tuple[int, int]] = []
    kb.embed(encoder=Topics(), progress=lambda done, wanted: seen.append((done, wanted)))
    assert seen == [(3, 3)]
    encoder = Topics()
    assert kb.embed(encoder=encoder) == 0
    (folder / "post.md").write_text("# Post\n\nEvery shipment is insured twice.\n")
    kb.ingest(folder, source="pages")
    assert len(encoder.asked) == 1, "what was ingested got its vector with it, and nothing else was read again"
    assert found(kb, "Is my parcel covered?")[0] == "post.md"


def test_vectors_of_another_encoder_are_not_compared(folder: Path) -> None:
    """Each encoder has its own vectors: another one makes its own, and the first one's stay."""
    kb = Knowledge.open(":memory:")
    kb.ingest(folder, source="pages")
    kb.embed(encoder=Topics())
    assert kb.embed(encoder=Topics("topics/2", size=64)) == 3
    assert found(kb, "vacation")[0] == "leave.md"
    assert kb.store.read("SELECT count(*) FROM passage_vector")[0][0] == 6


def test_a_superseded_passage_is_found_with_what_took_its_place(folder: Path) -> None:
    """By meaning as by words: the former passage is marked, and the current one comes with it, first."""
    kb = Knowledge.open(":memory:")
    kb.ingest(folder, source="pages", effective_from="2025-01-01")
    (folder / "refunds.md").write_text("# Returns\n\nA refund is paid within thirty days.\n")
    kb.ingest(folder, source="pages", effective_from="2026-01-01")
    kb.embed(encoder=Topics())
    hits = kb.passages.search("How long until the reimbursement?", at=AT)
    assert [hit.standing.value for hit in hits if "refund" in hit.text][:2] == ["current", "superseded"]
    assert "thirty" in hits[0].text


def test_the_nearest_come_first_whatever_the_size() -> None:
    """The search by signs gives what comparing every vector gives."""
    rng = np.random.default_rng(5)
    kb = Knowledge.open(":memory:")
    rows = rng.standard_normal((3000, 96)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)

    class Fixed:
        digest = "fixed"

        def encode(self, texts: Sequence[str]) -> NDArray[Any]:
            return np.stack([rows[int(text)] + 0.25 * rows[(int(text) + 1) % 3000] for text in texts])

    with kb.store.write() as cursor:
        cursor.execute("INSERT INTO doc_document (source, uri) VALUES ('s', 'u')")
        for number in range(3000):
            cursor.execute(
                "INSERT INTO passage_passage (id, document, opened, lead, text) VALUES (?, 1, 1, '', ?)",
                (number + 1, str(number)),
            )
    index = DenseIndex(kb.store, Fixed())
    assert index.update() == 3000
    exact = Fixed().encode([str(n) for n in range(3000)])
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    for asked in (0, 7, 1500, 2999):
        cosines = exact @ Fixed().encode([str(asked)])[0]
        best = int(np.argmax(cosines)) + 1
        assert index.search(str(asked), 5)[0][0] == best


def test_an_erased_vector_is_out_of_the_search(folder: Path) -> None:
    """What is deleted beneath is not found any more."""
    kb = Knowledge.open(":memory:")
    kb.ingest(folder, source="pages")
    kb.embed(encoder=Topics())
    assert kb.passages.meaning.search("vacation", 1)
    with kb.store.write() as cursor:
        cursor.execute("DELETE FROM passage_vector")
    assert kb.passages.meaning.search("vacation", 1) == []


def test_without_vectors_no_encoder_is_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that was never embedded is searched by words, and the encoder stays where it is."""
    monkeypatch.setattr(ShippedEncoder, "_ready", lambda self: pytest.fail("loaded"))
    kb = Knowledge.open(":memory:")
    kb.ingest(folder, source="pages")
    assert found(kb, "refund")[0] == "refunds.md"


def test_a_folder_without_encoder_is_said(tmp_path: Path) -> None:
    """The error names the folder; files that are not the manifest's are refused."""
    assert not ShippedEncoder.available(tmp_path)
    with pytest.raises(ConfigError, match=str(tmp_path)):
        ShippedEncoder(tmp_path).encode(["x"])
    for name in ("encoder.int8.onnx", "model.int8.onnx", "tokenizer.json"):
        (tmp_path / name).write_bytes(b"x")
    digests = dict.fromkeys(("encoder.int8.onnx", "model.int8.onnx", "tokenizer.json"), "0")
    (tmp_path / "manifest.json").write_text(json.dumps({"sha256": digests}))
    assert ShippedEncoder.available(tmp_path)
    with pytest.raises(ConfigError, match="reinstall"):
        ShippedEncoder(tmp_path).encode(["x"])


@pytest.mark.skipif(not ShippedEncoder.available(SHIPPED), reason="the encoder is not in this checkout")
def test_the_shipped_encoder_knows_a_paraphrase(folder: Path) -> None:
    """Two ways to say one thing are nearer than two things; the same text gives the same bits, alone or in company."""
    encoder = ShippedEncoder(SHIPPED)
    said = [
        "The refund is paid in ten days.",
        "You get your money back after a week and a half.",
        "Parcels are insured.",
    ]
    vectors = encoder.encode(said)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.1
    assert np.array_equal(encoder.encode(said[:1])[0], vectors[0])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    kb = Knowledge.open(":memory:")
    kb.ingest(folder, source="pages")
    kb.embed()
    assert found(kb, "How much time off do employees have each year?")[0] == "leave.md"
