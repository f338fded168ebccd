"""Permissions: what a principal may not read is no evidence, no correction and no prompt; and "may" is asked, not read."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from guardlayer import Guard, Knowledge
from guardlayer.errors import ConfigError, NotFoundError
from guardlayer.knowledge.permissions import Access, CedarEngine, PermissionClaims, Permitted, Ruling, Seen
from guardlayer.knowledge.permissions.model import resource_of, resource_of_fact
from guardlayer.types import Claim, Kind, Label, Principal, Query

HR = Principal("hana", attributes={"groups": ["hr"]})
SALES = Principal("sam", attributes={"groups": ["sales"]})
POLICIES = """
permit(principal, action == Action::"read", resource);
forbid(principal, action == Action::"read", resource in Attribute::"salary") unless { principal in Group::"hr" };
forbid(principal, action == Action::"read", resource in Source::"handbook/hr") unless { principal in Group::"hr" };
"""


@pytest.fixture
def kb() -> Knowledge:
    """Return a layer with a salary that changed, and a price."""
    kb = Knowledge.open(":memory:")
    kb.attribute("salary", cardinality="one")
    old = kb.add("Ann Bell", "salary", "$90,000", source="payroll", valid_from="2024-01-01")
    kb.supersede(old, "$104,000", valid_from="2026-01-01", source="payroll")
    kb.add("Acme", "list price", "$49", source="price list")
    return kb


@pytest.mark.parametrize("claim", ["The salary of Ann Bell is $90,000.", "The salary of Ann Bell is $104,000."])
def test_what_may_not_be_read_answers_nothing(kb: Knowledge, claim: str) -> None:
    """Neither verdict, nor reason, nor correction tells a stranger what the salary is; to HR it is a fact."""
    guard = Guard(knowledge=kb, log=None, permissions=CedarEngine(POLICIES))
    told = guard.acting_for(SALES).check(claim)
    assert told.claims[0].verdict is Label.UNSUPPORTED
    for secret in {"$90,000", "$104,000"} - {claim[-8:-1], claim[-9:-1]}:
        assert secret not in repr(told)
    known = guard.acting_for(HR).check(claim).claims[0]
    assert known.verdict in (Label.SUPPORTED, Label.STALE)


def test_a_successor_that_may_not_be_read_corrects_nothing(kb: Knowledge) -> None:
    """Where only the old value may be read, the new one does not leak through `stale` and its correction."""
    policies = (
        'permit(principal, action == Action::"read", resource) '
        'unless { resource has source && resource.source == "secret plan" };'
    )
    kb.attribute("launch date", cardinality="one")
    old = kb.add("Orion", "launch date", "2026-05-01", source="roadmap", valid_from="2025-01-01")
    kb.supersede(old, "2027-09-30", valid_from="2026-01-01", source="secret plan")
    guard = Guard(knowledge=kb, log=None, permissions=CedarEngine(policies))
    report = guard.acting_for(SALES).check("The launch date of Orion is 2026-05-01.")
    assert not re.search(r"2027\W+0?9", repr(report))


def test_nobody_is_not_everybody(kb: Knowledge) -> None:
    """A guard with policies that serves no principal reads what anybody may, and says so."""
    guard = Guard(knowledge=kb, log=None, permissions=CedarEngine(POLICIES))
    report = guard.check("The salary of Ann Bell is $104,000. The list price of Acme is $49.")
    assert [c.verdict for c in report.claims] == [Label.UNSUPPORTED, Label.SUPPORTED]
    assert any("anonymous" in notice and "sha256:" in notice for notice in report.notices)


def test_prompt_and_slots_hold_only_what_may_be_read(kb: Knowledge) -> None:
    """A denied fact never reaches the prompt, nor a slot."""
    guard = Guard(knowledge=kb, log=None, permissions=CedarEngine(POLICIES))
    question = "What does Ann Bell earn, and what does Acme cost?"
    assert "104,000" not in guard.acting_for(SALES).prompt(question)
    assert "$49" in guard.acting_for(SALES).prompt(question)
    assert "104,000" in guard.acting_for(HR).prompt(question)
    slot = "She earns {{fact:Ann Bell/salary}}."
    assert "104,000" not in guard.acting_for(SALES).check(slot).output
    assert "104,000" in guard.acting_for(HR).check(slot).output
    assert "104,000" not in "".join(guard.acting_for(SALES).stream(iter([slot])))


def test_passages_are_filtered_by_folder(tmp_path: Path) -> None:
    """A policy on a source holds for every document in that folder."""
    folder = tmp_path / "handbook"
    (folder / "hr").mkdir(parents=True)
    (folder / "hr" / "pay.md").write_text("# Pay\n\nThe bonus pool of 2026 is four million dollars.\n")
    (folder / "food.md").write_text("# Food\n\nThe canteen opens at eleven.\n")
    kb = Knowledge.open(":memory:")
    kb.ingest(folder, source="handbook")
    guard = Guard(knowledge=kb, log=None, permissions=CedarEngine(POLICIES))
    text = "The bonus pool of 2026 is four million dollars."
    assert guard.acting_for(SALES).check(text).claims[0].evidence == ()
    assert guard.acting_for(HR).check(text).claims[0].verdict is Label.SUPPORTED
    assert guard.acting_for(SALES).check("The canteen opens at eleven.").claims[0].verdict is Label.SUPPORTED


def test_the_users_own_retriever_is_filtered_too() -> None:
    """Passages of a retriever pass the same policies, by their source."""

    def retriever(_: str) -> list[dict[str, object]]:
        return [{"text": "The merger closes on 3 May 2027.", "metadata": {"source": "handbook/hr"}}]

    guard = Guard(sources=[retriever], log=None, permissions=CedarEngine(POLICIES))
    assert guard.acting_for(SALES).check("The merger closes on 3 May 2027.").claims[0].evidence == ()


class _Oracle:
    """Policies as plain rules, decided by a few lines of our own: what Cedar must agree with."""

    def __init__(self, rng: random.Random) -> None:
        self.rules = [
            (rng.choice("pf"), rng.choice(["any", *"abc"]), rng.choice(["any", "e0", "e1", "a0", "a1", "s0", "s1"]))
            for _ in range(rng.randint(0, 6))
        ]

    def cedar(self) -> str:
        names = {"e": "Entity", "a": "Attribute", "s": "Source"}
        lines = []
        for effect, group, what in self.rules:
            who = "principal" if group == "any" else f'principal in Group::"{group}"'
            on = "resource" if what == "any" else f'resource in {names[what[0]]}::"{what}"'
            lines.append(f'{"permit" if effect == "p" else "forbid"}({who}, action == Action::"read", {on});')
        return "\n".join(lines)

    def allows(self, groups: Sequence[str], names: Sequence[str]) -> bool:
        hits = [e for e, group, what in self.rules if group in ("any", *groups) and what in ("any", *names)]
        return "p" in hits and "f" not in hits


def test_random_policies_leak_nothing_and_withhold_nothing() -> None:
    """Over random policies, principals and facts, what gets through is exactly what an independent oracle permits."""
    rng = random.Random(11)
    kb = Knowledge.open(":memory:")
    facts = [
        kb.add(f"e{entity}", f"a{attribute}", f"{entity}{attribute}{source}", source=f"s{source}")
        for entity in range(3) for attribute in range(3) for source in range(2)
    ]  # fmt: skip
    for _ in range(60):
        oracle = _Oracle(rng)
        engine = CedarEngine(oracle.cedar())
        groups = rng.sample("abc", rng.randint(0, 2))
        who = Principal("p", attributes={"groups": groups})
        for fact in rng.sample(facts, 6):
            names = (fact.entity, fact.attribute, fact.source.id)
            query = Query(
                Claim(f"{fact.attribute} of {fact.entity} is {fact.value}", 0, 9), fact.recorded.start, principal=who
            )  # type: ignore[arg-type] # recorded facts have a start
            seen = {e.fact.id for e in Permitted(kb.keyed, engine).search(query) if e.fact is not None}
            everything = {e.fact for e in kb.keyed.search(query) if e.fact is not None}
            assert fact in everything
            allowed = {f.id for f in everything if oracle.allows(groups, (f.entity, f.attribute, f.source.id))}
            assert seen == allowed, (oracle.rules, groups, names)


def test_an_engine_that_fails_permits_nothing(kb: Knowledge) -> None:
    """Whatever goes wrong while policies are evaluated, the claim is unverifiable, never answered."""

    class Broken:
        digest = "sha256:0"

        def decide(self, accesses: Sequence[Access]) -> Sequence[Ruling]:
            raise RuntimeError("boom")

    report = Guard(knowledge=kb, log=None, permissions=Broken()).check("The salary of Ann Bell is $104,000.")
    assert report.claims[0].verdict is Label.UNVERIFIABLE

    class Short:
        digest = "sha256:0"

        def decide(self, accesses: Sequence[Access]) -> Sequence[Ruling]:
            return []

    report = Guard(knowledge=kb, log=None, permissions=Short()).check("The salary of Ann Bell is $104,000.")
    assert report.claims[0].verdict is Label.UNVERIFIABLE


def test_partial_evaluation_is_a_filter_and_never_the_decision(kb: Knowledge) -> None:
    """An engine whose filter promises everything still permits only what it decides."""

    class Hopeful(CedarEngine):
        def hopeless(self, principal: Principal, action: str) -> bool:
            return False

    guard = Guard(knowledge=kb, log=None, permissions=Hopeful(POLICIES))
    assert guard.acting_for(SALES).check("The salary of Ann Bell is $104,000.").claims[0].evidence == ()
    assert CedarEngine("").hopeless(SALES, "read")
    assert not CedarEngine(POLICIES).hopeless(SALES, "read")


@pytest.mark.parametrize("name", ['x" in Group::"hr', "a\nb", "ü🙂", "\\", 'User::"hana"'])
def test_odd_names_do_not_become_policy(kb: Knowledge, name: str) -> None:
    """An id full of Cedar is an id."""
    guard = Guard(knowledge=kb, log=None, permissions=CedarEngine(POLICIES)).acting_for(name)
    assert guard.check("The salary of Ann Bell is $104,000.").claims[0].verdict is not Label.SUPPORTED


@pytest.mark.parametrize(
    ("policies", "entities", "told"),
    [
        ("permit(principal, action", [], "do not parse"),
        ("permit(principal, action, resource);", [{"uid": "hr"}], "Cedar entity"),
        ("permit(principal, action, resource);", [{"uid": {"type": "G", "id": "a"}, "attrs": {"x": None}}], "parse"),
    ],
)
def test_policies_that_do_not_parse_are_refused(policies: str, entities: list[dict[str, object]], told: str) -> None:
    """Bad policies are an error when they are read, not a denial when they are asked."""
    with pytest.raises(ConfigError, match=told):
        CedarEngine(policies, entities)


def test_policies_are_versioned_and_the_newest_decides_at_once(kb: Knowledge) -> None:
    """An edit of the policies takes effect with the next question; a bad edit changes nothing; history is kept."""
    guard = Guard(knowledge=kb, log=None, permissions=kb.permissions).acting_for(SALES)
    claim = "The salary of Ann Bell is $104,000."
    assert guard.check(claim).claims[0].verdict is Label.UNSUPPORTED
    with pytest.raises(NotFoundError):
        kb.permissions.current()
    kb.permissions.set('permit(principal, action == Action::"read", resource);', author="ops", reason="start")
    assert guard.check(claim).claims[0].verdict is Label.SUPPORTED
    with pytest.raises(ConfigError):
        kb.permissions.set("permit(", author="ops", reason="slip")
    assert guard.check(claim).claims[0].verdict is Label.SUPPORTED
    second = kb.permissions.set(POLICIES, author="ops", reason="salaries are private")
    assert guard.check(claim).claims[0].verdict is Label.UNSUPPORTED
    assert [v.version for v in kb.permissions.history()] == [1, 2]
    assert kb.permissions.set(POLICIES, author="ops", reason="again") == second
    assert any(second.digest in notice for notice in guard.check(claim).notices)


def test_ask_as_a_principal_sees_it(kb: Knowledge) -> None:
    """What may not be read is answered as what is not known, history included."""
    stranger, hr = Seen(kb, CedarEngine(POLICIES), SALES), Seen(kb, CedarEngine(POLICIES), HR)
    assert hr.ask("Ann Bell", "salary").value == "$104,000"
    assert len(hr.history("Ann Bell", "salary")) == 3
    hidden = stranger.ask("Ann Bell", "salary")
    assert hidden.value is None
    assert ",000" not in str(hidden)
    assert not re.search(r",000|2026\W", str(stranger.ask("Ann Bell", "salary", at="2020-01-01")))
    assert stranger.history("Ann Bell", "salary") == ()


VOCABULARY = {
    "actions": {"export": {"says": ["export", "download"]}, "delete": {"says": ["delete", "remove"]}},
    "resources": {
        "report": {"says": ["report {n}", "report"], "type": "Report", "id": "{n}", "patterns": {"n": "[0-9]+"}},
        "users": {"says": ["user account", "users"], "type": "Accounts", "id": "any"},
    },
    "subjects": {
        "admin": {"says": ["admins", "administrators", "an admin"], "attributes": {"roles": ["admin"]}},
        "viewer": {"says": ["viewer"], "attributes": {"roles": ["viewer"]}},
    },
}
RIGHTS = """
permit(principal in Role::"admin", action, resource);
permit(principal, action == Action::"export", resource is Report) unless { resource == Report::"13" };
"""


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Admins can delete users.", Label.SUPPORTED),
        ("Administrators are allowed to remove user accounts.", Label.SUPPORTED),
        ("Viewers may not delete users.", Label.SUPPORTED),
        ("Viewers can delete users.", Label.CONTRADICTED),
        ("Admins are not allowed to delete users.", Label.CONTRADICTED),
        ("You may export report 12.", Label.SUPPORTED),
        ("You may export report 13.", Label.CONTRADICTED),
        ("You are not permitted to download report 13.", Label.SUPPORTED),
        ("Only admins can delete users.", Label.UNVERIFIABLE),
        ("Viewers can delete users if they ask.", Label.UNVERIFIABLE),
        ("Guests can delete users.", Label.UNVERIFIABLE),
        ("Admins can approve invoices.", Label.UNVERIFIABLE),
    ],
)
def test_permission_claims_are_asked_of_the_engine(text: str, label: Label) -> None:
    """Who may do what is the engine's to say; what is not declared, or says more, is not guessed."""
    guard = Guard(log=None, permissions=PermissionClaims(CedarEngine(RIGHTS), VOCABULARY)).acting_for("zoe")
    claim = guard.check(text).claims[0]
    assert (claim.kind, claim.verdict) == (Kind.PERMISSION, label), claim.reason


