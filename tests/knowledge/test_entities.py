"""Names: whom they stand for, where and when, and what happens to them when entities are renamed and merged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer import Guard, Knowledge
from guardlayer.errors import AmbiguousError, InputError, IntervalError, KnowledgeError, LimitError, NotFoundError
from guardlayer.knowledge.entities.model import Ambiguous, Entity
from guardlayer.knowledge.names import NameIndex
from guardlayer.text import tokenize
from guardlayer.types import Label, Turn


@pytest.fixture
def kb():
    with Knowledge.open(":memory:") as knowledge:
        knowledge.entity("Acme Corporation", aliases=["Acme"], type="company")
        knowledge.entity("Acme Records", aliases=["Acme"], type="record label")
        knowledge.entity("Acme Foods Ltd", aliases=["Acme"], type="company")
        knowledge.add("Acme Corporation", "list price", "$49", source="price list")
        knowledge.add("Acme Corporation", "CEO", "Dana Fox", source="register")
        knowledge.add("Acme Foods Ltd", "CEO", "Raj Patel", source="register")
        knowledge.add("Acme Records", "signed artist", "The Lanterns", source="press")
        yield knowledge


@pytest.fixture
def guard(kb):
    return Guard(knowledge=kb, log=None)


def verdict(guard, text, **options):
    (claim,) = guard.check(text, **options).claims
    return claim


# Names -----------------------------------------------------------------------------------------------------------


def test_an_added_alias_works_at_once(kb):
    """The very next question finds it, in a text and by itself, whatever was asked before."""
    assert kb.resolve("Acmeco", "Who runs Acmeco?") is None
    kb.entity("Acme Corporation", aliases=["Acmeco"])
    assert kb.resolve("Acmeco", "Who runs Acmeco?").name == "Acme Corporation"
    assert [found.text for found in kb.mentions("Who runs Acmeco today?")] == ["Acmeco"]


def test_an_alias_added_by_another_process_works_at_once(tmp_path):
    """Two connections to one file: what one adds the other finds."""
    with Knowledge.open(tmp_path / "a.db") as one, Knowledge.open(tmp_path / "a.db") as two:
        one.entity("Acme Corporation")
        assert two.resolve("Acmeco") is None
        one.entity("Acme Corporation", aliases=["Acmeco"])
        assert two.resolve("Acmeco").name == "Acme Corporation"
        one.drop_name("Acme Corporation", "Acmeco")
        assert two.resolve("Acmeco") is None


def test_a_longer_name_is_found_and_the_shorter_one_is_not_lost(kb):
    """'Acme Corporation' is one name and not 'Acme'; beside it 'Acme' is still found."""
    found = kb.mentions("Acme Corporation sued Acme.")
    assert [one.text for one in found] == ["Acme Corporation", "Acme"]
    assert str(found[0].entity) == "Acme Corporation"


@pytest.mark.parametrize("spelling", ["Acme Corp", "Acme Corp.", "ACME CORPORATION", "acme corporation"])
def test_a_legal_form_is_found_in_either_spelling(kb, spelling):
    """'Corp.' is 'Corporation', and case is not identity."""
    assert str(kb.resolve(spelling)) == "Acme Corporation"


def test_hidden_names_are_found_and_not_shown(kb):
    """A misspelling leads to the entity, and is nowhere among what is shown of it but in the list of its names."""
    kb.entity("Acme Records", hidden=["Akme Rekords"])
    assert kb.resolve("Akme Rekords").name == "Acme Records"
    assert {name.text: name.kind for name in kb.named("Acme Records").names}["Akme Rekords"] == "hidden"


@pytest.mark.parametrize("alias", ["the", "a", "it", "of the", "x", "7", "who", "Is it", "%"])
def test_an_alias_that_says_nothing_is_refused(kb, alias):
    """It would match every sentence; nothing is written, and the message says what to do."""
    if alias == "Is it":
        kb.entity("Acme Records", aliases=[alias])  # capitals: found only where it is written so
        assert kb.mentions("Tell me, is it raining?") == ()
        return
    with pytest.raises(InputError, match=r"give a longer name|no letter or digit"):
        kb.entity("Acme Records", aliases=[alias])
    assert kb.mentions("It is the end of the road, x 7 %, who knows.") == ()


@pytest.mark.parametrize(
    ("alias", "text", "there"),
    [
        ("plan", "Which plan is the best plan?", False),
        ("the portal", "Open the portal and sign in.", False),
        ("Target", "Our target was missed in June.", False),
        ("Target", "Target is a shop.", True),
        ("Target", "Target the young.", False),
        ("Target", "We went to Target.", True),
        ("WHO", "Who is there?", False),
        ("WHO", "WHO IS THERE?", False),
        ("WHO", "The WHO is in Geneva.", True),
        ("The Gap", "Mind the gap, said Ann.", False),
        ("Q", "Press q to leave, or Q.", False),
        ("2024", "Sales fell in 2024.", False),
    ],
)
def test_a_name_that_is_a_word_counts_only_where_it_is_written_as_a_name(kb, alias, text, there):
    """An everyday word, a letter or a number matches no sentence that merely uses it."""
    kb.entity("Zubrowka Holdings", aliases=[alias])
    assert bool(kb.mentions(text)) is there


def test_a_word_that_is_a_name_counts_where_something_else_speaks_for_it(kb):
    """'the portal' alone is a word; with its owner beside it, it is the vendor portal."""
    kb.entity("Vendor Portal", aliases=["the portal"], type="application")
    kb.add("Vendor Portal", "owner", "Procurement", source="s")
    assert not kb.resolve("the portal", "How do I open the portal?")
    assert kb.resolve("the portal", "Does Procurement run the portal?").name == "Vendor Portal"


def test_a_name_can_be_taken_away_but_not_the_preferred_one(kb):
    """A wrong alias goes, as if it had never been; the name that was given stays."""
    kb.drop_name("Acme Records", "Acme")
    assert {one.name for one in kb.resolve("Acme").candidates} == {"Acme Corporation", "Acme Foods Ltd"}
    with pytest.raises(KnowledgeError, match="preferred"):
        kb.drop_name("Acme Records", "Acme Records")
    with pytest.raises(NotFoundError):
        kb.drop_name("Acme Records", "Nobody")


@given(
    names=st.lists(
        st.lists(st.sampled_from(["kova", "lumo", "pira", "zent", "brix"]), min_size=1, max_size=3), max_size=8
    ),
    words=st.lists(st.sampled_from(["kova", "lumo", "pira", "zent", "brix", "und"]), max_size=12),
)
def test_the_index_finds_what_a_search_from_the_left_finds(names, words):
    """At each word the longest name that begins there, and none that overlaps it."""
    index = NameIndex()
    given_names = {" ".join(name): number for number, name in enumerate(names)}
    for name, number in given_names.items():
        index.add(number, [name])
    expected, at = [], 0
    while at < len(words):
        size = next((n for n in range(3, 0, -1) if " ".join(words[at : at + n]) in given_names), 0)
        size = min(size, len(words) - at)
        if size:
            expected.append((at, at + size))
        at += size or 1
    assert [(m.first, m.last) for m in index.find(tokenize(" ".join(words)))] == expected


# Scope and time --------------------------------------------------------------------------------------------------


def test_a_name_holds_in_its_scope_only(kb):
    """The CRM of one tenant is not that of another; without the scope it is asked; elsewhere it is nobody's name."""
    for name, tenant in (("Salesforce", "north"), ("HubSpot", "south")):
        kb.entity(name)
        kb.entity(name, aliases=["CRM"], scope={"tenant": tenant})
    assert kb.resolve("CRM", scope={"tenant": "north"}).name == "Salesforce"
    assert kb.resolve("CRM", scope={"Tenant": "SOUTH"}).name == "HubSpot"
    assert [one.name for one in kb.resolve("CRM").candidates] == ["Salesforce", "HubSpot"]
    assert kb.resolve("CRM", scope={"tenant": "east"}) is None
    assert kb.within({"tenant": "south"}).resolve("CRM").name == "HubSpot"


