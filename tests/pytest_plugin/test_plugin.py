"""The pytest plugin, run in pytest runs of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# Imported here, so that the inner runs find them loaded and their values are of the same types.
import guardlayer.guard
import guardlayer.pytest_plugin
import guardlayer.testing.pages
import guardlayer.testing.sourced

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parent.parent.parent
FACTS = """
- {entity: Acme, attribute: list price, value: $39, source: price list 2025, valid_from: 2025-01-01,
   valid_to: 2026-01-01}
- {entity: Acme, attribute: list price, value: $49, source: price list 2026, valid_from: 2026-01-01}
"""
TRUE = "The list price of Acme is $49."
STALE = "The list price of Acme is $39."
SUITE = f"""
import pytest
from guardlayer import Guard
from guardlayer.testing import assert_sourced
TRUE, STALE = {TRUE!r}, {STALE!r}
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """Run tests with the plugin, and no other one but those named."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makefile(".yaml", facts=FACTS)
    pytester.makeini("[pytest]\nguardlayer_knowledge = facts.yaml\nguardlayer_at = 2026-06-01\n")

    def run(code: str, *args: str, subprocess: bool = False) -> pytest.RunResult:
        pytester.makepyfile(test_suite=SUITE + code)
        start = pytester.runpytest_subprocess if subprocess else pytester.runpytest_inprocess
        return start("-p", "guardlayer.pytest_plugin", "--strict-markers", "-p", "no:cacheprovider", *args)

    return run


def test_an_answer_with_its_source_passes_and_a_stale_one_fails(suite) -> None:
    """The failure is a failure, not an error, and shows the span, the successor and where to add a source."""
    result = suite("""
@pytest.mark.guardlayer(require_sources=True)
def test_true(guardlayer): guardlayer.check(TRUE)

@pytest.mark.guardlayer(require_sources=True)
def test_stale(guardlayer): guardlayer.check("Hello! " + STALE + " Acme has 400 employees.", question="How much?")
""")
    result.assert_outcomes(passed=1, failed=1, errors=0)
    result.stdout.fnmatch_lines([
        "guardlayer: 2 of 2 claims have no current source",
        '  asked: "How much?"',
        f'  [[]7:37] stale: "{STALE}"',
        "      now: $49 since 2026-01-01, says price list 2026",
        "*change it in facts.yaml",
        '  [[]38:61] unsupported: "Acme has 400 employees."',
        "*add a fact or document to facts.yaml, or pass evidence= with the check",
    ])  # fmt: skip
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*hidden*")


def test_no_claims_and_no_responses_are_no_proof(suite) -> None:
    """A greeting fails with its own message unless it is allowed; a test that checks nothing always fails."""
    result = suite("""
@pytest.mark.guardlayer(require_sources=True)
def test_greeting(guardlayer): guardlayer.check("Hello there!")

@pytest.mark.guardlayer(require_sources=True, allow_no_claims=True)
def test_allowed(guardlayer): guardlayer.check("Hello there!")

@pytest.mark.guardlayer(require_sources=True, allow_no_claims=True)
def test_nothing(): pass

@pytest.mark.guardlayer(require_sources=False)
def test_only_collects(guardlayer): guardlayer.check(STALE)
""")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["*makes no claims, which is no proof*", '*text: "Hello there!"', "*allow_no_claims*"])
    result.stdout.fnmatch_lines(["*no response was checked in this test*"])


def test_the_tests_own_failure_comes_first(suite) -> None:
    """What the test itself says is wrong is what is reported; skips and expected failures keep their meaning."""
    result = suite("""
@pytest.mark.guardlayer(require_sources=True)
def test_own(guardlayer):
    guardlayer.check(STALE)
    assert 1 == 2

@pytest.mark.guardlayer(require_sources=True)
def test_skipped(): pytest.skip("no model here")

@pytest.mark.xfail(strict=True)
@pytest.mark.guardlayer(require_sources=True)
def test_expected(guardlayer): guardlayer.check(STALE)
""")
    result.assert_outcomes(failed=1, skipped=1, xfailed=1)
    result.stdout.fnmatch_lines(["*assert 1 == 2*"])
    result.stdout.no_fnmatch_line("*no current source*")


def test_reports_of_the_applications_own_guards_are_judged(suite) -> None:
    """Calls that any guard wraps count, sync and async; those of an earlier test do not."""
    result = suite(
        """
