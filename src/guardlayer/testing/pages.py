"""The report on a whole suite: one JSON document, or one static page that loads nothing and runs nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from guardlayer import __version__
from guardlayer.testing.judging import Expectation, now, source_of, unsourced
from guardlayer.types import CheckedClaim, Report, Source

Row = Mapping[str, Any]
"""One test, as JSON values."""

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1c2330;background:#fff}
h1{font-size:1.3rem}h2{font-size:1rem;margin:2rem 0 .3rem;overflow-wrap:anywhere}code{font-size:.9em}
.failed,.contradicted,.stale{color:#a4161a}.passed,.supported{color:#1b6b3a}
.disputed,.unsupported,.unverifiable,.no_claims{color:#8a4b00}.exempt,.quiet{color:#5d6675}
blockquote{margin:.4rem 0;padding:.4rem .8rem;background:#f3f5f8;white-space:pre-wrap;overflow-wrap:anywhere}
mark{background:none;border-bottom:2px solid currentColor}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;
border-top:1px solid #dde2ea;overflow-wrap:anywhere}td:first-child{white-space:nowrap}
@media(prefers-color-scheme:dark){body{background:#14181f;color:#dfe5ee}blockquote{background:#1f2630}
td,th{border-color:#333d4b}.failed,.contradicted,.stale{color:#ff8a8a}.passed,.supported{color:#7ddba0}
.disputed,.unsupported,.unverifiable,.no_claims{color:#f0b45e}.exempt,.quiet{color:#9aa6b8}}
"""


def row(test: str, reports: Sequence[Report], expected: Expectation) -> dict[str, Any]:
    """Return what a suite's report says of one test, besides its ``outcome``."""
    return {"test": test, "responses": [_response(report, expected) for report in reports]}


def document(rows: Sequence[Row]) -> dict[str, Any]:
    """Return a suite's report as JSON values: tests in the order of their names, and what they add up to."""
    ordered = sorted(rows, key=lambda one: str(one["test"]))
    claims = [claim for one in ordered for response in one["responses"] for claim in response["claims"]]
    return {
        "guardlayer": __version__,
        "tests": len(ordered),
        "failed": sum(one["outcome"] == "failed" for one in ordered),
        "responses": sum(len(one["responses"]) for one in ordered),
        "verdicts": dict(sorted(Counter(claim["verdict"] for claim in claims).items())),
        "results": ordered,
    }


def to_json(rows: Sequence[Row]) -> str:
    """Return a suite's report as JSON in ASCII."""
    return json.dumps(document(rows), indent=2) + "\n"


def to_html(rows: Sequence[Row]) -> str:
    """Return a suite's report as one page. Every text in it is escaped, and the page may load nothing."""
    found = document(rows)
    verdicts = ", ".join(f"{count} {label}" for label, count in found["verdicts"].items()) or "none"
    head = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width">'
        f"<title>guardlayer: sources</title><style>{_STYLE}</style></head><body>"
    )
    totals = f"{found['tests']} tests, {found['failed']} failed; {found['responses']} responses"
    body = [
        f"<h1>Where every claim came from</h1><p>{totals}. Claims: {_text(verdicts)}.</p>",
        *(part for one in found["results"] for part in _test(one)),
    ]
    if not found["tests"]:
        body.append("<p>No test checked a response, so nothing is proven.</p>")
    foot = f'<p class="quiet">guardlayer {_text(__version__)}</p></body></html>\n'
    return "\n".join((head, *body, foot))


def _response(report: Report, expected: Expectation) -> dict[str, Any]:
    missing = {id(claim) for claim in unsourced(report, expected)}
    return {
        "question": report.draft.question,
        "text": report.draft.text,
        "output": report.output,
        "outcome": str(report.outcome),
        "action": str(report.action),
        "policy": report.policy,
        "at": report.draft.at.isoformat(),
        "coverage": str(report.coverage),
        "notices": list(report.notices),
        "claims": [_claim(claim, missing=id(claim) in missing) for claim in report.claims],
    }


def _claim(claim: CheckedClaim, *, missing: bool) -> dict[str, Any]:
    successor = now(claim)
    return {
        "text": claim.text,
        "start": claim.start,
        "end": claim.end,
        "path": claim.path,
        "kind": str(claim.kind),
        "verdict": str(claim.verdict),
        "score": round(claim.score, 4),
        "reason": claim.reason,
        "action": str(claim.action),
        "sourced": not missing,
        "now": {"text": successor[0], "since": successor[1] or None} if successor else None,
        "source": _source(source_of(claim)),
    }


def _source(source: Source | None) -> dict[str, Any] | None:
    return None if source is None else {"id": source.id, "uri": source.uri, "version": source.version}


def _test(one: Row) -> Iterator[str]:
    outcome = _text(one["outcome"])
    yield f'<h2><span class="{outcome}">{outcome}</span> <code>{_text(one["test"])}</code></h2>'
    if not one["responses"]:
        yield '<p class="quiet">no response was checked</p>'
    for response in one["responses"]:
        if response["question"]:
            yield f'<p class="quiet">{_text(response["question"])}</p>'
        yield f"<blockquote>{_marked(response)}</blockquote>"
        yield f'<p class="quiet">{_text(response["coverage"])}</p>'
        yield from _table(response["claims"])


def _table(claims: Sequence[Row]) -> Iterator[str]:
    if not claims:
        yield '<p class="no_claims">no claims: nothing in this response needed a source, which is no proof</p>'
        return
    yield "<table><tr><th>where</th><th>verdict</th><th>claim, reason, source</th></tr>"
    for claim in claims:
        place = claim["path"] or f"{claim['start']}:{claim['end']}"
        parts = [_text(claim["text"]), f'<span class="quiet">{_text(claim["reason"])}</span>']
        if claim["now"]:
            since = f" since {claim['now']['since']}" if claim["now"]["since"] else ""
            parts.append(f"now: {_text(claim['now']['text'] + since)}")
        if claim["source"]:
            parts.append(f"source: {_link(claim['source'])}")
        verdict = _text(claim["verdict"])
        yield f'<tr><td>{_text(place)}</td><td class="{verdict}">{verdict}</td><td>{"<br>".join(parts)}</td></tr>'
    yield "</table>"


def _marked(response: Row) -> str:
    """Return the text with each claim in it marked; of overlapping claims, what no earlier one covers."""
    text, at, parts = response["text"], 0, []
    for claim in sorted(response["claims"], key=lambda one: (one["start"], one["end"])):
        start, end = max(claim["start"], at), claim["end"]
        if claim["path"] is not None or start >= end:
            continue
        parts.append(_text(text[at:start]))
        parts.append(f'<mark class="{_text(claim["verdict"])}">{_text(text[start:end])}</mark>')
        at = end
    return "".join((*parts, _text(text[at:])))


def _link(source: Row) -> str:
    name = _text(" ".join(filter(None, (source["id"], source["version"]))))
    uri = source["uri"]
    # A link only where following it runs nothing: a source's URI is whatever somebody wrote there.
    if isinstance(uri, str) and uri.lower().startswith(("https://", "http://")):
        return f'<a href="{_text(uri)}" rel="noopener noreferrer">{name}</a>'
    return f"{name} ({_text(uri)})" if uri and uri != source["id"] else name


def _text(value: object) -> str:
    return escape(str(value), quote=True).encode("utf-8", "backslashreplace").decode()
