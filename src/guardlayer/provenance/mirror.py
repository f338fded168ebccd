"""Records as JSON lines, for people and machines that read logs. The log is the truth; this is its mirror."""

from __future__ import annotations

import json
import re
from collections.abc import MutableMapping
from typing import Any, TextIO

from guardlayer.types import Record

# What ends a line, steers a terminal or reorders it: C1 controls, DEL, LS, PS, bidi controls, BOM, tags, surrogates.
# JSON itself escapes the C0 controls.
_STEERING = re.compile(
    "[\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


class JsonLinesMirror:
    """Writes each record as one line of JSON through a structlog logger of its own.

    structlog's global configuration is neither read nor changed, and nothing is written but to ``stream``. Whatever a
    record holds, it is one line: every character that could end a line or steer a terminal is escaped.

    Args:
        stream: An open text stream. It is flushed after each line, and left open.
    """

    def __init__(self, stream: TextIO) -> None:
        import structlog

        self._logger: Any = structlog.wrap_logger(
            structlog.WriteLogger(stream),
            processors=[structlog.processors.add_log_level, _to_line],
            wrapper_class=structlog.BoundLogger,
            context_class=dict,
            cache_logger_on_first_use=True,
        )

    def __call__(self, record: Record) -> None:
        """Write one record.

        Raises:
            Exception: Whatever the stream raises; the log that called reports it and goes on.
        """
        self._logger.info(
            "guardlayer.record",
            id=record.id,
            seq=record.seq,
            kind=record.kind,
            leaf_hash=record.leaf_hash,
            body=dict(record.body),
        )


def _to_line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    line = json.dumps(dict(event), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    # These characters can stand only within strings, where JSON may write them as escapes.
    return _STEERING.sub(lambda match: _escaped(ord(match[0])), line)


def _escaped(code: int) -> str:
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
