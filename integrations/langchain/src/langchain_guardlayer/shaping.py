"""Answers that a schema gives their shape: which fields name their source, and where a checked one came from."""

from __future__ import annotations

import json
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig, RunnableSerializable
from pydantic import BaseModel, ConfigDict, ValidationError

from guardlayer.slots.fields import declares_sources
from guardlayer.slots.plan import with_provenance
from guardlayer.types import Report
from guardlayer.wrapping import reports


def is_sourced(schema: Any) -> bool:
    """Say whether a schema is a pydantic model that declares the source of a field."""
    return isinstance(schema, type) and issubclass(schema, BaseModel) and declares_sources(schema)


def instance_of(schema: Any, data: Any) -> Any:
    """Return the instance that ``data`` makes of a schema with sources; ``None`` if it makes none, or has none."""
    if not is_sourced(schema) or not isinstance(data, dict):
        return None
    try:
        return schema.model_validate(data)
    except ValidationError:  # whoever parses the answer says so; as data it is checked nevertheless
        return None


def attached(value: Any, found: list[Report]) -> Any:
    """Return ``value`` with its provenance, taken from the last report on data of its shape."""
    for report in reversed(found):
        given = instance_of(type(value), report.draft.data)
        if given is not None:
            return with_provenance(value, given, report, report.draft.data, json.loads(report.output))
    return value


class Attaching(RunnableSerializable[Any, Any]):
    """What a guarded model built to give structured output; what it puts out knows its provenance.

    Attributes:
        inner: Calls the guarded model, and parses.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    inner: Runnable[Any, Any]

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002 - LangChain's name
        """Return the parsed answer."""
        with reports() as found:
            return _known(self.inner.invoke(input, config, **kwargs), found)

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002 - LangChain's name
        """Do what :meth:`invoke` does, without blocking the event loop."""
        with reports() as found:
            return _known(await self.inner.ainvoke(input, config, **kwargs), found)


def _known(value: Any, found: list[Report]) -> Any:
    if isinstance(value, dict):
        attached(value.get("parsed"), found)
        return value
    return attached(value, found)
