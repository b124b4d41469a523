"""Dockerfiles that are followed, and what is said about those that cannot be."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from crml_sdk.local.running.faults import DockerfileError
from crml_sdk.local.running.image import Image, follow
from crml_sdk.local.running.layers import Layers

Make = Callable[..., Image]


class Followed:
    def __init__(self, folder: Path) -> None:
        self.context = folder / "context"
        self.context.mkdir()
        self.layers = Layers.below(folder / "container")

    def file(self, path: str, text: str = "x") -> Path:
        target = self.context / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def __call__(self, text: str, **arguments: str) -> Image:
        self.file("Dockerfile", text)
        return follow(self.context, self.layers, arguments=arguments, path="/bin")

    def fault(self, text: str) -> str:
        with pytest.raises(DockerfileError) as caught:
            self(text)
        return str(caught.value).removeprefix(str(self.context))


@pytest.fixture
def docker(tmp_path: Path) -> Followed:
    return Followed(tmp_path)


def test_an_ordinary_image(docker: Followed) -> None:
    docker.file("src/train.py")
    docker.file("src/lib/a.py")
    image = docker(
        "# syntax=docker/dockerfile:1\n"
        "ARG BASE=python:3.11\nFROM ${BASE} AS run\n"
        "RUN pip install \\\n    # a comment\n    numpy && \\\n\n    echo done\n"
        "COPY src /opt/ml/code\n"
        "WORKDIR /opt/ml\nWORKDIR code\n"
        'ENV A=1 B="two words" PATH=/opt/ml/code:$PATH\nENV C three words\n'
        'ENTRYPOINT ["python", "train.py"]\nCMD ["--fast"]\n'
    )
    assert image.entrypoint == ["python", "train.py"]
    assert image.command == ["--fast"]
    assert image.directory == "/opt/ml/code"
    assert image.environment == {
        "PATH": "/opt/ml/code:/bin",
        "A": "1",
        "B": "two words",
        "C": "three words",
    }
    assert (docker.layers.ml / "code" / "lib" / "a.py").read_text() == "x"


def test_the_shell_form_and_shell(docker: Followed) -> None:
    assert docker("FROM a\nENTRYPOINT python x.py").entrypoint == ["/bin/sh", "-c", "python x.py"]
    image = docker('FROM a\nSHELL ["/bin/bash", "-c"]\nCMD run')
    assert image.command == ["/bin/bash", "-c", "run"]


def test_an_entrypoint_takes_back_the_command_before_it(docker: Followed) -> None:
    assert docker('FROM a\nCMD ["x"]\nENTRYPOINT ["y"]').command == []


@pytest.mark.parametrize(
    ("copy", "expected"),
    [
        ("COPY a.txt /app", "/app"),
        ("COPY a.txt /app/", "/app/a.txt"),
        ("COPY a.txt b.txt /app/", "/app/b.txt"),
        ("COPY *.txt /app/", "/app/b.txt"),
        ("COPY dir /app", "/app/c.txt"),
        ("COPY dir/ /app/deep/", "/app/deep/c.txt"),
        ("COPY d?r/c.txt ./", "/work/c.txt"),
        ('COPY ["a.txt", "/app/with space"]', "/app/with space"),
        ("COPY --chown=a:b --chmod=755 a.txt /app/", "/app/a.txt"),
        ("ADD a.txt /app/", "/app/a.txt"),
        ("COPY . /opt/ml/code", "/opt/ml/code/dir/c.txt"),
        ("COPY <<EOF /app/made\nhello\nEOF", "/app/made"),
        ("COPY /a.txt /root/", "/root/a.txt"),
        ("COPY $WHAT /app/", "/app/a.txt"),
        ("COPY a.txt /", "/a.txt"),
        ("COPY dir/ /", "/c.txt"),
        ("COPY a.txt //opt/ml//code/", "/opt/ml/code/a.txt"),
        ("COPY <<made /\nhello\nmade", "/made"),
        ("WORKDIR /\nCOPY a.txt .", "/a.txt"),
    ],
)
def test_where_copies_go(docker: Followed, copy: str, expected: str) -> None:
    for name in ("a.txt", "b.txt", "dir/c.txt"):
        docker.file(name)
    docker(f"FROM a\nARG WHAT=a.txt\nWORKDIR /work\n{copy}")
    assert docker.layers.find(expected).is_file()


def test_a_program_can_be_run_without_chmod(docker: Followed) -> None:
    docker.file("serve", "#!/usr/bin/env python3\n")
    docker.file("data", "1")
    docker("FROM a\nCOPY serve data /opt/program/\nRUN chmod +x /opt/program/serve")
    assert docker.layers.find("/opt/program/serve").stat().st_mode & 0o111
    assert not docker.layers.find("/opt/program/data").stat().st_mode & 0o111


def test_variables(docker: Followed) -> None:
    image = docker(
        "ARG WHERE=/from/top\nFROM a\nARG WHERE\nARG B=${WHERE:-no}\n"
        "ENV X=${B} Y=${NONE:-default} Z=${B:+other} ESCAPED=\\$B QUOTED='a b'",
        B="given",
    )
    made = {name: image.environment[name] for name in ("X", "Y", "Z", "ESCAPED", "QUOTED")}
    assert made == {"X": "given", "Y": "default", "Z": "other", "ESCAPED": "$B", "QUOTED": "a b"}


def test_dockerignore(docker: Followed) -> None:
    for name in ("a.py", "secret.env", "data/big.csv", "data/keep.csv", "deep/x/secret.env"):
        docker.file(name)
    docker.file(".dockerignore", "# no data\ndata\n!data/keep.csv\n**/*.env\n")
    docker("FROM a\nCOPY . /app/")
    found = {
        p.relative_to(docker.layers.image).as_posix() for p in docker.layers.image.rglob("*.*")
    }
    assert found == {"app/a.py", "app/data/keep.csv", "app/.dockerignore"}


def test_stages(docker: Followed) -> None:
    docker.file("a.txt", "of the builder")
    image = docker(
        "FROM x AS builder\nENV KEPT=1\nCOPY a.txt /built/\nRUN make /built/program\n"
        "FROM builder AS middle\nWORKDIR /mid\n"
        "FROM y\nCOPY --from=builder /built/a.txt /app/\n"
        "COPY --from=0 /built/program /app/\n"
        "COPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/uv\n"
    )
    assert docker.layers.find("/app/a.txt").read_text() == "of the builder"
    assert not docker.layers.find("/built").exists()
    assert "KEPT" not in image.environment
    assert image.notes == [
        "Dockerfile line 9: /built/program of the stage 0 is omitted, because RUN is not supported",
        "Dockerfile line 10: /uv of the image ghcr.io/astral-sh/uv:latest is omitted",
    ]
    image = docker('FROM x AS base\nENV KEPT=1\nCOPY a.txt /built/\nFROM base\nCMD ["c"]')
    assert image.environment["KEPT"] == "1"
    assert docker.layers.find("/built/a.txt").is_file()


def test_add_unpacks_an_archive(docker: Followed) -> None:
    with tarfile.open(docker.context / "model.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("weights"), io.BytesIO())
    docker("FROM a\nADD model.tar.gz /opt/ml/model/")
    assert (docker.layers.ml / "model" / "weights").is_file()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FROM a\nCOPY gone.txt /app/", "line 2: COPY: there is no gone.txt"),
        ("FROM a\n\nCOPY *.gone /app/", "line 3: COPY: nothing matches *.gone"),
        ("FROM a\nCOPY --from=b", "line 2: COPY needs a source and a destination"),
        ("FROM a AS b\nFROM c\nCOPY --from=b /x /y", "line 3: COPY: there is no /x in the stage b"),
        ("FROM a\nADD https://example.com/x /y", "downloads are not supported"),
        ("FROM a\nFETCH x", "line 2: FETCH is not an instruction"),
        ("FROM a\nCOPY", "line 2: COPY needs an argument"),
        ("COPY a /b", "line 1: COPY comes before the first FROM"),
        ("# nothing\n", "line 1: there is no FROM"),
        ('FROM a\nENTRYPOINT ["python", train.py]', "line 2: ENTRYPOINT"),
        ("FROM a\nENV X", "line 2: ENV"),
        ("FROM a\nRUN <<EOF\necho", "line 2: the heredoc EOF has no end"),
        ("FROM a\nENV A=${B:?no}", "only :- and :+ are supported"),
        ("FROM a\nCOPY --parents x /y", "--parents is not supported"),
        ("FROM a\nCOPY 'x /y", "line 2: COPY"),
        ("FROM a\nCOPY --chmod=rwx x /y", "is not octal"),
    ],
)
def test_the_line_and_the_reason_are_named(docker: Followed, text: str, said: str) -> None:
    docker.file("x")
    fault = docker.fault(text)
    assert fault.startswith("/Dockerfile, line ")
    assert said in fault


# Tricks


def test_a_link_out_of_the_context_is_refused(docker: Followed, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (docker.context / "link").symlink_to(tmp_path / "secret")
    assert "points outside the build context" in docker.fault("FROM a\nCOPY link /opt/ml/code/")
    (docker.context / "up").symlink_to(tmp_path)
    assert "points outside the build context" in docker.fault(
        "FROM a\nCOPY up/secret /opt/ml/code/"
    )


def test_dots_stay_in_the_context(docker: Followed, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    assert "there is no ../secret" in docker.fault("FROM a\nCOPY ../secret /app/")


def test_a_copied_link_does_not_lead_a_later_copy_out(docker: Followed, tmp_path: Path) -> None:
    (tmp_path / "host").mkdir()
    (docker.context / "links").mkdir()
    (docker.context / "links" / "out").symlink_to(tmp_path / "host")
    docker.file("a.txt")
    docker("FROM a\nCOPY links /app\nCOPY a.txt /app/out/")
    assert list((tmp_path / "host").iterdir()) == []
    assert docker.layers.find(str(tmp_path / "host" / "a.txt")).is_file()


def test_a_circle_of_links(docker: Followed) -> None:
    (docker.context / "links").mkdir()
    (docker.context / "links" / "a").symlink_to("b")
    (docker.context / "links" / "b").symlink_to("a")
    docker.file("x")
    assert "too many symbolic links" in docker.fault("FROM a\nCOPY links /app\nCOPY x /app/a/")


def test_pipes_in_a_context_are_left_out(docker: Followed) -> None:
    import os

    (docker.context / "src").mkdir()
    os.mkfifo(docker.context / "src" / "pipe")
    docker.file("src/a")
    docker("FROM a\nCOPY src /app")
    assert [path.name for path in docker.layers.find("/app").iterdir()] == ["a"]
