"""What the README says is what happens."""

import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1]

pytest.importorskip("langchain.agents", reason="needs langchain: pip install 'langchain-guardlayer[agents]'")


def test_the_snippets_of_the_readme_run(capsys):
    """One after the other, as a reader would; what the comments promise is printed."""
    snippets = re.findall(r"```python\n(.*?)```", (PACKAGE / "README.md").read_text(), re.DOTALL)
    scope: dict[str, object] = {}
    for snippet in snippets:
        exec(compile(snippet, "README.md", "exec"), scope)
    said = capsys.readouterr().out
    assert len(snippets) == 4
    assert "$39" not in said
    assert said.count("The list price of Acme is $49.") == 5
    assert "Let me see. |The list price of Acme is $49. |I hope this helps!|||" in said
    assert said.strip().endswith("Acme, list price: $49")