import asyncio

def app(policy):
    @Guard(log=None, knowledge=None, policy=policy)
    def answer(question): return STALE
    return answer

@pytest.mark.guardlayer(require_sources=True)
def test_wrapped(): app("observe")("What?")

@pytest.mark.guardlayer(require_sources=True)
def test_in_a_task():
    @Guard(log=None)
    async def answer(question): return STALE
    async def main(): await asyncio.gather(answer("What?"), answer("How?"))
    asyncio.run(main())

@pytest.mark.guardlayer(require_sources=True)
def test_after(guardlayer): guardlayer.check(TRUE)
""",
        "-p",
        "no:randomly",
    )
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*response 1 of 2: 1 of 1 claim has no current source*", "*response 2 of 2:*"])


def test_an_answer_that_was_asked_for_again_does_not_count(suite) -> None:
    """Under *retry* the last answer is judged; a retry that nobody made is no answer that has its source."""
    result = suite("""
@pytest.mark.guardlayer(policy="retry")
def test_second_is_right(guardlayer):
    answers = iter([STALE, TRUE])
    assert guardlayer.wrap(lambda question: next(answers))("What?") == TRUE

@pytest.mark.guardlayer(policy="retry")
def test_not_asked_again(guardlayer): guardlayer.check(STALE)
""")
    result.assert_outcomes(passed=1, failed=1)


def test_what_was_not_shown_can_be_left_out(suite) -> None:
    """With shown_only the policy's corrections count as what they put in, and a blocked answer as no answer."""
    result = suite("""
@pytest.mark.guardlayer(policy="enforce", shown_only=True)
def test_corrected(guardlayer): assert guardlayer.check(STALE).output == TRUE

@pytest.mark.guardlayer(policy="enforce")
def test_written(guardlayer): guardlayer.check(STALE)

@pytest.mark.guardlayer(policy="strict", shown_only=True)
def test_blocked(guardlayer): guardlayer.check(STALE)

@pytest.mark.guardlayer(policy="annotate", shown_only=True)
def test_annotated(guardlayer): guardlayer.check(STALE)
""")
    result.assert_outcomes(passed=1, failed=3)
    result.stdout.fnmatch_lines(["*makes no claims, which is no proof*"])


def test_assert_sourced_in_a_test(suite) -> None:
    """It takes a text without being told of a guard, judges once, and leaves a readable line in the traceback."""
    result = suite("""
def test_true(): assert len(assert_sourced(TRUE)) == 1
def test_stale(): assert_sourced(STALE)
def test_other_day(): assert_sourced(STALE, at="2025-06-01")
def test_report(guardlayer): assert_sourced(guardlayer.check(TRUE))

@pytest.mark.guardlayer(require_sources=True)
def test_judged_once():
    with pytest.raises(AssertionError, match="no current source"):
        assert_sourced(STALE)
""")
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines([
        ">*def test_stale(): assert_sourced(STALE)",
        "E*AssertionError: 1 of 1 claim has no current source",
        'E*[[]0:30] stale: "The list price of Acme is $39."',
        "E*now: $49 since 2026-01-01, says price list 2026",
        "test_suite.py:*: AssertionError",
    ])  # fmt: skip
    result.stdout.no_fnmatch_line("*sourced.py*")


def test_asyncio_tests(suite, pytester: pytest.Pytester) -> None:
    """Reports of awaited calls and of tasks belong to the test, whatever plugin runs its loop."""
    result = suite(
        """
import asyncio

@Guard(log=None)
async def app(question): return STALE

@pytest.mark.guardlayer(require_sources=True)
async def test_wrapped(): await asyncio.gather(app("What?"))

@pytest.mark.guardlayer(require_sources=True)
async def test_fixture(guardlayer): await guardlayer.acheck(TRUE)

async def test_text(): assert_sourced(STALE)
""",
        "-p",
        "pytest_asyncio.plugin",
        "-o",
        "asyncio_mode=auto",
        "-o",
        "asyncio_default_fixture_loop_scope=function",
    )
    result.assert_outcomes(passed=1, failed=2)


