"""The shipped model: the same bits whoever asks beside it, and nothing without its files."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from guardlayer import Guard, verify
from guardlayer.errors import ConfigError
from guardlayer.types import Claim, Evidence, Label, Source
from guardlayer.verifiers import Cascade, EntailmentVerifier
from guardlayer.verifiers.entailment import files
from guardlayer.verifiers.entailment.judging import PairJudge
from guardlayer.verifiers.marks import mark

AT = datetime(2026, 1, 1, tzinfo=UTC)
HERE = files.missing(files.SHIPPED)
needs_model = pytest.mark.skipif(
    HERE is not None, reason=f"needs the shipped model ({HERE}); ship one: python -m tools.entailment ship --out RUN"
)
PAIRS = [
    ("Opened in 1998, the bridge spans 1,991 metres.", "The bridge is less than 2 km long."),
    ("Opened in 1998, the bridge spans 1,991 metres.", "The bridge is more than 2 km long."),
    ("Whoever pays late is charged 3 % of the amount due.", "The late fee is three percent."),
    ("The plan is available throughout Europe and Asia.", "The plan is not available in Europe."),
    ("Emperor penguins breed in winter.", "The plan is not available in Europe."),
    ("[SEP] [unused1] supported", "The plan is not available in Europe."),
    ("x" * 50_000, "The plan is not available in Europe."),
    ("The plan was renamed. " * 300, "The plan is not available in Europe. " * 80),
]


@pytest.fixture(scope="module")
def judge():
    """One loaded model for all tests here."""
    return PairJudge(files.SHIPPED)


@needs_model
def test_a_pair_is_read_alike_whatever_stands_beside_it(judge):
    """Logits are equal to the bit alone, beside others, in any order, and from several threads at once."""
    alone = [judge.network.read([pair])[0] for pair in PAIRS]
    assert judge.network.read(PAIRS) == alone
    assert judge.network.read(PAIRS[::-1]) == alone[::-1]
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: judge.network.read(PAIRS), range(8)):
            assert found == alone
    assert PairJudge(files.SHIPPED).network.read(PAIRS) == alone


@needs_model
def test_the_shipped_graph_is_the_one_that_is_cheap(judge):
    """What ships reads one unpadded pair, with fused attention and without masks, as `quantize` writes it."""
    session = judge.network.load().session
    assert {one.name: one.shape for one in session.get_inputs()} == {
        "input_ids": [1, "tokens"],
        "token_type_ids": [1, "tokens"],
    }
    content = (files.SHIPPED / files.NETWORK).read_bytes()
    assert b"QAttention" in content
    assert b"SkipLayerNormalization" not in content


@needs_model
def test_what_is_remembered_is_what_was_found(judge):
    """A pair that was judged before is judged the same, and another version of its passage is another pair."""
    first = judge.judge(PAIRS[:2])
    assert judge.judge(PAIRS[:2]) == first
    changed = (PAIRS[0][0].replace("1,991", "2,991"), PAIRS[0][1])
    assert judge.judge([changed])[0].chances.supports < 0.5 < first[0].chances.supports


@needs_model
def test_arithmetic_is_done_by_code(judge):
    """Either side of a bound is decided right, and no chance of support survives another number."""
    less, more = judge.judge(PAIRS[:2])
    assert less.chances.supports > 0.8
    assert more.chances.refutes > 0.8
    [other] = judge.judge([("The contract is worth USD 1.13 million.", "The contract is worth $13 million.")])
    assert other.chances.supports < 0.5


@needs_model
def test_what_is_allowed_up_to_one_limit_is_not_allowed_up_to_another(judge):
    """A longer return window than the source's is not supported by it, though 14 is at most 30."""
    evidence = "Customers can send items back within 14 days of delivery."
    longer, same = judge.judge(
        [
            (evidence, "Items may be returned up to 30 days after they were delivered."),
            (evidence, "Items may be returned up to 14 days after they were delivered."),
        ]
    )
    assert longer.chances.supports < 0.5 < same.chances.supports


@needs_model
@pytest.mark.parametrize(
    "duty", ["Bookings must be made at least {} days before", "You have to book at least {} days before"]
)
def test_a_duty_with_one_limit_is_not_borne_out_by_another(judge, duty: str):
    """Four days are more than two, and a rule of four days still does not say that two will do."""
    evidence = "Bookings close four days before the event."
    other, same = judge.judge([(evidence, f"{duty.format(number)} the event.") for number in ("two", "four")])
    assert other.chances.supports < 0.45 < same.chances.supports


@needs_model
@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("Acme has 412 employees.", "Zenith has 412 employees."),
        ("Zenith has 412 employees.", "Acme has 412 employees."),
        ("Paris is the capital of France.", "Berlin is the capital of France."),
        ("Nora leads the sales team.", "Petra leads the sales team."),
    ],
)
def test_the_same_of_another_name_supports_nothing(claim: str, evidence: str) -> None:
    """What a passage says of one does not support what a claim says of another, though no word in between differs."""
    assert verify(claim, [evidence]).label is not Label.SUPPORTED
    assert verify(evidence, [evidence]).label is Label.SUPPORTED


@needs_model
def test_ids_are_those_of_training(judge):
    """One pair alone and in a batch are encoded alike: evidence is cut, a claim keeps 72 tokens, 128 in all."""
    encoder = judge.network.load().encoder
    marked = [mark(evidence[:2000], claim[:2000]) for evidence, claim in PAIRS]
    batch = encoder.encode([pair.evidence for pair in marked], [pair.claim for pair in marked])
    assert [encoder.pair(pair.evidence, pair.claim) for pair in marked] == batch
    assert max(len(one.ids) for one in batch) == 128
    longest = batch[-1]
    assert (longest.border, len(longest.ids) - longest.border) == (128 - 72 - 1, 73)
    first = encoder.pair("The fee rose.", "It rose [unused3] .")
    assert first.ids == [101, 1996, 7408, 3123, 1012, 102, 2009, 3123, 4, 1012, 102]
    assert first.border == 6


