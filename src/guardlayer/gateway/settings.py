"""Where the upstream is, who may call, under which rules, and how much of anything is taken.

    # gateway.toml
    hold = "sentence"              # for callers that say nothing else
    [[keys]]
    name = "support"
    digest = "sha256:9f86d0…"      # of the API key, never the key itself
    policy = "strict"              # a preset or a policy file
    hold = "full"
    raises = true
    guard = "support.toml"         # a guard of its own: other knowledge, another log
    principal = "alice"            # whose permissions apply
    attributes = { groups = ["support"] }
    [default]                      # callers without one of these keys; left out, they are refused
    policy = "enforce"

Nothing in a request chooses the upstream, the policy, or whether the guard is asked.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from guardlayer.drafting import principal
from guardlayer.errors import ConfigError
from guardlayer.policy import Policy
from guardlayer.protocols import Policy as PolicyProtocol
from guardlayer.types import Principal
from guardlayer.wrapping.options import Raises

if TYPE_CHECKING:
    from guardlayer.guard import Guard

Hold = Literal["sentence", "full"]

_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})\Z")
_MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, and under which rules.

    Attributes:
        name: For the log and the metrics of an operator; no secret.
        digest: SHA-256 of the caller's API key, 64 hexadecimal digits; ``None`` for callers without a key of ours.
        policy: Another policy than the guard's.
        hold: ``sentence`` releases each verified sentence of a stream; ``full`` releases nothing before all of it was
            checked, which is what asking again needs.
        raises: ``True`` answers 422 where the policy blocks, instead of its refusal; ``"findings"`` whenever a claim
            lacks its source.
        guard: Another guard than the gateway's.
        principal: Who the guard acts for: what they may not read, they are not told.
    """

    name: str = "default"
    digest: str | None = field(default=None, repr=False)
    policy: PolicyProtocol | None = None
    hold: Hold = "sentence"
    raises: Raises = False
    guard: Guard | None = None
    principal: Principal | None = None

    def __post_init__(self) -> None:
        if self.hold not in ("sentence", "full"):
            raise ConfigError(f'caller {self.name!r}: hold is {self.hold!r}; write "sentence" or "full"')
        if self.raises not in (True, False, "findings"):
            raise ConfigError(f'caller {self.name!r}: raises is {self.raises!r}; write true, false or "findings"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything about a gateway but its guard.

    Attributes:
        upstream: Base URL of the upstream, as OpenAI clients take it: ``https://host/v1``. Without a path, ``/v1``.
        upstream_key: The key that the gateway shows the upstream; ``None`` passes on what the client sent.
        callers: Callers with keys of their own.
        default: The rules for everybody else; ``None`` refuses them. Unless said otherwise, ``None`` where there are
            callers with keys.
        timeout: Seconds the upstream may stay silent.
        keep_alive: Seconds of silence after which a stream gets a comment.
        max_request: Longest request body, bytes.
        max_response: Longest response body, and longest stream, bytes.
        max_event: Longest event of a stream, bytes.
        trust_env: Whether proxies named in the environment are used to reach the upstream.
        unguarded: Paths such as ``/v1/batches`` that are passed on although they may lead around the guard.

    Raises:
        ConfigError: A value is not what it should be.
    """

    upstream: str
    upstream_key: str | None = field(default=None, repr=False)
    callers: tuple[Caller, ...] = ()
    default: Caller | None = field(default_factory=Caller)
    timeout: float = 600.0
    keep_alive: float = 10.0
    max_request: int = 20_000_000
    max_response: int = 64_000_000
    max_event: int = 4_000_000
    trust_env: bool = False
    unguarded: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "upstream", _base(self.upstream))
        for name in ("timeout", "keep_alive", "max_request", "max_response", "max_event"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} is {getattr(self, name)}; give a number above 0")
        digests = [caller.digest for caller in self.callers]
        if None in digests or len(set(digests)) < len(digests):
            raise ConfigError("every caller in callers= has a digest, and no two the same")
        if self.upstream_key is not None and (not self.upstream_key.isascii() or not self.upstream_key.isprintable()):
            raise ConfigError("the upstream's key holds characters that no HTTP header can carry")
        for path in self.unguarded:
            if not path.startswith("/v1/") or path == "/v1/":
                raise ConfigError(f"unguarded path {path!r}: write it from /v1/ on, such as /v1/batches")

    @property
    def guards(self) -> tuple[Guard, ...]:
        """The guards that callers have for themselves."""
        return tuple(caller.guard for caller in self.callers if caller.guard is not None)

    def caller(self, headers: Mapping[str, str]) -> Caller | None:
        """Return who shows these headers, or ``None`` if nobody who may call.

        Every digest is compared, each in constant time: how long it takes says nothing about any key.
        """
        scheme, _, token = headers.get("authorization", "").partition(" ")
        key = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        shown = digest_of(key).encode()
        found = None
        for caller in self.callers:
            if hmac.compare_digest(shown, str(caller.digest).encode()):
                found = caller
        return found or self.default


def digest_of(key: str) -> str:
    """Return the digest under which a key is configured, 64 hexadecimal digits."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def read_toml(path: str | Path, *, environment: Mapping[str, str] | None = None, **others: Any) -> Settings:
    """Read settings from a TOML file; paths in it are relative to it.

    Args:
        path: The file.
        environment: Where the guards of keys find the URLs of databases that they ask for live state (``url_env``).
        others: Settings that the file does not hold, such as ``upstream`` and ``upstream_key``; these win.

    Raises:
        ConfigError: The file is missing, malformed, or has an unknown key.
    """
    from pydantic import ValidationError

    from guardlayer.gateway.schema import File, explain

    file = Path(path)
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    if len(raw) > _MAX_BYTES:
        raise ConfigError(f"{file}: has {len(raw):,} bytes; a configuration has at most {_MAX_BYTES:,}")
    try:
        parsed = File.model_validate(tomllib.loads(raw.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: is not TOML: {error}") from error
    except ValidationError as error:
        raise ConfigError(f"{file}: {explain(error)}") from None
    named = parsed.model_dump(exclude_unset=True, exclude={"keys", "default", "hold", "raises"})
    common = {"hold": parsed.hold, "raises": parsed.raises}
    try:
        callers = tuple(
            _caller(key.model_dump(exclude_unset=True), common, file.parent, environment) for key in parsed.keys
        )
        default = None
        if parsed.default is not None or not callers:
            own = {} if parsed.default is None else parsed.default.model_dump(exclude_unset=True)
            default = _caller(own, common, file.parent, environment)
        if "unguarded" in named:
            named["unguarded"] = tuple(named["unguarded"])
        return Settings(**{**named, **others, "callers": callers, "default": default})
    except TypeError as error:
        raise ConfigError(f'{file}: names no upstream; write upstream = "https://…/v1", or give --upstream') from error
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from error


def _caller(
    own: Mapping[str, Any], common: Mapping[str, Any], base: Path, environment: Mapping[str, str] | None
) -> Caller:
    arguments: dict[str, Any] = {**common, **own}
    policy, guard, digest = (arguments.pop(name, None) for name in ("policy", "guard", "digest"))
    attributes = arguments.pop("attributes", None)
    if arguments.get("principal") is not None:
        arguments["principal"] = principal(arguments["principal"], attributes or {})
    elif attributes:
        raise ConfigError(f'caller {arguments.get("name", "default")!r}: attributes without principal = "…"')
    if digest is not None:
        match = _DIGEST.match(digest)
        if match is None:
            name = arguments.get("name")
            raise ConfigError(
                f"key {name!r}: digest is no sha256:… of 64 hexadecimal digits (never write the key here)"
            )
        arguments["digest"] = match[1]
    if policy is not None:
        arguments["policy"] = Policy.from_toml(base / policy) if policy.endswith(".toml") else Policy.preset(policy)
    if guard is not None:
        from guardlayer.guard import Guard

        arguments["guard"] = Guard.from_file(base / guard, environment=environment)
    return Caller(**arguments)


def _base(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"upstream {url[:200]!r} is no http or https URL; write it as https://host/v1")
    if parts.username is not None or parts.password is not None:
        raise ConfigError("the upstream's URL holds credentials, which would be logged; give the key by itself")
    if parts.query or parts.fragment:
        raise ConfigError("the upstream's URL has a query or fragment; give the base URL, such as https://host/v1")
    path = parts.path.rstrip("/") or "/v1"
    return f"{parts.scheme}://{parts.netloc}{path}"
