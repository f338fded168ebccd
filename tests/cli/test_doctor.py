"""``guardlayer doctor`` finds what is wrong with an installation, and says what to do."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from guardlayer.cli import doctor
from guardlayer.cli.doctor import State, clash, plugins, sqlite_finding, writable


def install(site: Path, name: str, files: dict[str, str], recorded: dict[str, str] | None = None) -> None:
    """Install a distribution as pip does: files, METADATA, and a RECORD with their hashes."""
    info = site / f"{name.replace('-', '_')}-0.9.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.9.1\n")
    rows = []
    for path, text in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)
        digest = hashlib.sha256((recorded or files).get(path, text).encode()).digest()
        rows.append(f"{path},sha256={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()},{len(text)}")
    (info / "RECORD").write_text("\n".join([*rows, f"{info.name}/RECORD,,"]) + "\n")


def test_this_environment_is_sound(cli, tmp_path: Path):
    """The environment that runs the tests passes, and every part is named."""
    done = cli("doctor", "--json", "--log", tmp_path / "p.db")
    assert done.code == 0, done.out
    found = {finding["what"]: finding for finding in done.json["findings"]}
    assert {"Python", "guardlayer-facts", "SQLite", "provenance log", "import name"} <= set(found)
    assert found["guardlayer.verifiers"]["detail"] == "entailment, lexical, structured"
    assert "Nothing is wrong" in cli("doctor").out


def test_the_entailment_model_is_named_by_its_digest(tmp_path: Path, monkeypatch):
    """Its version and digest are shown; a missing one is noted, a changed one is wrong."""
    from guardlayer.verifiers.entailment import files

    manifest = {"version": "trial", "marks": files.MARKS_VERSION, "sha256": {}}
    for name in (files.NETWORK, files.TOKENIZER, files.COMBINER):
        (tmp_path / name).write_text(name)
        manifest["sha256"][name] = hashlib.sha256(name.encode()).hexdigest()
    monkeypatch.setattr(files, "SHIPPED", tmp_path)
    assert doctor.model().state is State.NOTE
    (tmp_path / files.MANIFEST).write_text(json.dumps(manifest))
    found = doctor.model()
    assert found.state is State.FINE
    assert "trial, sha256:" in found.detail
    (tmp_path / files.NETWORK).write_text("other")
    assert doctor.model().state is State.WRONG


def test_the_unrelated_package_is_found_by_its_presence(tmp_path: Path):
    """The prompt-injection filter of the same import name is named, with what to do."""
    install(tmp_path, "guardlayer-facts", {"guardlayer/types.py": "ours"})
    assert [finding.state for finding in clash([str(tmp_path)])] == [State.FINE]
    install(tmp_path, "guardlayer", {"guardlayer/scanner.py": "theirs"})
    (finding,) = clash([str(tmp_path)])
    assert finding.state is State.WRONG
    assert "0.9.1" in finding.detail
    assert "overwritten" not in finding.detail
    assert "pip uninstall guardlayer;" in finding.advice


def test_overwritten_files_are_named(tmp_path: Path):
    """Files of ours that are not as they were installed are found by their hashes, whoever wrote them."""
    install(tmp_path, "guardlayer-facts", {"guardlayer/config.py": "ours", "guardlayer/types.py": "ours"})
    install(tmp_path, "guardlayer", {"guardlayer/config.py": "theirs"})
    (finding,) = clash([str(tmp_path)])
    assert "overwritten guardlayer/config.py" in finding.detail
    for path in (tmp_path / "guardlayer-0.9.1.dist-info").iterdir():
        path.unlink()
    (tmp_path / "guardlayer-0.9.1.dist-info").rmdir()
    (left,) = clash([str(tmp_path)])
    assert left.state is State.WRONG
    assert "guardlayer/config.py" in left.detail
    assert "--force-reinstall" in left.advice


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ("3.40.1", State.WRONG),
        ("3.51.2", State.WRONG),
        ("3.51.3", State.FINE),
        ("3.54.1", State.FINE),
        ("4.0.0", State.FINE),
    ],
)
def test_an_sqlite_with_the_wal_bug_is_wrong(version, state):
    """The first release with the fix is 3.51.3."""
    assert sqlite_finding("1", version).state is state


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder nobody can write, /proc; run on Linux")
def test_places_that_cannot_be_written_are_wrong():
    """A folder that cannot be written is found before the first answer is lost; trying tells, for root too."""
    finding = writable("provenance log", Path("/proc/self/p.db"))
    assert finding.state is State.WRONG
    assert "cannot be written" in finding.detail
    assert finding.advice


def test_paths_are_tried_without_creating_anything(tmp_path: Path):
    """What is not there yet is fine if it can come to be; a folder or a file in the way is wrong."""
    assert writable("provenance log", tmp_path / "a" / "b" / "p.db").state is State.FINE
    assert list(tmp_path.iterdir()) == []
    assert writable("provenance log", tmp_path).state is State.WRONG
    (tmp_path / "file").write_text("")
    assert writable("provenance log", tmp_path / "file" / "p.db").state is State.WRONG


def test_a_plug_in_that_does_not_load_is_wrong(monkeypatch):
    """The broken package is named; the others are still listed."""
    real = doctor.entry_points
    broken = EntryPoint("mine", "no_such_module:Thing", "guardlayer.verifiers")

    def points(*, group):
        return [*real(group=group), *([broken] if group == broken.group else [])]

    monkeypatch.setattr(doctor, "entry_points", points)
    wrong = [finding for finding in plugins() if finding.state is State.WRONG]
    assert [finding.what for finding in wrong] == ["guardlayer.verifiers"]
    assert "no_such_module" in wrong[0].detail


def test_something_wrong_is_exit_1(cli, monkeypatch):
    """Scripts can rely on the exit code, and people see what to do."""
    monkeypatch.setattr(doctor, "sqlite", lambda: sqlite_finding("1", "3.40.1"))
    done = cli("doctor")
    assert done.code == 1
    assert "pip install --upgrade" in " ".join(done.out.split())
    assert not cli("doctor", "--json").json["ok"]


def test_a_missing_install_is_said(monkeypatch):
    """Running from a bare source tree, where no plug-in is registered, is found."""
    monkeypatch.setattr(sys.modules["importlib.metadata"], "version", None)
    monkeypatch.setattr(doctor, "version", _none)
    assert any(finding.state is State.WRONG for finding in doctor.versions())


def _none(name):
    raise doctor.PackageNotFoundError(name)