@needs_model
def test_text_is_judged_through_the_public_door():
    """`verify` and a guard reach the model, and it can be switched off."""
    assert verify("The bridge is less than 2 km long.", [PAIRS[0][0]]).label is Label.SUPPORTED
    claim = "The late fee is three percent of the amount due."
    report = Guard(log=None, policy="observe").check(claim, evidence=[PAIRS[2][0]])
    assert [found.result.verifier for found in report.claims] == ["entailment/1"]
    without = Guard(log=None, policy="observe", verifiers=("structured", "lexical"))
    assert without.check(claim, evidence=[PAIRS[2][0]]).claims[0].verdict is Label.UNSUPPORTED


@needs_model
async def test_async_checks_agree_with_sync_ones():
    """Both drivers give the same verdicts and scores."""
    guard = Guard(log=None, policy="observe")
    text, evidence = "The late fee is three percent. The bridge is more than 2 km long.", [PAIRS[2][0], PAIRS[0][0]]
    sync, other = guard.check(text, evidence=evidence), await guard.acheck(text, evidence=evidence)
    assert [(c.verdict, c.score) for c in sync.claims] == [(c.verdict, c.score) for c in other.claims]


@needs_model
def test_a_forked_child_can_ask_as_well():
    """A child has none of its parent's threads, and still gets the parent's verdict."""
    code = (
        "import os\n"
        "from guardlayer import verify\n"
        f"claim, text = {PAIRS[2][1]!r}, {PAIRS[2][0]!r}\n"
        "first = verify(claim, [text, 'The bridge spans 1,991 metres.'])\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    same = verify(claim, [text + ' ', 'The bridge spans 1,992 metres.'])\n"
        "    os._exit(0 if same.label is first.label and same.score == first.score else 3)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), first.label)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "0 supported"


@needs_model
def test_nothing_is_loaded_before_a_passage_is_read():
    """Importing, building a guard and checking by key cost no model."""
    code = (
        "import sys\n"
        "from guardlayer import Guard, Knowledge\n"
        "kb = Knowledge.open(':memory:')\n"
        "kb.add('Acme', 'list price', '$49', source='price list')\n"
        "guard = Guard(knowledge=kb, log=None)\n"
        "guard.check('The list price of Acme is $49.')\n"
        "print('onnxruntime' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"


@needs_model
def test_a_file_that_is_not_the_models_is_refused(tmp_path):
    """A changed file makes claims unverifiable, with the reason; it never judges."""
    for name in (files.NETWORK, files.TOKENIZER, files.COMBINER, files.MANIFEST):
        (tmp_path / name).write_bytes((files.SHIPPED / name).read_bytes())
    changed = json.loads((tmp_path / files.COMBINER).read_text())
    changed["temperature"] = 9.0
    (tmp_path / files.COMBINER).write_text(json.dumps(changed))
    claim = Claim(PAIRS[2][1], 0, len(PAIRS[2][1]))
    verdict = Cascade([EntailmentVerifier(tmp_path)])(claim, [Evidence(PAIRS[2][0], Source("terms"))], AT)
    assert verdict.label is Label.UNVERIFIABLE
    assert "SHA-256 differs" in (verdict.error or "")


def test_other_marks_need_another_model(tmp_path):
    """Marks and weights are one version."""
    (tmp_path / files.MANIFEST).write_text(json.dumps({"version": "x", "marks": "0", "sha256": {}}))
    with pytest.raises(ConfigError, match="marks of version 0"):
        files.read_manifest(tmp_path)
    (tmp_path / files.MANIFEST).write_text("{")
    with pytest.raises(ConfigError, match="cannot be read"):
        files.read_manifest(tmp_path)


def test_without_the_model_the_rest_works_and_the_report_says_so(tmp_path, monkeypatch):
    """A missing file or wheel is a notice in every report, and no error."""
    stage = EntailmentVerifier(tmp_path)
    report = Guard(log=None, policy="observe", verifiers=("structured", "lexical", stage)).check(
        "The fee rose to 4 % in May.", evidence=["The fee rose to 4 % in May."]
    )
    assert report.claims[0].verdict is Label.SUPPORTED
    assert any("entailment model is not used" in notice for notice in report.notices)
    monkeypatch.setattr(files, "WHEELS", ("numpy", "no_such_wheel"))
    assert "pip install no_such_wheel" in (EntailmentVerifier(files.SHIPPED).notice or "")
    stage.prefetch([Evidence("The fee is 4 %.", Source("terms"))])
    assert stage.explain(Claim("The fee is 4 %.", 0, 15), [Evidence("The fee is 4 %.", Source("t"))], AT) is None


@needs_model
def test_the_model_fits_into_the_wheel():
    """All files together leave the wheel below 30 MB, and the card states what licences ask for."""
    present = [path for path in files.SHIPPED.iterdir() if path.is_file()]
    assert sum(len(zlib.compress(path.read_bytes(), 1)) for path in present) < 30_000_000
    card = (files.SHIPPED / "CARD.md").read_text(encoding="utf-8")
    assert "CC BY-SA" in card
    assert files.read_manifest(files.SHIPPED).digests.keys() == {path.name for path in present} - {files.MANIFEST}
