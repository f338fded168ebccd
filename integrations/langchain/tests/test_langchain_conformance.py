"""LangChain's official suites say the same of a part under guard as of the part itself."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from pathlib import Path

SUITES = Path(__file__).with_name("conformance_suites.py")
PAIRS = {
    "TestBareUnit": "TestGuardedUnit",
    "TestBareIntegration": "TestGuardedIntegration",
    "TestBareRetriever": "TestGuardedRetriever",
    "TestBareTool": "TestGuardedTool",
}
LEAST = {"TestBareUnit": 8, "TestBareIntegration": 36, "TestBareRetriever": 4, "TestBareTool": 5}
"""How many tests pass at least, in every version of the suites: fewer would mean that they were not run."""


def outcomes(folder):
    """What became of every test, by class and name, with the reason where it did not pass."""
    (folder / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    written = folder / "outcomes.xml"
    options = "-q --import-mode=importlib --disable-socket --allow-unix-socket --benchmark-disable -p no:cacheprovider"
    config = ["-p", "no:randomly", f"--junitxml={written}", "-c", folder / "pytest.ini", "--rootdir", folder]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options.split(), *config, SUITES],
        capture_output=True, text=True, timeout=120, cwd=folder, check=False,
    )  # fmt: skip
    assert written.exists(), done.stdout + done.stderr
    found = defaultdict(dict)
    for case in ET.parse(written).getroot().iter("testcase"):
        result = next((child for child in case if child.tag in ("failure", "error", "skipped")), None)
        tag, why = ("passed", "") if result is None else (result.tag, result.get("message", ""))
        found[case.get("classname").rpartition(".")[2]][case.get("name")] = (tag, why)
    return found


def test_the_guard_changes_the_outcome_of_no_official_test(tmp_path, record_property):
    """Unit and integration suites for chat models, retrievers and tools: bare and guarded agree test by test.

    What a suite skips, it skips on both sides for the same reason: the fake model has no images, audio, video or PDF, and
    no real server.
    """
    found = outcomes(tmp_path)
    for bare, guarded in PAIRS.items():
        names = {*found[bare], *found[guarded]}
        differing = [name for name in names if found[bare].get(name) != found[guarded].get(name)]
        passed = sum(tag == "passed" for tag, _ in found[bare].values())
        record_property("suite", f"{bare.removeprefix('TestBare')} {len(names)} {passed} {len(differing)}")
        assert found[guarded] == found[bare]
    counted = {bare: Counter(tag for tag, _ in found[bare].values()) for bare in PAIRS}
    assert not any(count["failure"] or count["error"] for count in counted.values()), "the fake itself fails"
    assert all(counted[bare]["passed"] >= least for bare, least in LEAST.items()), counted
