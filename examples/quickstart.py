"""The ten lines of the README: two facts, one of them superseded, and a guard. Runs offline."""

from guardlayer import Guard, Knowledge

kb = Knowledge.open(":memory:")
fact = kb.add("Acme", "list price", "$39", source="price list 2025", valid_from="2025-01-01")
kb.supersede(fact, "$49", source="price list 2026", valid_from="2026-01-01")
kb.add("Acme", "founding year", "1998", source="company register")

guard = Guard(knowledge=kb, log=None)
report = guard.check("Happy to help! Acme was founded in 1998. The list price of Acme is $39.", at="2026-03-01")

for claim in report.claims:
    print(f"{claim.verdict}: {claim.text} ({claim.reason})")
print(report.output)