def test_a_name_of_one_scope_is_not_taken_without_it(kb):
    """Only one tenant calls something CRM; who asks from nowhere in particular is told so."""
    kb.entity("Salesforce")
    kb.entity("Salesforce", aliases=["CRM"], scope={"tenant": "north"})
    found = kb.resolve("CRM")
    assert isinstance(found, Ambiguous)
    assert "tenant north only" in found.reason


def test_a_guard_of_one_tenant_checks_that_tenants_facts(kb):
    """The same sentence is supported at one tenant, contradicted at the other, and asked about where none is known."""
    for name, tenant, fee in (("Alpha Plan", "north", "$10"), ("Beta Plan", "south", "$20")):
        kb.add(name, "monthly fee", fee, source=tenant)
        kb.entity(name, aliases=["Basis Plan"], scope={"tenant": tenant})
    said = "The monthly fee of the Basis Plan is $10."
    labels = [
        verdict(Guard(knowledge=known, log=None), said).verdict
        for known in (kb.within({"tenant": "north"}), kb.within({"tenant": "south"}), kb)
    ]
    assert labels == [Label.SUPPORTED, Label.CONTRADICTED, Label.UNVERIFIABLE]


def test_a_scope_needs_a_name_and_cannot_narrow_what_holds_everywhere(kb):
    """Both are mistakes of whoever writes them, and said to be."""
    with pytest.raises(InputError, match="give aliases"):
        kb.entity("Acme Records", scope={"tenant": "north"})
    with pytest.raises(KnowledgeError, match="everywhere"):
        kb.entity("Acme Records", aliases=["Acme"], scope={"tenant": "north"})
    kb.entity("Acme Records", aliases=["AR"], scope={"tenant": "north"})
    kb.entity("Acme Records", aliases=["AR"])
    assert kb.resolve("AR").name == "Acme Records", "declared everywhere since"


