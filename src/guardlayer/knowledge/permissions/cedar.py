"""Cedar as the policy engine: https://www.cedarpolicy.com, through the ``cedarpy`` wheel (extra ``permissions``)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from guardlayer.errors import ConfigError
from guardlayer.knowledge.permissions.model import Access, Ref, Ruling
from guardlayer.types import Principal

MAX_BYTES = 4_000_000
"""Policies, or entities, larger than this are refused."""
_MEMBERSHIPS = {"groups": "Group", "roles": "Role", "tenants": "Tenant"}
"""Attributes of a principal that make it a member: ``groups=["hr"]`` puts it into ``Group::"hr"``."""


class CedarEngine:
    """Decides by Cedar policies. Safe to share between threads.

    The principal's attributes are its Cedar attributes; ``groups``, ``roles`` and ``tenants`` also make it a member of
    ``Group::"…"``, ``Role::"…"`` and ``Tenant::"…"``. Facts and passages are resources in their entity, attribute and
    source; see :func:`~guardlayer.knowledge.permissions.model.resource_of_fact`.

    Args:
        policies: Cedar policies as text.
        entities: Groups, roles, tenants and whatever else policies name, in Cedar's JSON form.

    Raises:
        ConfigError: The policies or entities do not parse, or ``cedarpy`` is not installed.
    """

    def __init__(self, policies: str, entities: Sequence[Mapping[str, Any]] = ()) -> None:
        self._cedar = _cedar()
        if len(policies.encode()) > MAX_BYTES:
            raise ConfigError(f"the policies are larger than {MAX_BYTES:,} bytes; split them, or remove what is unused")
        try:
            self._policies = self._cedar.PolicySet.from_str(policies)
        except Exception as error:
            raise ConfigError(f"the Cedar policies do not parse: {_told(error)}") from error
        self._known = [_entity(one) for one in entities]
        try:
            self._cedar.Entities.from_json_str(json.dumps(self._known))
        except Exception as error:
            raise ConfigError(f"the Cedar entities do not parse: {_told(error)}") from error
        self._by_id = {(one["uid"]["type"], one["uid"]["id"]): one for one in self._known}
        stated = json.dumps([policies, self._known], ensure_ascii=False, sort_keys=True)
        self._digest = "sha256:" + hashlib.sha256(stated.encode()).hexdigest()

    @classmethod
    def from_files(cls, policies: str | Path, entities: str | Path | None = None) -> CedarEngine:
        """Read policies (``.cedar``) and entities (``.json``).

        Raises:
            ConfigError: A file cannot be read, or does not parse; the message names it.
        """
        text = _read(Path(policies))
        if entities is None:
            return cls(text)
        try:
            known = json.loads(_read(Path(entities)))
        except json.JSONDecodeError as error:
            raise ConfigError(f"{entities}: not JSON ({error}); Cedar entities are a list of objects") from error
        if not isinstance(known, list):
            raise ConfigError(f"{entities}: Cedar entities are a list of objects with uid, attrs and parents")
        return cls(text, known)

    @property
    def digest(self) -> str:
        """``sha256:…`` of policies and entities."""
        return self._digest

    def decide(self, accesses: Sequence[Access]) -> Sequence[Ruling]:
        """Return one ruling an access; an error in a policy that bears on it allows nothing."""
        rulings: list[Ruling] = []
        for access in accesses:
            try:
                result = self._cedar.is_authorized(_request(access), self._policies, self._entities(access))
            except Exception as error:  # noqa: BLE001 - whatever the engine raises, nothing is allowed
                rulings.append(Ruling(allowed=False, error=_told(error)))
                continue
            errors = "; ".join(str(one) for one in result.diagnostics.errors)
            rulings.append(
                Ruling(
                    allowed=bool(result.allowed) and not errors,
                    policies=tuple(result.diagnostics.reasons),
                    error=errors or None,
                )
            )
        return rulings

    def hopeless(self, principal: Principal, action: str) -> bool:
        """Say whether nothing can be permitted, whatever the resource: a filter by partial evaluation.

        Cedar's partial evaluation is experimental, so that only its *deny* is believed, and it is never the decision.
        """
        try:
            result = self._cedar.is_authorized_partial(
                {
                    "principal": _surface(principal.type, principal.id),
                    "action": _surface("Action", action),
                    "context": {},
                },
                self._policies,
                json.dumps([*self._others(principal), self._principal(principal)]),
            )
        except Exception:  # noqa: BLE001 - a filter that fails filters nothing
            return False
        return bool(result.decision == self._cedar.Decision.Deny)

    def _entities(self, access: Access) -> str:
        resource = access.resource
        own: dict[str, Any] = {
            "uid": _uid(resource.ref),
            "attrs": dict(resource.attributes),
            "parents": [_uid(parent) for parent in resource.parents],
        }
        stated = self._by_id.get((resource.ref.type, resource.ref.id))
        if stated is not None:  # what was declared of it holds beside what is known of it
            own["attrs"] = {**own["attrs"], **stated["attrs"]}
            own["parents"] = [*own["parents"], *(p for p in stated["parents"] if p not in own["parents"])]
        rest = [
            one
            for one in self._others(access.principal)
            if (one["uid"]["type"], one["uid"]["id"]) != _key(resource.ref)
        ]
        principal = self._principal(access.principal)
        known = [*rest, principal]
        if principal["uid"] != own["uid"]:
            known.append(own)
        return json.dumps(known)

    def _others(self, principal: Principal) -> list[dict[str, Any]]:
        return [one for one in self._known if (one["uid"]["type"], one["uid"]["id"]) != (principal.type, principal.id)]

    def _principal(self, principal: Principal) -> dict[str, Any]:
        stated: dict[str, Any] = self._by_id.get((principal.type, principal.id)) or {"attrs": {}, "parents": []}
        parents = list(stated["parents"])
        for name, kind in _MEMBERSHIPS.items():
            given = principal.attributes.get(name, ())
            for one in [given] if isinstance(given, str) else given:
                parent = {"type": kind, "id": str(one)}
                if parent not in parents:
                    parents.append(parent)
        attributes = {
            name: list(v) if isinstance(v, tuple | set | frozenset) else v for name, v in principal.attributes.items()
        }
        return {
            "uid": {"type": principal.type, "id": principal.id},
            "attrs": dict(stated["attrs"]) | attributes,
            "parents": parents,
        }


def _request(access: Access) -> dict[str, Any]:
    return {
        "principal": {"type": access.principal.type, "id": access.principal.id},
        "action": {"type": "Action", "id": access.action},
        "resource": _uid(access.resource.ref),
        "context": {},
    }


def _uid(ref: Ref) -> dict[str, str]:
    return {"type": ref.type, "id": ref.id}


def _key(ref: Ref) -> tuple[str, str]:
    return ref.type, ref.id


def _surface(kind: str, name: str) -> str:
    """Return ``Type::"id"`` with the id escaped (https://docs.cedarpolicy.com/policies/syntax-grammar.html)."""
    return f"{kind}::{json.dumps(name, ensure_ascii=False)}"


def _entity(given: Any) -> dict[str, Any]:
    """Return a declared entity in one form."""
    try:
        uid = given["uid"].get("__entity", given["uid"])
        parents = [p.get("__entity", p) for p in given.get("parents", [])]
        return {
            "uid": {"type": str(uid["type"]), "id": str(uid["id"])},
            "attrs": dict(given.get("attrs", {})),
            "parents": [{"type": str(p["type"]), "id": str(p["id"])} for p in parents],
        }
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        shown = str(given)[:80]
        raise ConfigError(f"not a Cedar entity: {shown}; write uid: {{type, id}}, attrs and parents") from error


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path}: larger than {MAX_BYTES:,} bytes")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); check the path, and that it is UTF-8") from error


def _told(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


def _cedar() -> Any:
    try:
        import cedarpy
    except ImportError as error:
        raise ConfigError(
            "Cedar policies need the extra: pip install 'guardlayer-facts[permissions]' (it brings cedarpy)"
        ) from error
    return cedarpy
