"""``guardlayer.toml``: a guard as a file, and errors that name what to write."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from guardlayer import Action, ConfigError, Guard, GuardlayerError, Label, config
from guardlayer.testing import FixedClock

ROOT = Path(__file__).resolve().parents[2]
FACTS = """entity,attribute,value,source,valid_from,valid_to
Acme,list price,$39,price list 2024,2024-01-01,2025-05-01
Acme,list price,$49,price list 2025,2025-05-01,
"""
STALE = "The list price of Acme is $39."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of a configuration, elsewhere than the working directory."""
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "facts.csv").write_text(FACTS)
    (folder / "handbook").mkdir()
    (folder / "handbook" / "trial.md").write_text("# Trial\n\nThe trial of Acme lasts 14 days.\n")
    return folder


def load(folder: Path, text: str) -> Guard:
    path = folder / "guardlayer.toml"
    path.write_text(text)
    return Guard.from_file(path, clock=FixedClock("2026-01-01"))


def test_a_file_builds_the_whole_guard(folder: Path) -> None:
    """Facts, documents, policy, log and model come from the file, with paths relative to it."""
    guard = load(
        folder,
        """
        [guard]
        policy = "strict"
        log = "records.db"
        model = "ft:support-2026-03"
        verifiers = ["structured", "lexical"]

        [knowledge]
        path = "acme.db"
        facts = ["facts.csv"]
        documents = ["handbook/"]
        """,
    )
    report = guard.check(STALE)
    assert report.claims[0].verdict is Label.STALE
    assert report.action is Action.BLOCK
    assert report.draft.model is not None
    assert report.draft.model.name == "ft:support-2026-03"
    assert guard.check("The trial of Acme lasts 14 days.").ok
    assert (folder / "records.db").exists()
    assert (folder / "acme.db").exists()


def test_an_empty_file_is_the_defaults(folder: Path) -> None:
    """Every key may be left out."""
    guard = load(folder, "")
    assert guard.check("Hi.").policy.startswith("enforce@")
    assert (folder / ".guardlayer" / "provenance.db").exists()


def test_loading_twice_changes_nothing(folder: Path) -> None:
    """A guard that is built again on the same files knows the same facts, once."""
    text = '[guard]\nlog = false\n[knowledge]\npath = "acme.db"\nfacts = ["facts.csv"]\ndocuments = ["handbook"]\n'
    counts = []
    for _ in range(2):
        guard = load(folder, text)
        assert guard.knowledge is not None
        counts.append(guard.knowledge.stats())
        guard.knowledge.close()
    assert counts[0] == counts[1]


def test_a_policy_table_extends_a_preset(folder: Path) -> None:
    """``[policy]`` changes what it names, and leaves the rest of the preset as it is."""
    text = """
    [guard]
    policy = "observe"
    log = false
    [knowledge]
    facts = ["facts.csv"]
    [policy]
    deadline = 2.5
    [policy.actions]
    "fact.stale" = "block"
    """
    guard = load(folder, text)
    assert guard.check(STALE).action is Action.BLOCK
    assert guard.check("The list price of Acme is $12.").action is Action.PASS


def test_a_policy_may_be_a_file(folder: Path) -> None:
    """``policy`` may name a policy file beside the configuration."""
    (folder / "mine.toml").write_text('extends = "observe"\n[actions]\n"fact.stale" = "redact"\n')
    guard = load(folder, '[guard]\npolicy = "mine.toml"\nlog = false\n[knowledge]\nfacts = ["facts.csv"]\n')
    report = guard.check(STALE)
    assert report.action is Action.REDACT
    assert report.policy.startswith("mine@")