def test_declaring_again_changes_nothing(kb):
    """The same call twice is one name."""
    for _ in range(2):
        kb.entity("Acme Records", aliases=["AR"], scope={"tenant": "north"}, valid_to="2030")
    assert [str(name) for name in kb.named("Acme Records").names if name.text == "AR"] == [
        "AR (tenant north; … to 2030)"
    ]


def test_a_name_that_has_passed_on_is_decided_by_the_time(kb):
    """One bank bore the name until 2019, another since 2021: the date, or a year that is spoken of, decides."""
    kb.entity("Northline", aliases=["Sun Bank"], valid_to="2019")
    kb.entity("Helios", aliases=["Sun Bank"], valid_from="2021")
    assert kb.resolve("Sun Bank", at="2015").name == "Northline"
    assert kb.resolve("Sun Bank", at="2025").name == "Helios"
    assert kb.resolve("Sun Bank", "What did Sun Bank charge in 2016?", at="2025").name == "Northline"
    assert isinstance(kb.resolve("Sun Bank", at="2020"), Ambiguous)


# Renames ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def renamed():
    with Knowledge.open(":memory:") as knowledge:
        knowledge.entity("Twitter", type="company")
        knowledge.add("Twitter", "CEO", "Jack Dorsey", valid_from="2015", valid_to="2021-11-29", source="press")
        knowledge.add("Twitter", "CEO", "Linda Yaccarino", valid_from="2023-06-05", source="press")
        knowledge.rename("Twitter", "X", since="2023-07-24", author="dana", reason="announced")
        yield knowledge


def test_a_renamed_entity_is_found_by_both_names(renamed):
    """Asked by the old name or the new one, at any time, it is the same entity with all its facts."""
    for name in ("Twitter", "X"):
        assert renamed.ask(name, "CEO", at="2024").value == "Linda Yaccarino"
        assert renamed.ask(name, "CEO", at="2018").value == "Jack Dorsey"
    assert renamed.add("X", "CEO", "Ann Lee", source="s").entity == "X"


