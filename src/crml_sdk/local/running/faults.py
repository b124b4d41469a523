"""What the execution of containers raises."""

from __future__ import annotations


class WorkspaceError(ValueError):
    """A workspace file that cannot be used: what is wrong, where, and what is allowed."""


class DockerfileError(ValueError):
    """A Dockerfile that is not supported: which line, and why."""

    def __init__(self, line: int, message: str, path: str = "Dockerfile") -> None:
        super().__init__(f"{path}, line {line}: {message}")
        self.line = line
