"""A git repository made in a test, with dates of our own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class Repo:
    """A real repository with dates of our own."""

    def __init__(self, path: Path, *options: str) -> None:
        self.path = path
        path.mkdir(exist_ok=True)
        self.git("init", "-q", "-b", "main", *options)

    def git(self, *arguments: str, when: str = "2020-01-01T00:00:00Z", author: str | None = None) -> str:
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.path), "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_DATE": author or when, "GIT_COMMITTER_DATE": when,
            "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b.invalid",
            "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b.invalid",
        }  # fmt: skip
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *arguments],
            cwd=self.path, env=environment, capture_output=True, check=True, text=True,
        )  # fmt: skip
        return done.stdout.strip()

    def write(self, **pages: str | bytes | None) -> None:
        for name, content in pages.items():
            file = self.path / "docs" / f"{name}.md"
            file.parent.mkdir(exist_ok=True)
            if content is None:
                file.unlink()
            else:
                file.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, day: str, author: str | None = None, **pages: str | bytes | None) -> str:
        """Write pages below docs/, commit on a day, and return the commit."""
        self.write(**pages)
        self.git("add", "-A")
        when = f"{day}T12:00:00Z"
        self.git("commit", "-q", "--allow-empty", "-m", "x", when=when, author=author and f"{author}T12:00:00Z")
        return self.git("rev-parse", "HEAD")
