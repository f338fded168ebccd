"""Parts by name: other people's distributions, found through their entry points."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from guardlayer import Guard, Label
from guardlayer.claims import TextSplitter
from guardlayer.errors import PluginError
from guardlayer.kinds import RuleClassifier
from guardlayer.plugins import GROUPS, load, names
from guardlayer.protocols import Classifier, Splitter, Verifier
from guardlayer.verifiers import LexicalVerifier, StructuredVerifier

CODE = '''
from guardlayer.types import Label, Verdict

class Parrot:
    """Supports whatever any evidence repeats."""

    def __init__(self, loud=False):
        self.loud = loud

    def __call__(self, claim, evidence, at):
        for piece in evidence:
            if piece.text == claim.text:
                return Verdict(Label.SUPPORTED, 1.0, "said again", (piece,), verifier="parrot/1")

class Number:
    def __new__(cls):
        return 7

def broken():
    raise OSError("no model file")

def needs(argument):
    return Parrot()
'''

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function that puts a distribution with entry points on the path, as pip would."""

    def put(name: str, group: str, **points: str) -> Path:
        site = tmp_path / f"site-{name}"
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [f"[{group}]", *(f"{key} = {target}" for key, target in points.items())]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
        module = f"{name}_code"
        (site / f"{module}.py").write_text(CODE)
        monkeypatch.syspath_prepend(str(site))
        monkeypatch.delitem(sys.modules, module, raising=False)
        return site

    return put


@pytest.mark.parametrize(
    ("group", "name", "part"),
    [
        ("guardlayer.splitters", "text", TextSplitter),
        ("guardlayer.classifiers", "rules", RuleClassifier),
        ("guardlayer.verifiers", "structured", StructuredVerifier),
        ("guardlayer.verifiers", "lexical", LexicalVerifier),
    ],
)
def test_built_ins_enter_by_the_same_door(group: str, name: str, part: type) -> None:
    """What is built in is registered and loaded like anybody's plug-in."""
    assert name in names(group)
    assert isinstance(load(group, name), part)


def test_a_plug_in_is_used_by_its_name(install: Install) -> None:
    """An installed verifier takes part in the cascade when it is named."""
    install("parrot", "guardlayer.verifiers", parrot="parrot_code:Parrot")
    guard = Guard(log=None, verifiers=["parrot"], sources=[lambda query: [query]])
    (claim,) = guard.check("Zebras are striped.").claims
    assert (claim.verdict, claim.result.verifier) == (Label.SUPPORTED, "parrot/1")


def test_a_missing_plug_in_is_named_with_the_nearest(install: Install) -> None:
    """A name that nobody registered is an error with the nearest that somebody did, or with all of them."""
    install("parrot", "guardlayer.verifiers", parrot="parrot_code:Parrot")
    with pytest.raises(PluginError, match="did you mean 'parrot'"):
        Guard(log=None, verifiers=["parot"])
    with pytest.raises(PluginError, match=r"known: .*structured"):
        load("guardlayer.verifiers", "qqqq")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("bad_code:broken", "no model file"),
        ("bad_code:absent", "AttributeError"),
        ("bad_missing:thing", "ModuleNotFoundError"),
        ("bad_code:needs", "TypeError"),
        ("bad_code:Number", "does not satisfy Verifier"),
    ],
)
def test_a_broken_plug_in_is_named_with_its_cause(install: Install, target: str, said: str) -> None:
    """One that cannot be imported or built, or is of the wrong make, is an error of ours that names it and the cause."""
    install("bad", "guardlayer.verifiers", bad=target)
    with pytest.raises(PluginError, match=said) as caught:
        load("guardlayer.verifiers", "bad")
    assert "'bad'" in str(caught.value)
    assert target in str(caught.value)


def test_two_of_one_name_are_refused(install: Install) -> None:
    """Where two distributions register one name, none is picked silently; both are named."""
    install("one", "guardlayer.verifiers", same="one_code:Parrot")
    install("two", "guardlayer.verifiers", same="two_code:Parrot")
    with pytest.raises(PluginError, match="one, two"):
        load("guardlayer.verifiers", "same")


def test_every_group_has_its_protocol() -> None:
    """A group is a Protocol that parts can be held against."""
    assert {GROUPS[f"guardlayer.{group}"] for group in ("splitters", "classifiers", "verifiers")} == {
        Splitter,
        Classifier,
        Verifier,
    }


def test_parts_may_be_handed_in_without_registering(install: Install) -> None:
    """A part at hand needs no name: the object itself will do, in every place."""

    def splitter(draft):
        return TextSplitter()(draft)

    def classifier(claims, draft):
        return RuleClassifier()(claims, draft)

    guard = Guard(log=None, splitter=splitter, classifier=classifier, verifiers=[StructuredVerifier(), "lexical"])
    assert guard.check("The fee is 3%.", evidence=["The fee is 3%."]).ok
