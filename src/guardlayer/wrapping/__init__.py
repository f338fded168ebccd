"""Put a guard around whatever produces a model's answer: a callable, a LangChain runnable, a LlamaIndex engine.

    asking ─▶ what was asked, and the evidence that came along (from the arguments of the call)
    responses, fields ─▶ which texts and values a response holds, and how to put checked ones back into a copy
    exchange ─▶ call, check, ask again: one generator, driven by :func:`run` or :func:`arun`
    calls ─▶ the shapes callables come in: sync, async, generators, methods, partials, callable objects
    wrappers ─▶ framework objects, handed to their integration package

Nothing here imports a framework; its objects are recognised by their classes, which are loaded if an instance exists.
"""

from guardlayer.wrapping.asking import Asked, read_arguments, read_question
from guardlayer.wrapping.calls import decorate
from guardlayer.wrapping.checker import Checker
from guardlayer.wrapping.collecting import reports, summary
from guardlayer.wrapping.exchange import Answer, Call, Check, Effect, Exchange, adrain, arun, drain, exchange, run
from guardlayer.wrapping.options import Options
from guardlayer.wrapping.responses import Checked, Fields, Part, Prose, View, open_response
from guardlayer.wrapping.wrappers import wrap

__all__ = [
    "Answer",
    "Asked",
    "Call",
    "Check",
    "Checked",
    "Checker",
    "Effect",
    "Exchange",
    "Fields",
    "Options",
    "Part",
    "Prose",
    "View",
    "adrain",
    "arun",
    "decorate",
    "drain",
    "exchange",
    "open_response",
    "read_arguments",
    "read_question",
    "reports",
    "run",
    "summary",
    "wrap",
]
