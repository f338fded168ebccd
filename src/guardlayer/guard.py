"""The guard: chooses the parts, and lets the flow run.

>>> from guardlayer import Guard, Knowledge
>>> kb = Knowledge.open(":memory:")
>>> _ = kb.add("Acme", "list price", "$49", source="price list 2026")
>>> guard = Guard(knowledge=kb, log=None)
>>> guard.check("The list price of Acme is $39.").output
'The list price of Acme is $49.'
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, cast, overload

from guardlayer import drafting, plugins
from guardlayer.claims import TextSplitter
from guardlayer.classifiers import CLASSIFIERS
from guardlayer.errors import ConfigError
from guardlayer.evidence import as_authority
from guardlayer.evidence.metadata import Keys
from guardlayer.knowledge import Knowledge, Readable
from guardlayer.pipeline import Amend, Parts, Route, arun, run
from guardlayer.policy import Policy, canonical_json
from guardlayer.protocols import Authority, Classifier, ProvenanceLog, Splitter, Verifier
from guardlayer.protocols import Policy as PolicyProtocol
from guardlayer.temporal import Clock, When, utc_now
from guardlayer.types import Draft, Evidence, Kind, Model, Principal, Report, Turn
from guardlayer.verifiers import BUILT_IN, Cascade

if TYPE_CHECKING:
    from guardlayer.knowledge.permissions import PermissionClaims, PolicyEngine
    from guardlayer.streaming import Session

F = TypeVar("F", bound=Callable[..., Any])
M = TypeVar("M")

DEFAULT_LOG = ".guardlayer/provenance.db"
"""Where records go unless told otherwise, under the working directory."""

DEFAULT_VERIFIERS = tuple(BUILT_IN)
"""The stages of the cascade, cheapest first."""


class Guard:
    """Checks what a model says against its sources, acts on what it finds, and records both.

    Safe to share between threads and tasks: a guard keeps no state about any one call.

    Args:
        knowledge: The knowledge layer, or what :meth:`Knowledge.open` opens. ``None``: only ``sources`` and the
            evidence of a call answer.
        sources: Retrievers: callables ``(query) -> passages``, LangChain or LlamaIndex retrievers, or
            :class:`~guardlayer.protocols.Authority` objects.
        metadata: Under which keys documents say what they are and when they hold, as in ``{"source": "doc_id",
            "updated": "last_edited"}``; see :class:`guardlayer.evidence.metadata.Keys`.
        policy: A preset (observe, annotate, enforce, strict, retry), a TOML file, a mapping, a ``Policy``, or
            anything with its ``decide``.
        log: Path of the provenance log, a ``ProvenanceLog``, or ``None`` to keep no records, which reports then say.
        model: Who writes the drafts, for the record: a name or a :class:`~guardlayer.types.Model`.
        authorities: Who answers for state and permission claims, by kind. Without one they are *unverifiable*.
        splitter: Finds claims; a plug-in's name or a part.
        classifier: Decides their kinds; a plug-in's name or a part.
        verifiers: Stages of the cascade, in order; plug-ins' names or parts.
        permissions: Who may read what: a policy engine, or :class:`~guardlayer.knowledge.permissions.PermissionClaims`,
            which answers permission claims too. What a principal may not read is withheld; see :meth:`acting_for`.
        clock: Supplies the instant for calls that give none.

    Raises:
        ConfigError: An argument is not what it should be.
    """

    def __init__(
        self,
        *,
        knowledge: Knowledge | str | Path | None = None,
        sources: Iterable[object] = (),
        metadata: Mapping[str, str | Sequence[str]] | None = None,
        policy: PolicyProtocol | str | Path | Mapping[str, Any] = "enforce",
        log: ProvenanceLog | str | Path | None = DEFAULT_LOG,
        model: Model | str | None = None,
        authorities: Mapping[Kind | str, object] | None = None,
        splitter: Splitter | str = "text",
        classifier: Classifier | str = "trained",
        verifiers: Sequence[Verifier | str] = DEFAULT_VERIFIERS,
        permissions: PolicyEngine | PermissionClaims | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self.knowledge = Knowledge.open(knowledge, clock=clock) if isinstance(knowledge, str | Path) else knowledge
        drafting.require(self.knowledge, (Knowledge, type(None)), "knowledge", "a Knowledge, a path or None")
        drafting.require(model, (Model, str, type(None)), "model", "a name, a Model or None")
        drafting.require(log, (str, Path, ProvenanceLog, type(None)), "log", "a path, a ProvenanceLog or None")
        drafting.require(authorities, (Mapping, type(None)), "authorities", "a mapping from kind to authority")
        if log == "":
            raise ConfigError('log="" names no file; write a path, or log=None to keep no records')
        self.policy = Policy.coerce(policy)
        self.model = Model(model) if isinstance(model, str) else model
        self._clock = clock
        self._principal: Principal | None = None
        self._log = log
        self._log_lock = Lock()
        self._announce = log == DEFAULT_LOG
        self.keys = Keys.of(metadata)
        if isinstance(verifiers, str):
            raise ConfigError(f"verifiers= takes a list of verifiers; write [{verifiers!r}]")
        self._splitter = TextSplitter() if splitter == "text" else plugins.part("guardlayer.splitters", splitter)
        self._classifier = (
            CLASSIFIERS[classifier]()
            if isinstance(classifier, str) and classifier in CLASSIFIERS
            else plugins.part("guardlayer.classifiers", classifier)
        )
        self._cascade = Cascade([_verifier(verifier) for verifier in verifiers])
        claims = permissions if isinstance(permissions, Authority) else None
        self.engine = cast("PolicyEngine | None", getattr(permissions, "engine", permissions))
        answering: dict[Kind | str, object] = {} if claims is None else {Kind.PERMISSION: claims}
        self._routes = self._routing(drafting.retrievers(sources, self.keys), {**answering, **(authorities or {})})

    @classmethod
    def from_file(
        cls, path: str | Path, *, environment: Mapping[str, str] | None = None, clock: Clock = utc_now
    ) -> Self:
        """Build a guard from a ``guardlayer.toml``; see ``docs/configuration.md``, also for ``environment``.

        Raises:
            ConfigError: The file is missing, malformed, or has an unknown key; the message names it.
        """
        from guardlayer.config import load

        return cls(**load(path, environment), clock=clock)

    def acting_for(self, principal: Principal | str, **attributes: Any) -> Self:
        """Return this guard as it serves one principal: what they may not read is neither evidence nor correction.

        Args:
            principal: Who is asking: an id such as ``alice``, or a :class:`~guardlayer.types.Principal`.
            attributes: What is known of them, for policies and state queries, such as ``customer="C-12"``.

        Raises:
            ConfigError: The id is empty, or an attribute is no plain value.
        """
        view = copy(self)
        vars(view).update(_log=self.log, _principal=drafting.principal(principal, attributes))
        return view

    def judging(self) -> Self:
        """Return this guard as it judges what was retrieved: by its knowledge alone, keeping no record."""
        view = copy(self)
        vars(view).update(_log=None, _announce=False, policy=Policy.coerce("observe"), _routes=self._routing([], {}))
        return view

    def check(
        self,
        text: str,
        *,
        question: str | None = None,
        evidence: Iterable[object] = (),
        turns: Iterable[Turn | tuple[str, str]] = (),
        at: When | None = None,
        data: Any = None,
        schema: Any = None,
        policy: PolicyProtocol | str | None = None,
        model: Model | str | None = None,
    ) -> Report:
        """Check a model's text.

        Args:
            text: What the model wrote. Text that is one JSON object or array is read as structured output.
            question: What it was asked; an answer such as "Sergio Mattarella" is read against it.
            evidence: What came with the call: strings, ``Evidence``, LangChain documents, LlamaIndex nodes.
            turns: Earlier messages, oldest first, as ``Turn`` or ``(role, text)``.
            at: The instant for which facts are asked: a datetime, a date or an ISO string; ``None`` is now.
            data: The structured output, where it is at hand: JSON values.
            schema: The pydantic model of the data, or an instance: its ``Sourced`` fields are checked by key.
            policy: Another policy than the guard's, for this call.
            model: Another model than the guard's, for this call.

        Returns:
            The report. ``report.output`` is what may be shown.

        Raises:
            InputError: An argument cannot be read.
        """
        draft = self._draft(text, question=question, evidence=evidence, turns=turns, at=at, data=data, model=model)
        return run(*self._prepared(draft, policy, schema))

    async def acheck(
        self,
        text: str,
        *,
        question: str | None = None,
        evidence: Iterable[object] = (),
        turns: Iterable[Turn | tuple[str, str]] = (),
        at: When | None = None,
        data: Any = None,
        schema: Any = None,
        policy: PolicyProtocol | str | None = None,
        model: Model | str | None = None,
    ) -> Report:
        """Check a model's text without blocking the event loop; same arguments and report as :meth:`check`."""
        draft = self._draft(text, question=question, evidence=evidence, turns=turns, at=at, data=data, model=model)
        return await arun(*self._prepared(draft, policy, schema))

    def validate(self, schema: type[M], data: Any, **options: Any) -> M:
        """Validate ``data`` as a model with ``Sourced`` fields, and check these by key; see ``docs/structured.md``.

        Args:
            schema: A pydantic model class.
            data: What the model wrote: JSON, values, or an instance.
            options: As for :meth:`check`.

        Raises:
            InputError: The data does not fit the model.
            GuardViolation: The policy blocked it, or the current value does not fit the field's type.
        """
        from guardlayer.slots.preparing import attach, validated

        instance, plain = validated(schema, data)
        report = self.check(canonical_json(plain), data=plain, schema=instance, **options)
        return cast("M", attach(instance, plain, report))

    async def avalidate(self, schema: type[M], data: Any, **options: Any) -> M:
        """Do what :meth:`validate` does, without blocking the event loop."""
        from guardlayer.slots.preparing import attach, validated

        instance, plain = validated(schema, data)
        report = await self.acheck(canonical_json(plain), data=plain, schema=instance, **options)
        return cast("M", attach(instance, plain, report))

    def prompt(self, question: str | None = None, *, at: When | None = None) -> str:
        """Return a fragment for the system prompt: how to write fact slots, and the facts an answer will be held to.

        Args:
            question: What will be asked; the current facts of the entities it names are given, as quoted data.
            at: The instant for which they are asked; ``None`` is now.
        """
        from guardlayer.slots.prompting import prompt

        return prompt(self.readable, question, self._clock() if at is None else drafting.moment(at))

    def session(
        self,
        *,
        question: str | None = None,
        evidence: Iterable[object] = (),
        turns: Iterable[Turn | tuple[str, str]] = (),
        at: When | None = None,
        policy: PolicyProtocol | str | None = None,
        model: Model | str | None = None,
        hold: Literal["sentence", "full"] = "sentence",
        raises: Literal[True, False, "findings"] = False,
    ) -> Session:
        """Open a session for a text that arrives in chunks; see ``docs/streaming.md``.

        Args:
            question: As for :meth:`check`, and so are ``evidence``, ``turns``, ``at``, ``policy`` and ``model``.
            evidence: What came with the call.
            turns: Earlier messages.
            at: The instant for which facts are asked.
            policy: Another policy than the guard's.
            model: Another model than the guard's.
            hold: What is held back until it is verified: a ``"sentence"`` at a time, or the ``"full"`` text.
            raises: ``True`` raises :class:`~guardlayer.errors.GuardViolation` where the policy blocks, instead of
                releasing the refusal; ``"findings"`` wherever a claim has no source.

        Raises:
            InputError: An argument cannot be read.
            ConfigError: ``hold`` or ``raises`` is not one of those.
        """
        from guardlayer.streaming import Session

        draft = self._draft("", question=question, evidence=evidence, turns=turns, at=at, data=None, model=model)
        return Session(
            self._parts(policy),
            lambda text: replace(draft, text=text, data=drafting.json_value(text)),
            hold=hold,
            raises=raises,
            knowledge=self.readable,
        )

    def stream(self, chunks: Iterable[Any], **options: Any) -> Iterator[Any]:
        """Yield what may be shown of a stream of text, as soon as it is verified; see ``docs/streaming.md``.

        Args:
            chunks: Strings; any other object among them passes through in its place.
            options: As for :meth:`session`.

        Raises:
            GuardViolation: ``raises`` was given and the policy blocked; earlier sentences are out by then.
        """
        from guardlayer.streaming import stream

        return stream(self.session(**options), chunks)

    def astream(self, chunks: AsyncIterable[Any], **options: Any) -> AsyncIterator[Any]:
        """Do what :meth:`stream` does, for an async stream and without blocking the event loop."""
        from guardlayer.streaming import astream

        return astream(self.session(**options), chunks)

    @overload
    def __call__(self, function: F, /) -> F: ...
    @overload
    def __call__(self, function: None = None, /, **options: Any) -> Callable[[F], F]: ...
    def __call__(self, function: Any = None, /, **options: Any) -> Any:
        """Decorate a callable: what it returns is checked before anyone sees it; see :meth:`wrap` for the options."""
        from guardlayer.wrapping import decorate

        return decorate(self, function, **options)

    def wrap(self, thing: Any, /, **options: Any) -> Any:
        """Guard a callable, a LangChain runnable or a LlamaIndex engine; see ``docs/design/wrapping.md``.

        Raises:
            ConfigError: The thing is of no kind we know, or its integration package is not installed.
        """
        from guardlayer.wrapping import wrap

        return wrap(self, thing, **options)

    @property
    def log(self) -> ProvenanceLog | None:
        """The provenance log, opened when it is first needed."""
        if isinstance(self._log, str | Path):
            from guardlayer.provenance import SqliteLog

            with self._log_lock:
                if isinstance(self._log, str | Path):
                    if self._announce:
                        logging.getLogger("guardlayer").info("provenance is recorded in %s", self._log)
                    self._log = SqliteLog(self._log, clock=self._clock)
        return self._log

    def _routing(self, sources: list[Authority], authorities: Mapping[Kind | str, object]) -> dict[Kind, Route]:
        keyed: list[Authority] = [self.knowledge.keyed] if self.knowledge is not None else []
        passages: list[Authority] = [self.knowledge.retrieval] if self.knowledge is not None else []
        tiers = (tuple(self._permitted(keyed)), tuple(self._permitted([*passages, *sources])))
        routes = {Kind.FACT: Route(tiers)}
        for name, thing in authorities.items():
            if name not in tuple(Kind) or name == Kind.BEHAVIOR:
                raise ConfigError(f"authorities= knows no kind {str(name)!r}; write fact, state or permission")
            if name == Kind.FACT:
                raise ConfigError(
                    "facts are answered by knowledge= and sources=; authorities= is for state and permission"
                )
            routes[Kind(name)] = Route(((as_authority(thing),),), call_evidence=False)
        return routes

    def _permitted(self, authorities: list[Authority]) -> list[Authority]:
        if self.engine is None:
            return authorities
        from guardlayer.knowledge.permissions import Permitted

        return [Permitted(authority, self.engine) for authority in authorities]

    def permitted(self, evidence: Iterable[Evidence]) -> list[Evidence]:
        """Return what the principal may read of ``evidence``; all of it, where the guard has no policies.

        Raises:
            AuthorityError: The policies could not be evaluated.
        """
        if self.engine is None:
            return list(evidence)
        from guardlayer.knowledge.permissions import NOBODY, permitted

        return permitted(self.engine, self._principal or NOBODY, list(evidence))

    @property
    def readable(self) -> Readable | None:
        """The knowledge layer as far as the principal may read it."""
        if self.knowledge is None or self.engine is None:
            return self.knowledge
        from guardlayer.knowledge.permissions import Seen

        return Seen(self.knowledge, self.engine, self._principal)

    def _parts(self, policy: PolicyProtocol | str | None) -> Parts:
        log = self.log
        notices = () if log is not None else ("no provenance is recorded: the log is switched off",)
        if self._announce:
            self._announce = False
            notices = (
                *notices,
                f"provenance is recorded in {DEFAULT_LOG}; say where with log=, or log=None for nowhere",
            )
        if self.engine is not None:
            who = self._principal.id if self._principal is not None else "anonymous"
            notices = (*notices, f"read as {who} under the policies {self.engine.digest}")
        return Parts(
            splitter=self._splitter,
            classifier=self._classifier,
            routes=self._routes,
            cascade=self._cascade,
            policy=self.policy if policy is None else Policy.coerce(policy),
            log=log,
            notices=(*notices, *self._cascade.notices),
        )

    def _prepared(
        self, draft: Draft, policy: PolicyProtocol | str | None, schema: Any
    ) -> tuple[Draft, Parts, Amend | None]:
        """Fill the draft's slots, and let a schema say what is checked."""
        parts = self._parts(policy)
        if schema is None and "{{fact:" not in draft.text:
            return draft, parts, None
        from guardlayer.slots.preparing import prepared

        return prepared(self.readable, draft, parts, schema)

    def _draft(
        self,
        text: str,
        *,
        question: str | None,
        evidence: Iterable[object],
        turns: Iterable[Turn | tuple[str, str]],
        at: When | None,
        data: Any,
        model: Model | str | None,
    ) -> Draft:
        return drafting.draft(
            text,
            question=question,
            evidence=evidence,
            metadata=self.keys,
            turns=turns,
            at=self._clock() if at is None else drafting.moment(at),
            data=data,
            model=(Model(model) if isinstance(model, str) else model) or self.model,
            principal=self._principal,
        )


def _verifier(verifier: Verifier | str) -> Verifier:
    if isinstance(verifier, str) and verifier in BUILT_IN:
        return BUILT_IN[verifier]()
    part: Verifier = plugins.part("guardlayer.verifiers", verifier)
    return part
