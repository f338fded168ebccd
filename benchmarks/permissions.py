"""What gets past the policies: random policies, principals and facts, decided by Cedar and by an oracle of our own.

    python benchmarks/permissions.py [--pairs 100000] [--seed 3] [--quick]

Each policy set permits and forbids by group, entity, attribute and source. For every (principal, fact) pair a wrong
claim about the fact is checked through the whole guard, under `enforce`, so that what may be read comes back as a
correction. A pair *leaks* if anything of a denied fact is in evidence, verdict, output or (every tenth) prompt;
*withheld* counts facts that were permitted and did not come.
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import dataclass

from guardlayer import Guard, Knowledge
from guardlayer.knowledge.permissions import CedarEngine
from guardlayer.types import Fact, Principal

GROUPS = ("finance", "hr", "legal", "sales")
ENTITIES = tuple(f"Company {letter}{letter.lower()}x" for letter in "BCDFGH")
ATTRIBUTES = ("list price", "headcount", "salary budget", "renewal date")
SOURCES = ("handbook", "board", "payroll")
PER_POLICY = 50


@dataclass(frozen=True)
class Rule:
    """One policy: an effect for a group, on a part of the ledger."""

    permits: bool
    group: str | None
    sort: str | None
    name: str

    def cedar(self) -> str:
        """Return the policy as Cedar text."""
        who = "principal" if self.group is None else f'principal in Group::"{self.group}"'
        on = "resource" if self.sort is None else f'resource in {self.sort}::"{self.name}"'
        return f'{"permit" if self.permits else "forbid"}({who}, action == Action::"read", {on});'

    def bears(self, groups: frozenset[str], fact: Fact) -> bool:
        """Say whether the policy is about this pair."""
        mine = {"Entity": fact.entity, "Attribute": fact.attribute, "Source": fact.source.id}
        return (self.group is None or self.group in groups) and (self.sort is None or mine[self.sort] == self.name)


def random_rule(rng: random.Random) -> Rule:
    """Return a policy that bears on some of the pairs."""
    sort = rng.choice((None, "Entity", "Attribute", "Source"))
    names = {"Entity": ENTITIES, "Attribute": ATTRIBUTES, "Source": SOURCES}
    name = rng.choice(names[sort]) if sort else ""
    return Rule(rng.random() < 0.6, rng.choice((None, *GROUPS)), sort, name)


def allowed(rules: list[Rule], groups: frozenset[str], fact: Fact) -> bool:
    """Decide as Cedar should: a permit and no forbid."""
    bearing = [rule for rule in rules if rule.bears(groups, fact)]
    return any(r.permits for r in bearing) and all(r.permits for r in bearing)


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a fiftieth of the pairs")
    options = parser.parse_args()
    pairs = options.pairs // 50 if options.quick else options.pairs
    rng = random.Random(options.seed)
    kb = Knowledge.open(":memory:")
    facts = []
    for number, (entity, attribute) in enumerate((e, a) for e in ENTITIES for a in ATTRIBUTES):
        kb.attribute(attribute, cardinality="one")
        facts.append(kb.add(entity, attribute, f"{7_003 + 13 * number:,}", source=rng.choice(SOURCES)))
    leaks = withheld = denied = done = sets = 0
    begun = time.perf_counter()
    while done < pairs:
        sets += 1
        rules = [random_rule(rng) for _ in range(rng.randint(0, 8))]
        guard = Guard(knowledge=kb, log=None, permissions=CedarEngine("\n".join(rule.cedar() for rule in rules)))
        for _ in range(min(PER_POLICY, pairs - done)):
            groups = frozenset(rng.sample(GROUPS, rng.randint(0, 2)))
            fact = rng.choice(facts)
            mine = guard.acting_for(Principal(f"user{rng.randrange(99)}", attributes={"groups": sorted(groups)}))
            report = mine.check(f"The {fact.attribute} of {fact.entity} is 1,234.")
            seen = repr(report.claims) + report.output
            if done % 10 == 0:
                leaks += bool(denied_in_prompt(mine, rules, groups, [f for f in facts if f.entity == fact.entity]))
            if allowed(rules, groups, fact):
                withheld += fact.value not in report.output
            else:
                denied += 1
                leaks += fact.value in seen
            done += 1
    seconds = time.perf_counter() - begun
    print(f"random policy sets {sets:,}; principal x fact pairs {done:,}, of which denied {denied:,}")
    print(f"leaked: {leaks} (asked 0); permitted and withheld: {withheld}")
    print(f"{1e3 * seconds / done:.2f} ms a pair, policies parsed and the whole check included")
    return 1 if leaks or withheld else 0


def denied_in_prompt(guard: Guard, rules: list[Rule], groups: frozenset[str], facts: list[Fact]) -> list[Fact]:
    """Return the denied facts of an entity that its prompt holds nevertheless."""
    prompt = guard.prompt(f"What about {facts[0].entity}?")
    return [fact for fact in facts if fact.value in prompt and not allowed(rules, groups, fact)]


if __name__ == "__main__":
    raise SystemExit(main())