def test_a_ruling_names_its_policies_and_their_digest() -> None:
    """The record of a permission claim says which policy decided, and under which version of all of them."""
    engine = CedarEngine(RIGHTS)
    guard = Guard(log=None, permissions=PermissionClaims(engine, VOCABULARY))
    claim = guard.check("Admins can delete users.").claims[0]
    assert claim.evidence[0].source.digest == engine.digest
    assert "policy0" in claim.reason


def test_permissions_toml_brings_its_policies(tmp_path: Path) -> None:
    """The file names its policies and entities beside it; what is wrong is named."""
    (tmp_path / "p.cedar").write_text('permit(principal in Role::"admin", action, resource);')
    (tmp_path / "e.json").write_text(json.dumps([{"uid": {"type": "Role", "id": "admin"}, "attrs": {}, "parents": []}]))
    path = tmp_path / "permissions.toml"
    path.write_text(
        'policies = "p.cedar"\nentities = "e.json"\n[actions.delete]\nsays = ["delete"]\n'
        '[subjects.admin]\nsays = ["admins"]\nattributes = { roles = ["admin"] }\n'
    )
    guard = Guard(log=None, permissions=PermissionClaims.from_file(path))
    assert guard.check("Admins can delete users.").claims[0].verdict is Label.SUPPORTED
    path.write_text('policies = "gone.cedar"\n[actions.delete]\nsays = ["delete"]\n')
    with pytest.raises(ConfigError, match="gone"):
        PermissionClaims.from_file(path)
    path.write_text('policies = "p.cedar"\n[actions.delete]\nsay = ["delete"]\n')
    with pytest.raises(ConfigError, match="say"):
        PermissionClaims.from_file(path)


def test_resources_name_what_policies_need(kb: Knowledge) -> None:
    """A fact stands in its entity, attribute and source; a passage in each folder of its source."""
    fact = kb.ask("Acme", "list price").fact
    assert fact is not None
    assert {(p.type, p.id) for p in resource_of_fact(fact).parents} == {
        ("Entity", "Acme"), ("Attribute", "list price"), ("Source", "price list"),
    }  # fmt: skip
    from guardlayer.types import Evidence, Source

    parents = resource_of(Evidence("text", Source("handbook/hr/pay.md"))).parents
    assert [p.id for p in parents] == ["handbook/hr/pay.md", "handbook/hr", "handbook"]
    addressed = resource_of(Evidence("text", Source("pay", uri="handbook/hr/pay.md"))).parents
    assert [p.id for p in addressed] == ["pay", "handbook/hr/pay.md", "handbook/hr", "handbook"]
