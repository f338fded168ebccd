"""Who may read what, and who may do what: asked of a policy engine, never of text."""

from guardlayer.knowledge.permissions.asking import PermissionClaims
from guardlayer.knowledge.permissions.cedar import CedarEngine
from guardlayer.knowledge.permissions.model import NOBODY, Access, PolicyEngine, Ref, Resource, Ruling
from guardlayer.knowledge.permissions.policies import PolicyVersion, PolicyVersions
from guardlayer.knowledge.permissions.reading import Permitted, Seen, permitted

__all__ = [
    "NOBODY",
    "Access",
    "CedarEngine",
    "PermissionClaims",
    "Permitted",
    "PolicyEngine",
    "PolicyVersion",
    "PolicyVersions",
    "Ref",
    "Resource",
    "Ruling",
    "Seen",
    "permitted",
]
