"""The stand-in for a container image: its files, environment, directory and command.

Of a Dockerfile, COPY, ADD, ENV, ARG, WORKDIR, ENTRYPOINT, CMD and SHELL are followed. FROM (another
image) and RUN are not: programs and packages are those of the machine and of the workspace's
Python. Everything that is omitted for that reason is logged.
"""

from __future__ import annotations

import os
import re
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from .archives import unpack
from .dockerfile import Instruction, pairs, parse, substitute, unquote
from .faults import DockerfileError, WorkspaceError
from .ignoring import Ignored, expression, read
from .layers import Layers
from .places import Outside

ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


@dataclass
class Image:
    """What a container is started with."""

    entrypoint: list[str] = field(default_factory=list[str])
    command: list[str] = field(default_factory=list[str])
    environment: dict[str, str] = field(default_factory=dict[str, str])
    directory: str = "/"
    notes: list[str] = field(default_factory=list[str])
    shell: list[str] = field(default_factory=lambda: ["/bin/sh", "-c"])
    arguments: dict[str, str] = field(default_factory=dict[str, str])


def follow(
    context: Path,
    layers: Layers,
    *,
    dockerfile: Path | None = None,
    arguments: Mapping[str, str] | None = None,
    path: str,
) -> Image:
    """Follows the Dockerfile of a build context; writes the container's files into `layers`.

    Args:
        context: The build context.
        layers: Where the files go.
        dockerfile: The Dockerfile; by default the one in the context.
        arguments: Values of ARG.
        path: PATH as it is before the Dockerfile changes it.

    Raises:
        WorkspaceError: The context or its Dockerfile is not there, or cannot be read.
        DockerfileError: It cannot be followed: which line, and why.
    """
    dockerfile = dockerfile or context / "Dockerfile"
    if not context.is_dir():
        raise WorkspaceError(f"the build context {context} is not a directory")
    try:
        instructions = parse(dockerfile.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as fault:
        raise WorkspaceError(f"{dockerfile} cannot be read: {fault}") from None
    except DockerfileError as fault:
        raise DockerfileError(fault.line, str(fault).partition(": ")[2], str(dockerfile)) from None
    try:
        return _Build(context, instructions, arguments or {}, path).final(layers)
    except DockerfileError as fault:
        raise DockerfileError(fault.line, str(fault).partition(": ")[2], str(dockerfile)) from None


@dataclass
class _Stage:
    name: str
    base: str
    instructions: list[Instruction]

    @property
    def runs(self) -> bool:
        return any(entry.name == "RUN" for entry in self.instructions)


class _Build:
    def __init__(
        self,
        context: Path,
        instructions: list[Instruction],
        arguments: Mapping[str, str],
        path: str,
    ) -> None:
        self.context = Path(os.path.realpath(context))
        self.ignored: Ignored = read(context)
        self.given = arguments
        self.path = path
        self.globals: dict[str, str] = {}
        self.stages = self._stages(instructions)

    def _stages(self, instructions: list[Instruction]) -> list[_Stage]:
        stages: list[_Stage] = []
        for entry in instructions:
            if entry.name == "FROM":
                words = substitute(entry.text, self.globals, entry.line).split()
                words = [word for word in words if not word.startswith("--")]
                name = words[2] if len(words) == 3 and words[1].upper() == "AS" else ""
                if not words or (len(words) != 1 and not name):
                    raise DockerfileError(
                        entry.line, f"FROM {entry.text} is not FROM IMAGE AS NAME"
                    )
                stages.append(_Stage(name.lower() or str(len(stages)), words[0].lower(), []))
            elif stages:
                stages[-1].instructions.append(entry)
            elif entry.name == "ARG":
                self._argument(entry, self.globals, {})
            else:
                raise DockerfileError(entry.line, f"{entry.name} comes before the first FROM")
        if not stages:
            raise DockerfileError(1, "there is no FROM")
        return stages

    def final(self, layers: Layers) -> Image:
        return self._stage(self.stages[-1], layers)

    def _stage(self, stage: _Stage, layers: Layers) -> Image:
        base = self._named(stage.base, before=stage)
        image = self._stage(base, layers) if base else Image(environment={"PATH": self.path})
        image.arguments = {}
        for entry in stage.instructions:
            self._one(entry, stage, image, layers)
        return image

    def _named(self, name: str, before: _Stage) -> _Stage | None:
        for index, stage in enumerate(self.stages):
            if stage is before:
                return None
            if name.lower() in (stage.name, str(index)):
                return stage
        return None

    def _one(self, entry: Instruction, stage: _Stage, image: Image, layers: Layers) -> None:
        values = {**image.arguments, **image.environment}
        if entry.name == "ARG":
            self._argument(entry, image.arguments, image.environment)
        elif entry.name == "ENV":
            for name, value in pairs(entry):
                image.environment[name] = unquote(substitute(value, values, entry.line))
        elif entry.name == "WORKDIR":
            wanted = unquote(substitute(entry.text, values, entry.line))
            image.directory = str(PurePosixPath(image.directory) / wanted)
            self._guard(entry, lambda: layers.make_directory(image.directory))
        elif entry.name in ("COPY", "ADD"):
            self._copy(entry, stage, image, layers, values)
        elif entry.name == "ENTRYPOINT":
            image.entrypoint, image.command = self._command(entry, image), []
        elif entry.name == "CMD":
            image.command = self._command(entry, image)
        elif entry.name == "SHELL":
            image.shell = entry.array() or []
            if not image.shell:
                raise DockerfileError(entry.line, "SHELL needs a JSON array of strings")

    def _argument(
        self, entry: Instruction, known: dict[str, str], environment: Mapping[str, str]
    ) -> None:
        for word in entry.words():
            name, sign, default = word.partition("=")
            if name in self.given:
                known[name] = self.given[name]
            elif sign:
                value = substitute(default, {**known, **environment}, entry.line)
                known[name] = unquote(value)
            elif name in self.globals:
                known[name] = self.globals[name]

    @staticmethod
    def _command(entry: Instruction, image: Image) -> list[str]:
        array = entry.array()
        if array is not None:
            return array
        if entry.text.startswith("["):
            raise DockerfileError(
                entry.line, f"{entry.name} {entry.text} is not a JSON array of strings"
            )
        return [*image.shell, entry.text]

    @staticmethod
    def _guard(entry: Instruction, act: object) -> None:
        try:
            act()  # type: ignore[operator]
        except (OSError, tarfile.TarError) as fault:
            raise DockerfileError(entry.line, f"{entry.name} {entry.text}: {fault}") from None

    # COPY and ADD

    def _copy(
        self,
        entry: Instruction,
        stage: _Stage,
        image: Image,
        layers: Layers,
        values: Mapping[str, str],
    ) -> None:
        options, words = _options(entry, values)
        if len(words) < 2:
            raise DockerfileError(entry.line, f"{entry.name} needs a source and a destination")
        *sources, goal = words
        mode = _octal(entry, options.get("chmod"))
        goal_path = str(PurePosixPath(image.directory) / goal)
        into = goal.endswith(("/", "/.")) or goal == "." or len(sources) > 1
        if "from" in options:
            self._copy_from(entry, stage, image, layers, options["from"], sources, goal_path, into)
            return
        heredocs = {name: (text, varies) for name, text, varies in entry.heredocs}
        for source in sources:
            word = source.lstrip("<-").strip("'\"")
            if source.startswith("<<") and word in heredocs:
                text, varies = heredocs[word]
                text = substitute(text, values, entry.line) if varies else text
                name = f"{goal_path}/{word}" if into else goal_path
                self._guard(entry, lambda: layers.write(name, text.encode(), mode))  # noqa: B023
                continue
            if "://" in source or source.startswith("git@"):
                raise DockerfileError(
                    entry.line, f"{entry.name} {source}: downloads are not supported"
                )
            found = self._sources(entry, source)
            for path in found:
                many = into or len(found) > 1
                self._place(entry, path, layers, goal_path, many, mode)

    def _sources(self, entry: Instruction, source: str) -> list[Path]:
        """The files of the context that a source means."""
        cleaned = os.path.normpath("/" + source).lstrip("/")
        if re.search(r"[*?\[]", cleaned):
            pattern = re.compile(expression(cleaned))
            depth = len(PurePosixPath(cleaned).parts)
            found = [
                path
                for path in sorted(self.context.glob("/".join("*" * depth)))
                if pattern.fullmatch(self._name(path)) and self._name(path) not in self.ignored
            ]
            if not found:
                raise DockerfileError(entry.line, f"{entry.name}: nothing matches {source}")
            return [self._inside(entry, path, source) for path in found]
        path = self.context / cleaned
        if cleaned and cleaned in self.ignored and not path.is_dir():
            raise DockerfileError(entry.line, f"{entry.name}: .dockerignore leaves out {source}")
        return [self._inside(entry, path, source)]

    def _inside(self, entry: Instruction, path: Path, source: str) -> Path:
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(self.context):
            raise DockerfileError(
                entry.line, f"{entry.name}: {source} points outside the build context, to {real}"
            )
        if not real.exists():
            raise DockerfileError(
                entry.line, f"{entry.name}: there is no {source} in {self.context}"
            )
        if not real.is_dir() and not real.is_file():
            raise DockerfileError(
                entry.line, f"{entry.name}: {source} is neither a file nor a directory"
            )
        return path if not path.is_symlink() else real

    def _name(self, path: Path) -> str:
        return path.relative_to(self.context).as_posix()

    def _left_out(self, path: Path) -> bool:
        return path.is_relative_to(self.context) and self._name(path) in self.ignored

    def _place(
        self,
        entry: Instruction,
        path: Path,
        layers: Layers,
        goal: str,
        into: bool,
        mode: int | None,
    ) -> None:
        def act() -> None:
            if path.is_dir():
                layers.copy(path, goal, mode=mode, leave_out=self._left_out)
            elif entry.name == "ADD" and path.name.endswith(ARCHIVES):
                unpack(path, layers.make_directory(goal))
            elif into or layers.find(goal).is_dir():
                layers.copy(path, f"{goal}/{path.name}", mode=mode)
            else:
                layers.copy(path, goal, mode=mode)

        self._guard(entry, act)

    def _copy_from(
        self,
        entry: Instruction,
        stage: _Stage,
        image: Image,
        layers: Layers,
        name: str,
        sources: list[str],
        goal: str,
        into: bool,
    ) -> None:
        other = self._named(name, before=stage)
        if other is None:
            image.notes.append(
                f"Dockerfile line {entry.line}: {' '.join(sources)} of the image {name} is omitted"
            )
            return
        with tempfile.TemporaryDirectory(prefix="crml-stage-") as folder:
            theirs = Layers.below(Path(folder))
            self._stage(other, theirs)
            for source in sources:
                try:
                    path = theirs.find("/" + source.lstrip("/"))
                except Outside as fault:
                    raise DockerfileError(entry.line, f"{entry.name}: {fault}") from None
                if not path.exists() and not other.runs:
                    raise DockerfileError(
                        entry.line, f"{entry.name}: there is no {source} in the stage {name}"
                    )
                if not path.exists():
                    image.notes.append(
                        f"Dockerfile line {entry.line}: {source} of the stage {name} is"
                        " omitted, because RUN is not supported"
                    )
                else:
                    self._place(entry, path, layers, goal, into, None)


def _options(entry: Instruction, values: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    text = entry.text
    while text.startswith("--"):
        first, _, text = text.partition(" ")
        name, _, value = first[2:].partition("=")
        if name not in ("from", "chmod", "chown", "link", "checksum", "keep-git-dir"):
            raise DockerfileError(entry.line, f"{entry.name}: --{name} is not supported")
        options[name] = value
        text = text.strip()
    rest = Instruction(entry.line, entry.name, text, entry.heredocs)
    array = rest.array()
    if array is not None:
        return options, [substitute(word, values, entry.line) for word in array]
    return options, [unquote(substitute(word, values, entry.line)) for word in rest.words()]


def _octal(entry: Instruction, mode: str | None) -> int | None:
    if mode is None:
        return None
    if not re.fullmatch("[0-7]{3,4}", mode):
        raise DockerfileError(entry.line, f"{entry.name}: --chmod={mode} is not octal")
    return int(mode, 8) & 0o777
