"""Put the guarded model where the model inside bound itself: ``bind_tools``, ``with_structured_output``."""

from __future__ import annotations

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable, RunnableBinding, RunnableParallel, RunnableSequence

from guardlayer.errors import ConfigError


def rehost(built: Runnable[Any, Any], old: BaseChatModel, new: BaseChatModel) -> Runnable[Any, Any]:
    """Return what ``old`` built around itself, built around ``new``: bindings, sequences and parallels.

    Raises:
        ConfigError: ``old`` is not found in it, so that it would answer unguarded.
    """
    moved: Runnable[Any, Any] = _moved(built, old, new)
    if moved is built:
        raise ConfigError(
            f"{type(old).__name__} built a {type(built).__name__} in which it cannot be replaced by the guarded model; "
            "guard what it built instead: guard.wrap(model.with_structured_output(...))"
        )
    return moved


def _moved(built: Any, old: BaseChatModel, new: BaseChatModel) -> Any:
    if built is old:
        return new
    if isinstance(built, RunnableBinding):
        bound = _moved(built.bound, old, new)
        return built if bound is built.bound else built.model_copy(update={"bound": bound})
    if isinstance(built, RunnableSequence):
        steps = [_moved(step, old, new) for step in built.steps]
        if all(after is before for after, before in zip(steps, built.steps, strict=True)):
            return built
        return RunnableSequence(*steps, name=built.name)
    if isinstance(built, RunnableParallel):
        named = {key: _moved(step, old, new) for key, step in built.steps__.items()}
        return built if all(named[key] is built.steps__[key] for key in named) else RunnableParallel(named)
    return built
