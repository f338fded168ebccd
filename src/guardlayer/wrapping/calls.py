"""The shapes callables come in, each brought to the one exchange.

A callable is called as it always was; what it returns decides. A value is checked and returned, an awaitable is
awaited first, an iterator (a generator, a client's stream) is drained, checked as a whole, and only then handed on,
so that nothing unchecked is ever emitted.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

from guardlayer.errors import ConfigError
from guardlayer.wrapping.asking import Asked, read_arguments
from guardlayer.wrapping.checker import Checker
from guardlayer.wrapping.exchange import Answer, Call, Exchange, adrain, arun, drain, exchange, run
from guardlayer.wrapping.options import Options
from guardlayer.wrapping.responses import open_response

_NOTHING: Any = object()


def decorate(checker: Checker, fn: Any = None, /, **options: Any) -> Any:
    """Put a callable under guard; usable as a decorator, bare or with options.

    Sync and async functions, generators and async generators of either, methods, class and static methods in either
    order of decorators, ``functools.partial``, callable objects, and functions that return a coroutine or a stream.

    Args:
        checker: The guard.
        fn: The callable; without it, a decorator is returned.
        options: See :class:`Options`.

    Returns:
        A callable with the signature of ``fn``, whose answers are as the policy would have them. ``None`` is
        returned as it is. A generator emits nothing before it has ended and was checked, and values sent into it do
        not reach ``fn``.

    Raises:
        ConfigError: An option is wrong, or ``fn`` cannot be guarded.
    """
    read = Options.read(options)
    if fn is None:
        return functools.partial(_decorated, checker, read)
    return _decorated(checker, read, fn)


def _decorated(checker: Checker, options: Options, fn: Any) -> Any:
    if isinstance(fn, (staticmethod, classmethod)):
        return type(fn)(_decorated(checker, options, fn.__func__))
    if isinstance(fn, type):
        raise ConfigError(f"{fn.__qualname__} is a class, which answers nothing itself; guard the methods that do")
    if not callable(fn):
        raise ConfigError(f"a {type(fn).__qualname__} cannot be guarded; pass something that can be called")
    callee = _Callee.of(checker, options, fn)
    code = _code(fn)
    wrapper: Any
    if inspect.isasyncgenfunction(code):

        async def wrapper(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            for chunk in (await callee.bind(args, kwargs).asynchronous()).chunks:
                yield chunk

    elif inspect.isgeneratorfunction(code):

        def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            return (yield from callee.bind(args, kwargs).stream())

    elif inspect.iscoroutinefunction(code):

        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            return await callee.bind(args, kwargs).awaited()

    else:

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return callee.bind(args, kwargs).result()

    return _dressed(wrapper, fn)


@dataclass(frozen=True, slots=True)
class _Callee:
    """A callable and how to read its arguments; of a partial, the function beneath and the arguments it holds."""

    checker: Checker
    options: Options
    fn: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    name: str
    signature: inspect.Signature | None

    @classmethod
    def of(cls, checker: Checker, options: Options, fn: Callable[..., Any]) -> _Callee:
        name = _name(fn)
        args: tuple[Any, ...] = ()
        kwargs: dict[str, Any] = {}
        while isinstance(fn, functools.partial):
            args, kwargs, fn = (*fn.args, *args), {**fn.keywords, **kwargs}, fn.func
        signature = _signature(fn)
        parameters = signature.parameters if signature else {}
        open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
        for option in ("question", "evidence", "feedback"):
            wanted = getattr(options, option)
            if wanted and wanted not in parameters and not open_ended:
                raise ConfigError(
                    f"{option}={wanted!r} names no parameter of {name}(); it has {', '.join(parameters) or 'none'}"
                )
        return cls(checker, options, fn, args, kwargs, name, signature)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Bound:
        """Read the arguments of one call."""
        args, kwargs = (*self.args, *args), {**self.kwargs, **kwargs}
        return _Bound(self, args, kwargs, self._asked(args, kwargs))

    def _asked(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Asked:
        if self.signature is None:
            return Asked()
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError:
            return Asked()  # the call itself raises it, with the message Python has for it
        bound.apply_defaults()
        arguments: dict[str, Any] = {}
        for name, value in bound.arguments.items():
            if self.signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
                arguments.update(value)
            else:
                arguments[name] = value
        return read_arguments(arguments, question=self.options.question, evidence=self.options.evidence)


@dataclass(frozen=True, slots=True)
class _Bound:
    """One call: a callable with its arguments, which may be made again with feedback."""

    callee: _Callee
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    asked: Asked

    def start(self, call: Call) -> Any:
        """Call the callable, handing it the feedback if it has a parameter for it."""
        name = self.callee.options.feedback
        if name is None or call.feedback is None:
            return self.callee.fn(*self.args, **self.kwargs)
        signature = self.callee.signature
        if signature is None or name not in signature.parameters:
            return self.callee.fn(*self.args, **{**self.kwargs, name: call.feedback})
        bound = signature.bind(*self.args, **self.kwargs)
        bound.arguments[name] = call.feedback
        return self.callee.fn(*bound.args, **bound.kwargs)

    def result(self) -> Any:
        """Call a callable that is neither a coroutine function nor a generator function, and see what comes."""
        value = self.start(Call())
        if inspect.isawaitable(value):
            return self.awaited(value)
        if isinstance(value, AsyncIterator):
            return self.astream(value)
        if isinstance(value, Iterator):
            return self.stream(value)
        return self.synchronous(value, lambda value: Answer((value,))).chunks[0]

    def stream(self, first: Any = _NOTHING) -> Generator[Any, Any, Any]:
        """Hand on what an iterator gave, once all of it is checked."""
        answer = self.synchronous(first, drain)
        yield from answer.chunks
        return answer.returned

    async def astream(self, first: Any) -> AsyncIterator[Any]:
        """Hand on what an async iterator gave, once all of it is checked."""
        for chunk in (await self.asynchronous(first)).chunks:
            yield chunk

    async def awaited(self, first: Any = _NOTHING) -> Any:
        """Await the value; where it is a stream, return a checked stream in its place."""
        value = await (self.start(Call()) if first is _NOTHING else first)
        if isinstance(value, AsyncIterator):
            return self.astream(value)
        answer = await self.asynchronous(value)
        return _replayed(answer) if isinstance(value, Iterator) else answer.chunks[0]

    def synchronous(self, first: Any, take: Callable[[Any], Answer]) -> Answer:
        """Make the exchange in this thread; ``first`` is what the first call gave, if it was made already."""
        waiting = [first] if first is not _NOTHING else []
        return run(self._exchange(), self.callee.checker, lambda call: take(self._next(waiting, call)))

    async def asynchronous(self, first: Any = _NOTHING) -> Answer:
        """Make the exchange without blocking the event loop."""
        waiting = [first] if first is not _NOTHING else []

        async def take(call: Call) -> Answer:
            value = self._next(waiting, call)
            if inspect.isawaitable(value):
                value = await value
            if isinstance(value, AsyncIterator):
                return await adrain(value)
            return drain(value) if isinstance(value, Iterator) else Answer((value,))

        return await arun(self._exchange(), self.callee.checker, take)

    def _next(self, waiting: list[Any], call: Call) -> Any:
        return waiting.pop() if waiting else self.start(call)

    def _exchange(self) -> Exchange:
        options, what = self.callee.options, f"{self.callee.name}()"
        return exchange(
            self.asked, options, self.callee.checker.policy, lambda value: open_response(value, options, what=what)
        )


def _replayed(answer: Answer) -> Generator[Any, Any, Any]:
    yield from answer.chunks
    return answer.returned


def _target(fn: Any) -> Any:
    """Return what a partial, however nested, ends up calling."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    return fn


def _code(fn: Any) -> Any:
    """Return the function whose kind (coroutine, generator) decides how ``fn`` is called."""
    target = _target(fn)
    return target if inspect.isroutine(target) else type(target).__call__


def _name(fn: Any) -> str:
    target = _target(fn)
    return str(getattr(target, "__qualname__", type(target).__qualname__))


def _signature(fn: Any) -> inspect.Signature | None:
    try:
        return inspect.signature(fn)
    except (TypeError, ValueError):  # some built-ins have none
        return None


def _dressed(wrapper: Any, fn: Any) -> Any:
    """Make the wrapper look like what it wraps: name, documentation, signature."""
    target = _target(fn)
    if inspect.isroutine(target):
        functools.update_wrapper(wrapper, target)
    else:  # a callable object: its attributes are its own
        functools.update_wrapper(wrapper, target, assigned=("__module__", "__doc__"), updated=())
        wrapper.__name__ = type(target).__name__
        wrapper.__qualname__ = type(target).__qualname__
    wrapper.__wrapped__ = fn
    if fn is not target:
        wrapper.__signature__ = _signature(fn)
    return wrapper