def test_classes_fixtures_and_unittest(suite) -> None:
    """A marker on a class holds for its tests, the nearest option wins, and unittest cases fail likewise."""
    result = suite("""
import unittest

@pytest.mark.guardlayer(require_sources=True, allow_no_claims=True)
class TestAll:
    def test_allowed(self, guardlayer): guardlayer.check("Hi!")
    @pytest.mark.guardlayer(allow_no_claims=False)
    def test_not_here(self, guardlayer): guardlayer.check("Hi!")

@pytest.mark.guardlayer(require_sources=True)
class Case(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def use(self, guardlayer): self.guard = guardlayer
    def test_stale(self): self.guard.check(STALE)
    def test_true(self): self.guard.check(TRUE)

@pytest.fixture
def answer(guardlayer): return guardlayer.check(STALE)

@pytest.mark.guardlayer(require_sources=True)
def test_checked_in_a_fixture(answer): pass
""")
    result.assert_outcomes(passed=2, failed=3)


def test_options_of_the_guard(suite, pytester: pytest.Pytester) -> None:
    """A suite says how its guard is built by overriding one fixture; what cannot be built says why."""
    pytester.makeconftest("""
import pytest
@pytest.fixture
def guardlayer_options(): return {"sources": [lambda query: ["Acme has 400 employees."]]}
""")
    result = suite("""
@pytest.mark.guardlayer(require_sources=True)
def test_from_both(guardlayer): guardlayer.check(TRUE + " Acme has 400 employees.")

@pytest.mark.guardlayer(policy="enforced")
def test_wrong(guardlayer): pass

@pytest.mark.guardlayer(sources=True)
def test_misspelt(guardlayer): pass
""")
    outcomes = result.parseoutcomes()
    assert outcomes["errors"] == 2
    result.stdout.fnmatch_lines(["*cannot be built*enforced*", "*unknown sources=; it knows require_sources*"])


def test_streams_and_concurrent_checks_are_judged(suite) -> None:
    """However a text reaches the test's guard, also in pieces or from other threads, its report counts once."""
    result = suite("""
from concurrent.futures import ThreadPoolExecutor

@pytest.mark.guardlayer(require_sources=True)
def test_stream(guardlayer): list(guardlayer.stream(["Hi! The list price of ", "Acme is $39. ", "Bye!"]))

@pytest.mark.guardlayer(require_sources=True)
def test_threads(guardlayer):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(guardlayer.check, [TRUE] * 20 + [STALE]))
""")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines_random(["guardlayer: 1 of 1 claim has no current source", "*response * of 21:*"])
    failures = result.stdout.str().partition("short test summary")[0]  # where CI is set, pytest repeats them in full
    assert failures.count("] stale:") == 2