def test_an_earlier_time_shows_the_name_of_then(renamed):
    """What is said about 2018 says Twitter; what is said about 2024 says X."""
    assert renamed.ask("X", "CEO", at="2018").text.startswith("Twitter, CEO")
    assert renamed.ask("Twitter", "CEO", at="2024").text.startswith("X, CEO")
    assert renamed.named("X", at="2018").name == "Twitter"
    assert renamed.resolve("X", "Who was the CEO of X?", at="2018").name == "Twitter"


def test_what_was_answered_before_a_rename_is_answered_again(tmp_path):
    """Read as it was known before, the answer is the same, word for word."""
    with Knowledge.open(tmp_path / "a.db") as kb:
        kb.add("Twitter", "CEO", "Jack Dorsey", valid_from="2015", source="press")
        before = kb.ask("Twitter", "CEO", at="2024").text
        known = kb.fact("f1").recorded.start
        kb.rename("Twitter", "X", since="2023-07-24")
        assert kb.ask("Twitter", "CEO", at="2024").text != before
        assert kb.ask("Twitter", "CEO", at="2024", known_at=known).text == before


def test_renaming_twice_and_back_keeps_every_interval():
    """A, then B, then A again: each time shows its own."""
    with Knowledge.open(":memory:") as kb:
        kb.entity("Alpha AG")
        kb.rename("Alpha AG", "Beta AG", since="2010")
        kb.rename("Beta AG", "Alpha AG", since="2020")
        assert [kb.named("Alpha AG", at=year).name for year in ("2005", "2015", "2025")] == [
            "Alpha AG",
            "Beta AG",
            "Alpha AG",
        ]
        assert kb.named("Beta AG").name == "Alpha AG"


def test_a_rename_that_cannot_be_is_refused(renamed):
    """Before it had its present name; to a name that is another's; of something that is not there."""
    renamed.entity("Threads")
    with pytest.raises(IntervalError, match="since 2023-07-24 only"):
        renamed.rename("X", "Y Corp", since="2020")
    with pytest.raises(KnowledgeError, match="merge them"):
        renamed.rename("X", "Threads")
    with pytest.raises(NotFoundError):
        renamed.rename("Nobody", "Somebody")
    assert renamed.named("X").name == "X"


def test_a_spelling_can_be_put_right(renamed):
    """Other capitals are no other name."""
    assert renamed.rename("X", "x").name == "x"


def test_a_claim_by_the_old_name_is_checked_against_the_entity(renamed):
    """A stale model still says Twitter: its facts are those of X."""
    guard = Guard(knowledge=renamed, log=None)
    claim = verdict(guard, "The CEO of Twitter is Jack Dorsey.", at="2024-05-01")
    assert claim.verdict is Label.STALE
    assert claim.current.value == "Linda Yaccarino"


# Merges ----------------------------------------------------------------------------------------------------------


def test_a_merge_answers_with_the_facts_of_both_and_undoing_it_gives_each_its_own(kb):
    """Nothing is rewritten: after undoing it everything is as it was, and what was added since is where it was said."""
    kb.entity("ACME Corp of Ohio", aliases=["Ohio Acme"])
    kb.add("ACME Corp of Ohio", "headquarters", "Columbus", source="register")
    done = kb.merge("Acme Corporation", "ACME Corp of Ohio", author="dana", reason="one register number")
    assert (done.into, done.merged, done.author) == ("Acme Corporation", "ACME Corp of Ohio", "dana")
    assert kb.ask("Acme Corporation", "headquarters").value == "Columbus"
    assert kb.ask("Ohio Acme", "list price").text.startswith("Acme Corporation, list price")
    assert kb.resolve("Ohio Acme").merged == ("ACME Corp of Ohio",)
    kb.add("Ohio Acme", "founder", "Kim Bell", source="register")
    assert kb.ask("Acme Corporation", "founder").value == "Kim Bell"
    undone = kb.unmerge("ACME Corp of Ohio", author="eli", reason="two firms")
    assert (undone.undone_by, undone.undone_reason) == ("eli", "two firms")
    assert kb.ask("Acme Corporation", "headquarters").value is None
    assert kb.ask("ACME Corp of Ohio", "founder").value == "Kim Bell"
    assert [merge.undone is not None for merge in kb.merges()] == [True]
    with pytest.raises(NotFoundError, match="was not merged"):
        kb.unmerge("ACME Corp of Ohio")


