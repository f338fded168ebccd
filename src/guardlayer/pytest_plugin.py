"""The pytest plugin: tests that fail where an answer has no source.

    @pytest.mark.guardlayer(require_sources=True)
    def test_prices(guardlayer):
        guardlayer.check(my_app("What does Acme cost?"))

The fixture ``guardlayer`` is a guard built from the options below; every report it makes during a test is collected,
and so are those of calls wrapped by any other guard. The marker judges them when the test has ended without another
failure. What a test costs that uses none of this is a look at its markers: nothing but this page is imported.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if "guardlayer.testing" not in sys.modules:
    # Before its first import: contract suites are plain asserts, which pytest explains only if it compiled them.
    pytest.register_assert_rewrite("guardlayer.testing")

from guardlayer.testing.ambient import Ambient, ambient

if TYPE_CHECKING:
    from guardlayer.guard import Guard
    from guardlayer.knowledge import Knowledge
    from guardlayer.testing.fakes import MemoryLog
    from guardlayer.testing.judging import Expectation
    from guardlayer.types import Report

MARKER = "guardlayer"
MARKER_OPTIONS = ("require_sources", "allow_no_claims", "shown_only", "policy", "at")
POLICY = "observe"
"""The policy of the fixture's guard, unless said otherwise: a test judges what was written."""

_ATTACHED = "guardlayer"
"""The attribute of a test's report that carries what was checked."""

_FACTS = frozenset({".csv", ".jsonl", ".ndjson", ".json", ".yaml", ".yml"})
_DOCUMENTS = frozenset({".md", ".markdown", ".txt", ".rst"})


@dataclass(slots=True)
class _Collected:
    """What one test made of reports."""

    log: MemoryLog | None = None
    wrapped: list[Report] = field(default_factory=list)
    judged: set[str] = field(default_factory=set)

    def reports(self) -> tuple[Report, ...]:
        """Return each report once: those of the test's guard, then those of others."""
        made = [*(self.log.reports if self.log else ()), *self.wrapped]
        return tuple({report.draft.call_id: report for report in made}.values())

    def judge(self, report: Report) -> None:
        """Take note of a report that was judged by itself."""
        if report.draft.call_id not in {known.draft.call_id for known in self.reports()}:
            self.wrapped.append(report)
        self.judged.add(report.draft.call_id)