def test_no_test_changes_what_the_next_is_judged_by(suite) -> None:
    """The suite's knowledge is read-only."""
    result = suite("""
from guardlayer import StoreError, KnowledgeError

def test_write(guardlayer):
    with pytest.raises((StoreError, KnowledgeError)):
        guardlayer.knowledge.add("Acme", "list price", "$1", source="a test", valid_from="2026-05-01")
""")
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--guardlayer-knowledge", "missing.db"], "*guardlayer_knowledge: there is no *missing.db*"),
        (["--guardlayer-config", "missing.toml"], "*guardlayer_config: there is no *missing.toml*"),
        (["--guardlayer-report-path", "x.html"], "*without --guardlayer-report*"),
        (["--guardlayer-report", "html", "--guardlayer-report-path", "."], "*is a folder; name a file in it*"),
        (["--guardlayer-knowledge", "facts.yaml", "--guardlayer-knowledge", "a.db"], "*a.db is a database*"),
    ],
)
def test_wrong_options_are_said_at_once(suite, pytester: pytest.Pytester, args: list[str], said: str) -> None:
    """A misspelt path would make every claim unsupported: it is a usage error before any test runs."""
    pytester.makefile(".db", a="")
    result = suite("def test_a(): pass", *args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([said])


def test_a_configuration_and_documents(suite, pytester: pytest.Pytester) -> None:
    """The guard can come from a guardlayer.toml, and its knowledge from a folder of documents or a database."""
    pytester.makefile(".toml", guardlayer="[knowledge]\nfacts = ['facts.yaml']\n[guard]\npolicy = 'enforce'\n")
    code = "def test_a(guardlayer):\n    report = guardlayer.check(STALE)\n    assert report.output == TRUE\n"
    suite(code, "--guardlayer-config", "guardlayer.toml", "-o", "guardlayer_knowledge=").assert_outcomes(passed=1)
    assert not Path(".guardlayer").exists(), "tests leave no records"
    with guardlayer.Knowledge.open("acme.db") as knowledge:
        knowledge.load("facts.yaml")
    code = "def test_a(): assert_sourced(TRUE)\ndef test_b(): assert_sourced(STALE)"
    suite(code, "--guardlayer-knowledge", "acme.db").assert_outcomes(passed=1, failed=1)


def test_the_json_report(suite) -> None:
    """It holds every test that checked something: each claim with span, verdict, successor and source."""
    result = suite(
        """
@pytest.mark.guardlayer(require_sources=True)
def test_stale(guardlayer): guardlayer.check(STALE)
def test_true(guardlayer): guardlayer.check(TRUE)
def test_plain(): pass
@pytest.mark.xfail
@pytest.mark.guardlayer
def test_expected(guardlayer): guardlayer.check(STALE)
""",
        "--guardlayer-report=json",
        "--guardlayer-report-path=out/report.json",
    )
    result.stdout.fnmatch_lines(["3 tests with checked responses; report: *report.json"])
    found = json.loads(Path("out/report.json").read_text())
    assert (found["tests"], found["failed"], found["responses"]) == (3, 1, 3)
    assert found["verdicts"] == {"stale": 2, "supported": 1}
    expected, stale, _ = found["results"]
    assert expected["outcome"] == "xfailed"
    assert (stale["test"], stale["outcome"]) == ("test_suite.py::test_stale", "failed")
    (claim,) = stale["responses"][0]["claims"]
    assert (claim["start"], claim["end"], claim["verdict"], claim["sourced"]) == (0, 30, "stale", False)
    assert claim["now"] == {"text": "$49", "since": "2026-01-01"}
    assert claim["source"]["id"] == "price list 2026"


def test_the_html_report_runs_and_loads_nothing(suite, pytester: pytest.Pytester) -> None:
    """What a model, a source or a test name says stays text: no tag, no attribute, no script, no address to load."""
    evil = '</blockquote><script>alert(1)</script><img src=x onerror="alert(2)">'
    pytester.makefile(
        ".json",
        evil=json.dumps(
            [
                {
                    "entity": "Acme",
                    "attribute": "list price",
                    "value": "$49",
                    "valid_from": "2026-01-01",
                    "source": f"list {evil}",
                    "source_uri": "javascript:alert(3)",
                }
            ]
        ),
    )
    result = suite(
        f"""
@pytest.mark.parametrize("evil", [{evil!r}])
def test_evil(guardlayer, evil): guardlayer.check(TRUE + " Acme has 400 employees " + evil + "\\ud800 \\x1b[31m.",
                                                  question=evil)
""",
        "--guardlayer-report=html",
        "--guardlayer-knowledge=evil.json",
    )
    result.assert_outcomes(passed=1)
    page = Path("guardlayer-report.html").read_text(encoding="utf-8")
    tags = _tags(page)
    assert not {name for name, _ in tags} & {"script", "img", "link", "iframe", "object", "a"}
    assert not [attributes for _, attributes in tags if {"src", "onerror", "href"} & attributes.keys()]
    assert "alert(1)" in page, "it is shown"
    assert "default-src 'none'" in page


def test_a_report_that_cannot_be_written_fails_the_run(suite) -> None:
    """Nobody takes a run for documented whose report is not there."""
    result = suite(
        """
def test_true(guardlayer):
    import os
    os.mkdir("report.json")
    guardlayer.check(TRUE)
""",
        "--guardlayer-report=json",
        "--guardlayer-report-path=report.json",
    )
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines(["report not written: *report.json: Is a directory"])


def test_xdist(suite) -> None:
    """Spread over processes, failures stay failures, and one report holds the tests of all of them."""
    result = suite(
        """
@pytest.mark.parametrize("n", range(6))
@pytest.mark.guardlayer(require_sources=True)
def test_a(guardlayer, n): guardlayer.check(STALE + " \\ud800" if n % 2 else TRUE)
""",
        "-p",
        "xdist.plugin",
        "-n2",
        "--guardlayer-report=json",
        subprocess=True,
    )
    result.assert_outcomes(passed=3, failed=3)
    found = json.loads(Path("guardlayer-report.json").read_text())
    assert (found["tests"], found["failed"]) == (6, 3)
    assert [one["test"] for one in found["results"]] == [f"test_suite.py::test_a[{n}]" for n in range(6)]


def test_steering_characters_do_not_reach_the_terminal(suite) -> None:
    """A model's text cannot colour, clear or reorder what a developer reads."""
    result = suite("""
@pytest.mark.guardlayer(require_sources=True)
def test_a(guardlayer): guardlayer.check("Acme has \\x1b[2J400\\u202e employees.")
""")
    result.assert_outcomes(failed=1)
    shown = result.stdout.str().partition("guardlayer: ")[2].partition("short test summary")[0]
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\\u001b" in shown


def test_installed_and_unused_it_says_and_loads_nothing(pytester: pytest.Pytester, tmp_path: Path) -> None:
    """Found by its entry point in every run of pytest, it imports itself alone, and contract suites are explained."""
    site = tmp_path / "site" / "guardlayer_facts-0.dist-info"
    site.mkdir(parents=True)
    (site / "METADATA").write_text("Metadata-Version: 2.1\nName: guardlayer-facts\nVersion: 0\n")
    (site / "entry_points.txt").write_text("[pytest11]\nguardlayer = guardlayer.pytest_plugin\n")
    pytester.makeconftest("""
import sys
def pytest_sessionfinish(session):
    ours = sorted(name for name in sys.modules if name.partition(".")[0] in ("guardlayer", "pydantic", "apsw"))
    print("LOADED", *ours)
    print("PLUGIN", session.config.pluginmanager.has_plugin("guardlayer"))
""")
    pytester.makepyfile(test_plain="def test_a(): pass")
    block = [f"-pno:{name}" for name in ("asyncio", "randomly", "anyio", "hypothesispytest", "langsmith_plugin")]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(site.parent), str(ROOT / "src")]))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-s", "--strict-markers", "-W", "error::pytest.PytestWarning", *block],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "PLUGIN True" in done.stdout
    ours = "guardlayer guardlayer.pytest_plugin guardlayer.testing guardlayer.testing.ambient"
    assert f"LOADED {ours}\n" in done.stdout
    assert done.stdout.count("guardlayer") == 4 + done.stdout.count("guardlayer-facts")


def test_contract_suites_explain_their_asserts(suite, pytester: pytest.Pytester) -> None:
    """The plain asserts of guardlayer.testing are rewritten: a failing contract shows both sides."""
    code = """
import sys
from guardlayer.testing import judging
def test_a(): assert "_pytest" in type(judging.__spec__.loader).__module__
"""
    suite(code, subprocess=True).assert_outcomes(passed=1)


def test_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite in examples/ passes one test and fails the one on a stale fact, for that reason."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    command = [sys.executable, "-m", "pytest", "-p", "guardlayer.pytest_plugin", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--strict-markers", str(ROOT / "examples" / "pytest_suite")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout
    assert "[19:49] stale" in done.stdout
    assert "now: $49 since 2026-01-01, says price list 2026 <https://example.com/prices/2026>" in done.stdout


def _tags(page: str) -> list[tuple[str, dict[str, str | None]]]:
    from html.parser import HTMLParser

    found = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, dict(attrs)))

    Tags().feed(page)
    return found