def test_a_merge_settles_an_ambiguity(kb):
    """Two bearers of a name that were found to be one are no longer asked about."""
    kb.entity("Zent GmbH", aliases=["Zent"])
    kb.entity("Zent Holding", aliases=["Zent"])
    with pytest.raises(AmbiguousError):
        kb.add("Zent", "CEO", "Ann Lee")
    kb.merge("Zent GmbH", "Zent Holding")
    assert kb.resolve("Zent").name == "Zent GmbH"
    assert kb.add("Zent", "CEO", "Ann Lee").entity == "Zent GmbH"


def test_what_was_known_before_a_merge_is_answered_as_it_was(tmp_path):
    """A merge has its time of recording, as everything has."""
    with Knowledge.open(tmp_path / "a.db") as kb:
        kb.entity("Zent GmbH")
        kb.add("Zent Holding", "CEO", "Ann Lee", source="s")
        known = kb.fact("f1").recorded.start
        kb.merge("Zent GmbH", "Zent Holding")
        assert kb.ask("Zent GmbH", "CEO").value == "Ann Lee"
        assert kb.ask("Zent GmbH", "CEO", known_at=known).value is None
        assert kb.ask("Zent Holding", "CEO", known_at=known).text.startswith("Zent Holding, CEO: Ann Lee")


def test_a_merge_of_a_merge_is_one_entity_and_can_be_undone_in_any_order(kb):
    """Chains are followed; each link can be cut by itself."""
    for name in ("Ka Ltd", "Kb Ltd", "Kc Ltd"):
        kb.add(name, "code", name[:2], source="s")
    kb.merge("Kb Ltd", "Kc Ltd")
    kb.merge("Ka Ltd", "Kb Ltd")
    assert {kb.named(name).name for name in ("Ka Ltd", "Kb Ltd", "Kc Ltd")} == {"Ka Ltd"}
    assert {fact.value for fact in kb.history("Kc Ltd", "code")} == {"Ka", "Kb", "Kc"}
    kb.unmerge("Kb Ltd")
    assert [kb.named(name).name for name in ("Ka Ltd", "Kb Ltd", "Kc Ltd")] == ["Ka Ltd", "Kb Ltd", "Kb Ltd"]
    with pytest.raises(KnowledgeError, match="one entity already"):
        kb.merge("Kb Ltd", "Kc Ltd")


def test_things_of_different_types_are_not_merged(kb):
    """A company and a record label are no one thing, whoever says so."""
    with pytest.raises(KnowledgeError, match="cannot be one"):
        kb.merge("Acme Corporation", "Acme Records")


def test_a_correction_survives_the_nightly_load_after_a_merge(kb):
    """What was put right under one of the names is not brought back under it."""
    kb.add("Zent Holding", "CEO", "Ann Lea", source="nightly")
    kb.entity("Zent GmbH")
    kb.merge("Zent GmbH", "Zent Holding")
    wrong = kb.ask("Zent GmbH", "CEO").fact
    kb.correct(wrong, "Ann Lee", author="dana", reason="typo")
    kb.add("Zent Holding", "CEO", "Ann Lea", source="nightly")
    assert kb.ask("Zent GmbH", "CEO").value == "Ann Lee"


# Claims ----------------------------------------------------------------------------------------------------------


def test_a_claim_about_either_acme_names_the_candidates(guard):
    """Two companies called Acme have a CEO: the claim is held against neither, though it would be true of one."""
    claim = verdict(guard, "The CEO of Acme is Dana Fox.")
    assert claim.verdict is Label.UNVERIFIABLE
    assert "Acme Corporation" in claim.reason
    assert "Acme Foods Ltd" in claim.reason
    wrong = verdict(guard, "The CEO of Acme is Kim Bell.")
    assert wrong.verdict is Label.UNVERIFIABLE