def test_a_log_that_is_false_is_none(folder: Path) -> None:
    """``log = false`` keeps no records, which the report says."""
    report = load(folder, "[guard]\nlog = false\n").check("Hi.")
    assert any("log is switched off" in notice for notice in report.notices)
    assert not (folder / ".guardlayer").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[gaurd]\n", ["gaurd", "did you mean 'guard'"]),
        ('[guard]\npolcy = "strict"\n', ["guard.polcy", "did you mean 'policy'"]),
        ("[guard]\nverifers = []\n", ["guard.verifers", "did you mean 'verifiers'"]),
        ('[knowledge]\nfact = ["facts.csv"]\n', ["knowledge.fact", "did you mean 'facts'"]),
        ("[guard]\nlog = 7\n", ["guard.log"]),
        ("[guard]\nlog = true\n", ["guard.log", "false"]),
        ('[guard]\nverifiers = "structured"\n', ["guard.verifiers"]),
        ('[guard]\nverifiers = ["structural"]\n', ["structural", "did you mean 'structured'"]),
        ('[guard]\npolicy = "enfroce"\n', ["enfroce", "enforce"]),
        ('[guard]\npolicy = "gone.toml"\n', ["gone.toml"]),
        ("[policy]\ndeadlin = 3\n", ["deadlin", "deadline"]),
        ('[policy.actions]\n"fact.stael" = "block"\n', ["stael", "stale"]),
        ('[policy.actions]\n"fact.stale" = "blok"\n', ["blok", "block"]),
        ("[policy]\ndeadline = -1\n", ["deadline"]),
        ("[guard\n", ["not TOML", "line 1"]),
    ],
)
def test_mistakes_are_named(folder: Path, text: str, said: list[str]) -> None:
    """A mistake is an error that names the file, the key, and the nearest right spelling."""
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    for part in said:
        assert part in str(caught.value)
    assert "guardlayer.toml" in str(caught.value) or ".toml" in text or "verifiers" in text


@pytest.mark.parametrize("data", [b"\xff\xfe[guard]", b"a" * 1_000_001], ids=["not-utf-8", "too-large"])
def test_what_is_no_configuration_is_refused(folder: Path, data: bytes) -> None:
    """Bytes that are no text, and files too large to be a configuration, are refused by name."""
    (folder / "guardlayer.toml").write_bytes(data)
    with pytest.raises(ConfigError, match=r"guardlayer\.toml"):
        Guard.from_file(folder / "guardlayer.toml")


def test_a_missing_file_is_named(folder: Path) -> None:
    """A configuration that is not there is named, and how to do without."""
    with pytest.raises(ConfigError, match=r"gone\.toml.*Guard\("):
        Guard.from_file(folder / "gone.toml")


def test_a_bad_fact_file_is_named_with_its_line(folder: Path) -> None:
    """A configuration that loads a broken fact file says which file and line, and half-loads nothing."""
    (folder / "facts.csv").write_text(FACTS + "Acme,seats,5,s,2025-01-01,2024-01-01\n")
    with pytest.raises(GuardlayerError, match=r"facts\.csv:4"):
        load(folder, '[guard]\nlog = false\n[knowledge]\npath = "acme.db"\nfacts = ["facts.csv"]\n')
    guard = load(folder, '[guard]\nlog = false\n[knowledge]\npath = "acme.db"\n')
    assert guard.knowledge is not None
    assert guard.knowledge.stats().facts == 0


def test_the_example_is_whole(folder: Path) -> None:
    """The example of the documentation loads, and has every key that there is."""
    text = (ROOT / "docs" / "guardlayer.example.toml").read_text()
    assert load(folder, text).check("Hi.").policy.startswith("acme@")
    table = tomllib.loads(text)
    assert set(table["guard"]) == set(config._Guard.model_fields)
    assert set(table["knowledge"]) == set(config._Knowledge.model_fields)
    apart = {name for name in ("state", "permissions") if f"# [{name}]" in text}  # they need files of their own
    assert set(table) | apart == set(config._File.model_fields)


def test_documents_may_state_facts_and_a_call_s_documents_their_time(folder: Path) -> None:
    """Tables of documents become facts where the file says so; metadata= is a table of the file."""
    (folder / "handbook" / "plans.md").write_text("# Plans\n\n| Plan | Price |\n|---|---|\n| Pro | $49 |\n")
    text = '[guard]\nlog = false\n[knowledge]\ndocuments = ["handbook"]\ndocument_facts = "auto"\n[metadata]\nsource = "doc"\nupdated = ["day", "edited"]\n'
    guard = load(folder, text)
    assert guard.knowledge is not None
    assert guard.knowledge.ask("Pro", "Price").value == "$49"
    pieces = [{"text": f"The fee is {n}%.", "doc": "fees", "edited": f"202{n}-01-01"} for n in (3, 4)]
    assert guard.check("The fee is 3%.", evidence=pieces).claims[0].verdict is Label.STALE
    with pytest.raises(ConfigError, match="facts='all'"):
        load(folder, '[knowledge]\ndocuments = ["handbook"]\ndocument_facts = "all"\n')
    with pytest.raises(ConfigError, match="knows no 'sourse'"):
        load(folder, '[metadata]\nsourse = "doc"\n')
