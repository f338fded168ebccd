"""``guard.wrap``: find out what a thing is, and who can guard it.

Objects of a framework are recognised by the packages their classes come from and handed to the integration package,
which is found by its entry point in the group ``guardlayer.wrappers``. Everything else is a callable or an error.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any, Protocol

from guardlayer.errors import ConfigError, PluginError
from guardlayer.wrapping.calls import decorate
from guardlayer.wrapping.checker import Checker

GROUP = "guardlayer.wrappers"

FRAMEWORKS = {
    "langchain_core": "langchain",
    "llama_index": "llama-index",
    # Not "agents": that is what applications call packages of their own.
    "agents.models.interface": "openai-agents",
    "pydantic_ai": "pydantic-ai",
}
"""Entry point that guards the objects of each framework, by the package, or the module, of their classes; the entry
point's own package is named ``<entry point>-guardlayer``."""


class Wrapper(Protocol):
    """What an entry point of :data:`GROUP` names."""

    def __call__(self, checker: Checker, thing: Any, **options: Any) -> Any | None:
        """Return ``thing`` under guard, or ``None`` if it is nothing of the framework's and may be a callable."""
        ...


def wrap(checker: Checker, thing: Any, **options: Any) -> Any:
    """Put a callable, or an object of a framework, under guard.

    Args:
        checker: The guard.
        thing: What produces answers.
        options: As :class:`~guardlayer.wrapping.Options` for callables; else as the integration package has them.

    Raises:
        ConfigError: Nothing here can guard ``thing``, or an option is wrong.
        PluginError: The integration package is not installed, or does not load.
    """
    name = _framework(thing)
    if name is not None:
        wrapped = _load(name, thing)(checker, thing, **options)
        if wrapped is not None:
            return wrapped
    if not callable(thing) and not isinstance(thing, (staticmethod, classmethod)):
        raise ConfigError(
            f"a {type(thing).__module__}.{type(thing).__qualname__} cannot be guarded; pass a callable, a LangChain "
            "runnable or a LlamaIndex query engine, or guard the function that calls it"
        )
    return decorate(checker, thing, **options)


def _framework(thing: Any) -> str | None:
    if isinstance(thing, type):
        return None
    modules = (base.__module__ for base in type(thing).__mro__)
    homes = (home for module in modules for home in (module, module.partition(".")[0]))
    return next((FRAMEWORKS[home] for home in homes if home in FRAMEWORKS), None)


def _load(name: str, thing: Any) -> Wrapper:
    found = tuple(entry_points(group=GROUP, name=name))
    package = f"{name}-guardlayer"
    if not found:
        raise PluginError(f"guarding a {type(thing).__qualname__} needs another package: pip install {package}")
    try:
        wrapper: Wrapper = found[0].load()
    except (ImportError, AttributeError) as error:
        raise PluginError(f"{package} is installed but does not load ({error}); reinstall it") from error
    return wrapper