def test_a_value_that_only_one_has_recorded_does_not_choose_it(guard):
    """Only one of two companies has a list price on record: that says nothing of whom the claim means."""
    assert verdict(guard, "Acme's list price is $49.").verdict is Label.UNVERIFIABLE


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("The CEO of Acme is Dana Fox.", {"question": "Who is the CEO of Acme Corporation?"}),
        ("Acme's CEO is Dana Fox.", {"turns": [("user", "What does Acme Corporation charge?"), ("assistant", "$49.")]}),
        ("Acme Corporation is led by its CEO; Acme's CEO is Dana Fox.", {}),
    ],
)
def test_what_is_said_around_a_claim_decides(guard, text, options):
    """The question, an earlier turn, or the claim itself names the one that is meant."""
    claims = guard.check(text, **options).claims
    assert claims[-1].verdict is Label.SUPPORTED


def test_the_one_that_is_meant_is_the_one_it_is_held_against(guard):
    """The value of the other Acme does not count, however true."""
    claim = verdict(guard, "The CEO of Acme is Dana Fox.", question="Who is the CEO of Acme Foods?")
    assert claim.verdict is Label.CONTRADICTED
    assert claim.current.value == "Raj Patel"


def test_a_sentence_that_settles_it_settles_the_next(guard):
    """What the answer itself has named before is what it goes on about."""
    claims = guard.check("Acme Foods Ltd has a new boss. The CEO of Acme is Raj Patel.").claims
    assert claims[-1].verdict is Label.SUPPORTED


# Asking ----------------------------------------------------------------------------------------------------------


def test_nothing_decides_where_two_are_named(kb):
    """Both were spoken of: the nearest text that names any does not choose, and no older one does."""
    turns = ["Tell me about Acme Records.", "Compare Acme Corporation with Acme Foods Ltd."]
    found = kb.resolve("Acme", "What does Acme do?", turns=turns)
    assert [one.name for one in found.candidates] == ["Acme Corporation", "Acme Foods Ltd"]
    assert not found


def test_turns_come_as_texts_pairs_or_turns(kb):
    """The three ways to hand over a conversation are one."""
    for turn in ("Acme Records?", ("user", "Acme Records?"), Turn("user", "Acme Records?")):
        assert kb.resolve("Acme", "How old is Acme?", turns=[turn]).name == "Acme Records"
    with pytest.raises(InputError, match="a turn must be"):
        kb.resolve("Acme", turns=[("user",)])


def test_the_type_that_is_asked_for_decides(kb):
    """Of one label and two companies, 'record label' is one, 'company' two, 'river' none."""
    assert kb.resolve("Acme", type="record label").name == "Acme Records"
    assert len(kb.resolve("Acme", type="company").candidates) == 2
    assert kb.resolve("Acme", type="river") is None


def test_an_entity_says_what_decided(kb):
    """Whoever reads the answer can see why it was taken."""
    found = kb.resolve("Acme", "Did The Lanterns leave Acme?")
    assert (str(found), found.why) == ("Acme Records", "'The Lanterns' is its signed artist")
    assert isinstance(found, Entity)


def test_bad_input_is_said_to_be(kb):
    """Nothing, too much, and names that are not there."""
    with pytest.raises(InputError):
        kb.resolve("")
    with pytest.raises(LimitError):
        kb.mentions("a" * 1_000_001)
    with pytest.raises(NotFoundError, match="declare it"):
        kb.named("Nobody")
    assert kb.resolve("!?") is None
    assert kb.resolve("Nobody", "Who is Nobody?") is None
    assert kb.mentions("") == ()


def test_long_texts_are_read_in_linear_time(kb):
    """A text of nothing but beginnings of names is read as any other."""
    kb.entity("Ban " * 15 + "End", aliases=["Ban Ban"])
    assert len(kb.mentions("Ban " * 20_000)) == 10_000


def test_entities_are_listed_without_those_merged_into_others(kb):
    """By type, by name, and each entity once."""
    kb.entity("Acme Corp of Ohio", type="company")
    kb.merge("Acme Corporation", "Acme Corp of Ohio")
    assert [one.name for one in kb.entities(type="company")] == ["Acme Corporation", "Acme Foods Ltd"]
    assert kb.entities()[0].merged == ("Acme Corp of Ohio",)
