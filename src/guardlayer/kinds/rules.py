"""The rules that tell behavior, state and permission from fact: a table, read from the top, first match wins.

What no rule matches is a fact. A rule with ``gives_way`` does not fire on a claim that states something checkable all
the same: *I think the fee is 3%* hedges a fact and is one. Only questions and code never give way.
"""

from __future__ import annotations

from typing import Final

from guardlayer.kinds.authorities import PERMISSION, STATE
from guardlayer.kinds.manners import ACTS, MANNERS
from guardlayer.kinds.rule import GivesWay, Rule

__all__ = ["RULES", "GivesWay", "Rule"]

RULES: Final[tuple[Rule, ...]] = (*ACTS, *PERMISSION, *STATE, *MANNERS)
"""The table. Permission and state come before courtesy and opinion, which must never swallow them."""
