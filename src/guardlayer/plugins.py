"""Parts by name, through entry points: built-ins and anybody's plug-ins enter by the same door.

A plug-in is declared in the ``pyproject.toml`` of its distribution:

    [project.entry-points."guardlayer.verifiers"]
    mine = "my_package:MyVerifier"

The object is called without arguments, and what it returns must satisfy the Protocol of its group.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from guardlayer.errors import ConfigError, PluginError
from guardlayer.protocols import Classifier, Splitter, Verifier

GROUPS: dict[str, type] = {
    "guardlayer.splitters": Splitter,
    "guardlayer.classifiers": Classifier,
    "guardlayer.verifiers": Verifier,
}
"""Entry-point groups and the Protocol that each must satisfy."""


def names(group: str) -> list[str]:
    """Return the names registered in ``group``, sorted."""
    return sorted(point.name for point in entry_points(group=group))


def load(group: str, name: str) -> Any:
    """Build the part registered as ``name`` in ``group``.

    Args:
        group: A key of :data:`GROUPS`.
        name: The registered name.

    Raises:
        PluginError: No such name, it cannot be imported or built, or it does not satisfy its Protocol.
    """
    found = [point for point in entry_points(group=group) if point.name == name]
    if not found:
        near = get_close_matches(name, names(group), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names(group)) or 'none'}"
        raise PluginError(f"no plug-in {name!r} in {group}; {hint}")
    if len({point.value for point in found}) > 1:
        raise PluginError(f"several distributions register {name!r} in {group}: {_origins(found)}; remove one")
    try:
        part = found[0].load()()
    except Exception as error:
        raise PluginError(
            f"plug-in {name!r} ({found[0].value}) cannot be built: {type(error).__name__}: {error}"
        ) from error
    protocol = GROUPS[group]
    if not isinstance(part, protocol):
        raise PluginError(
            f"plug-in {name!r} ({found[0].value}) does not satisfy {protocol.__name__}: see guardlayer.protocols"
        )
    return part


def part(group: str, given: Any) -> Any:
    """Return a part: the one registered under a name, or one that was given.

    Raises:
        ConfigError: What was given does not satisfy the Protocol of the group.
        PluginError: No such name, or it cannot be built; see :func:`load`.
    """
    if isinstance(given, str):
        return load(group, given)
    if not isinstance(given, GROUPS[group]):
        raise ConfigError(f"{given!r} does not satisfy {GROUPS[group].__name__}: see guardlayer.protocols")
    return given


def _origins(points: list[EntryPoint]) -> str:
    return ", ".join(sorted(point.dist.name if point.dist else point.value for point in points))
