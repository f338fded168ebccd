"""What goes wrong between client and upstream, in the form that OpenAI clients read."""

from __future__ import annotations

from typing import Any

from guardlayer.errors import GuardlayerError


class GatewayError(GuardlayerError):
    """A request that ends in an error; it becomes a response and never leaves the gateway as an exception.

    Args:
        status: HTTP status.
        code: What happened, in one word a program can compare: ``error.code``.
        message: What was wrong and what to do next. Never holds what a model wrote.
        kind: ``error.type``.
        extra: Further top-level fields of the body.
        headers: Further headers.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        kind: str = "invalid_request_error",
        extra: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.kind = kind
        self.extra = extra or {}
        self.headers = headers or {}
        self.param: str | None = None

    @property
    def error(self) -> dict[str, Any]:
        """The ``error`` object."""
        return {"message": str(self), "type": self.kind, "param": self.param, "code": self.code}

    @property
    def body(self) -> dict[str, Any]:
        """The whole body."""
        return {"error": self.error, **self.extra}


def bad_request(code: str, message: str) -> GatewayError:
    """Return the error for a request that the gateway does not take."""
    return GatewayError(400, code, message)


def not_guarded(what: str, instead: str) -> GatewayError:
    """Return the error for what would lead around the guard.

    Args:
        what: What was asked for.
        instead: What to do next.
    """
    return GatewayError(501, "not_guarded", f"{what} is not served, since it would lead around the guard; {instead}")


def upstream_failed(message: str, *, status: int = 502, code: str = "upstream_error") -> GatewayError:
    """Return the error for an upstream that failed or answered what cannot be read."""
    return GatewayError(status, code, message, kind="upstream_error")


def guard_failed(trace: str, *, status: int = 503) -> GatewayError:
    """Return the error for a check that could not be made: nothing of the answer is shown."""
    return GatewayError(
        status, "guard_error", f"the answer could not be checked and is withheld (trace {trace})", kind="guard_error"
    )