_COLLECTED = pytest.StashKey[_Collected]()
_SUITE = pytest.StashKey["_Suite"]()
_PAGE = pytest.StashKey["_Page"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options; each has an ini setting or belongs to one run."""
    group = parser.getgroup("guardlayer", "guardlayer: the sources of what a model says")
    group.addoption(
        "--guardlayer-knowledge",
        action="append",
        metavar="PATH",
        help="Facts (.csv, .jsonl, .json, .yaml), documents (folder, .md, .txt) or a database; may be repeated.",
    )
    group.addoption("--guardlayer-config", metavar="FILE", help="A guardlayer.toml to build the guard from.")
    group.addoption("--guardlayer-report", choices=("html", "json"), help="Write a report on every checked claim.")
    group.addoption("--guardlayer-report-path", metavar="FILE", help="Where to. Default: guardlayer-report.<format>.")
    parser.addini("guardlayer_knowledge", "Default of --guardlayer-knowledge, a line each.", type="linelist")
    parser.addini("guardlayer_config", "Default of --guardlayer-config.", default="")
    parser.addini("guardlayer_at", "The instant for which facts are asked, so that a suite does not age.", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and say at once what is wrong with the options."""
    config.addinivalue_line(
        "markers",
        "guardlayer(require_sources=True, allow_no_claims=False, shown_only=False, policy=None, at=None): "
        "every claim that the test's guards checked has a source, or the test fails.",
    )
    config.stash[_SUITE] = _Suite(config)
    wanted = config.getoption("guardlayer_report")
    if wanted is None:
        if config.getoption("guardlayer_report_path"):
            raise pytest.UsageError("--guardlayer-report-path without --guardlayer-report: add html or json")
    elif not hasattr(config, "workerinput"):
        path = config.invocation_params.dir / (
            config.getoption("guardlayer_report_path") or f"guardlayer-report.{wanted}"
        )
        config.stash[_PAGE] = _Page(path, wanted)
        config.pluginmanager.register(config.stash[_PAGE], "guardlayer-report")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close what was opened."""
    suite = config.stash.get(_SUITE, None)
    if suite is not None:
        suite.close()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Start with nothing, also where a test is run again, and refuse a marker that says what nobody would read."""
    if _COLLECTED in item.stash:
        del item.stash[_COLLECTED]
    _marked(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Judge a test's reports inside its call, so that what is wrong is a failure of the test and not an error."""
    marked = _marked(item)
    collected = item.stash.setdefault(_COLLECTED, _Collected())
    suite = item.config.stash[_SUITE]
    with ExitStack() as stack:
        if marked is not None or "guardlayer" in getattr(item, "fixturenames", ()):
            from guardlayer.wrapping import reports

            collected.wrapped = stack.enter_context(reports())
        token = ambient.set(Ambient(lambda: _guard_of(item), suite.where, collected.judge))
        stack.callback(ambient.reset, token)
        result = yield
    if marked is not None and marked.get("require_sources", True):
        _judge(collected, _expected(marked), suite.where)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach what a test collected, as one string, which is what xdist can carry."""
    report = yield
    collected = item.stash.get(_COLLECTED, None)
    if call.when == "call" and item.config.getoption("guardlayer_report") and collected is not None:
        reports = collected.reports()
        marked = _marked(item)
        if reports or marked is not None:
            from guardlayer.testing.pages import row

            found = row(item.nodeid, reports, _expected(marked or {}))
            setattr(report, _ATTACHED, json.dumps(found))
    return report


@pytest.fixture
def guardlayer_options() -> Mapping[str, Any]:
    """Override this to say how the guard of the tests is built: arguments of ``Guard``, such as ``sources``."""
    return {}


@pytest.fixture
def guardlayer(request: pytest.FixtureRequest, guardlayer_options: Mapping[str, Any]) -> Guard:
    """A guard on the suite's knowledge, whose reports belong to this test."""
    from guardlayer.errors import GuardlayerError
    from guardlayer.guard import Guard
    from guardlayer.testing.fakes import MemoryLog

    marked = _marked(request.node) or {}
    suite = request.config.stash[_SUITE]
    collected = request.node.stash.setdefault(_COLLECTED, _Collected())
    collected.log = MemoryLog()
    try:
        arguments = {"policy": POLICY, **suite.arguments(), **guardlayer_options, "log": collected.log}
        if marked.get("policy") is not None:
            arguments["policy"] = marked["policy"]
        at = marked.get("at") or request.config.getini("guardlayer_at")
        if at:
            arguments["clock"] = _standing_still(at)
        return Guard(**arguments)
    except (GuardlayerError, TypeError) as error:
        pytest.fail(f"guardlayer: the guard of this test cannot be built: {error}", pytrace=False)


class _Suite:
    """What the tests of one process share: the knowledge, opened when a test first needs it."""

    def __init__(self, config: pytest.Config) -> None:
        self._paths, self._config, named = _settings(config)
        self.where = named
        self._open = ExitStack()
        self._arguments: dict[str, Any] | None = None

    def arguments(self) -> dict[str, Any]:
        """Return what every guard of the suite is built with."""
        if self._arguments is None:
            arguments: dict[str, Any] = {}
            if self._config is not None:
                from guardlayer.config import load

                arguments = load(self._config)
            if self._paths:
                arguments["knowledge"] = self._knowledge()
            if arguments.get("knowledge") is not None:
                self._open.callback(arguments["knowledge"].close)
            self._arguments = arguments
        return self._arguments

    def close(self) -> None:
        """Close the knowledge, and remove what was made of fact files."""
        self._open.close()

    def _knowledge(self) -> Knowledge:
        """Open the knowledge for reading only: no test can change what the next one is judged by."""
        import tempfile

        from guardlayer.knowledge import Knowledge

        first = self._paths[0]
        if not _is_content(first):
            return Knowledge.open(first, read_only=True)
        folder = self._open.enter_context(tempfile.TemporaryDirectory(prefix="guardlayer-"))
        database = Path(folder) / "suite.db"
        with Knowledge.open(database) as knowledge:
            for path in self._paths:
                if path.suffix.lower() in _FACTS:
                    knowledge.load(path)
                else:
                    knowledge.ingest(path)
        return Knowledge.open(database, read_only=True)


class _Page:
    """Writes the report on the whole suite, in the process that hears of every test."""

    def __init__(self, path: Path, form: str) -> None:
        self._path = path
        self._form = form
        self._rows: dict[str, Any] = {}
        self._said = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise pytest.UsageError(f"--guardlayer-report-path {path}: {error.strerror}; name another file") from None
        if path.is_dir():
            raise pytest.UsageError(f"--guardlayer-report-path {path}: is a folder; name a file in it")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what the test collected; of one that ran twice, the last."""
        found = getattr(report, _ATTACHED, None)
        if found is not None:
            expected = hasattr(report, "wasxfail")
            outcome = {"skipped": "xfailed", "passed": "xpassed"}.get(report.outcome) if expected else report.outcome
            self._rows[report.nodeid] = {**json.loads(found), "outcome": outcome or report.outcome}

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the file; a run whose report could not be written has not done what it was asked to."""
        from guardlayer.testing.pages import to_html, to_json

        rows = list(self._rows.values())
        try:
            self._path.write_text(to_html(rows) if self._form == "html" else to_json(rows), encoding="utf-8")
        except OSError as error:
            self._said = f"report not written: {self._path}: {error.strerror}"
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
        else:
            self._said = f"{len(rows)} tests with checked responses; report: {self._path}"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where the file is."""
        terminalreporter.section("guardlayer")
        terminalreporter.line(self._said)


def _settings(config: pytest.Config) -> tuple[list[Path], Path | None, str]:
    """Read paths from the command line, where they are relative to it, or from the ini file, likewise."""
    here = config.invocation_params.dir
    base = config.inipath.parent if config.inipath else config.rootpath
    given = config.getoption("guardlayer_knowledge")
    named = given or config.getini("guardlayer_knowledge")
    paths = [(here if given else base) / name for name in named]
    asked = config.getoption("guardlayer_config")
    chosen = asked or config.getini("guardlayer_config")
    file = (here if asked else base) / chosen if chosen else None
    for path in (*paths, *([file] if file else [])):
        if not path.exists():
            option = "guardlayer_config" if path is file else "guardlayer_knowledge"
            raise pytest.UsageError(f"{option}: there is no {path}; name a file or folder that is there")
    if len(paths) > 1 and not all(map(_is_content, paths)):
        database = next(path for path in paths if not _is_content(path))
        raise pytest.UsageError(
            f"guardlayer_knowledge: {database.name} is a database, which is only read; "
            "name it alone, or load the other files into it with `guardlayer load`"
        )
    return paths, file, ", ".join([*named, *([chosen] if chosen else [])])


def _is_content(path: Path) -> bool:
    return path.is_dir() or path.suffix.lower() in _FACTS | _DOCUMENTS


def _marked(item: pytest.Item) -> Mapping[str, Any] | None:
    """Return the options of a test's marker, those nearest to the test first; ``None`` if it has none."""
    options: dict[str, Any] = {}
    found = None
    for marker in item.iter_markers(MARKER):
        found = marker
        unknown = [name for name in marker.kwargs if name not in MARKER_OPTIONS]
        if marker.args or unknown:
            wrong = f"unknown {unknown[0]}=" if unknown else "takes keyword arguments only"
            pytest.fail(f"@pytest.mark.guardlayer: {wrong}; it knows {', '.join(MARKER_OPTIONS)}", pytrace=False)
        options = {**marker.kwargs, **options}
    return None if found is None else options


def _expected(marked: Mapping[str, Any]) -> Expectation:
    from guardlayer.testing.judging import Expectation

    return Expectation(bool(marked.get("allow_no_claims")), bool(marked.get("shown_only")))


def _judge(collected: _Collected, expected: Expectation, where: str) -> None:
    from guardlayer.testing.judging import failure, standing

    reports = collected.reports()
    if not reports:
        pytest.fail(
            "guardlayer: no response was checked in this test, which proves nothing; check what the model says with "
            "the fixture `guardlayer`, or call something that a guard wraps",
            pytrace=False,
        )
    open_ = [report for report in standing(reports) if report.draft.call_id not in collected.judged]
    wrong = failure(open_, expected, where=where)
    if wrong is not None:
        pytest.fail(f"guardlayer: {wrong}", pytrace=False)


def _guard_of(item: pytest.Item) -> Guard:
    """Return the test's guard, also where the test did not ask for the fixture."""
    request: pytest.FixtureRequest | None = getattr(item, "_request", None)
    if request is None:
        pytest.fail("guardlayer: only test functions have a guard of their own; pass guard=", pytrace=False)
    guard: Guard = request.getfixturevalue("guardlayer")
    return guard


def _standing_still(at: Any) -> Callable[[], Any]:
    from guardlayer.temporal import instant

    when = instant(at)
    return lambda: when
