"""Archives of others, and archives of what containers wrote."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from crml_sdk.local.running.archives import pack, unpack
from crml_sdk.local.running.places import Outside, read_start


def archive_of(path: Path, *entries: tuple[str, bytes, str, bytes]) -> Path:
    """Entries of name, tar type, link target and content."""
    with tarfile.open(path, "w:gz") as made:
        for name, kind, link, content in entries:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname, entry.size = kind, link, len(content)
            made.addfile(entry, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    "entries",
    [
        [("../out", tarfile.REGTYPE, "", b"x")],
        [("/tmp/out", tarfile.REGTYPE, "", b"x")],
        [("a", tarfile.SYMTYPE, "/etc/passwd", b"")],
        [("a", tarfile.SYMTYPE, "../../etc", b"")],
        [("d", tarfile.SYMTYPE, "..", b""), ("d/x", tarfile.REGTYPE, "", b"x")],
        [("a", tarfile.LNKTYPE, "/etc/passwd", b"")],
        [("a", tarfile.LNKTYPE, "../secret", b"")],
        [("a", tarfile.FIFOTYPE, "", b"")],
        [("a", tarfile.CHRTYPE, "", b"")],
        [("big", tarfile.REGTYPE, "", b"x" * 2000)],
    ],
)
def test_archives_that_lead_out_are_refused(
    tmp_path: Path, entries: list[tuple[str, bytes, str, bytes]]
) -> None:
    (tmp_path / "secret").write_text("secret")
    folder = tmp_path / "deep" / "model"
    folder.mkdir(parents=True)
    with pytest.raises(Outside):
        unpack(archive_of(tmp_path / "a.tar.gz", *entries), folder, most_bytes=1000)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar.gz", "deep", "secret"]


def test_what_stays_inside_is_unpacked(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    archive = archive_of(
        tmp_path / "a.tar.gz",
        ("./d/file", tarfile.REGTYPE, "", b"one"),
        ("link", tarfile.SYMTYPE, "d/file", b""),
        ("hard", tarfile.LNKTYPE, "d/file", b""),
    )
    unpack(archive, folder)
    assert [(folder / name).read_text() for name in ("d/file", "link", "hard")] == ["one"] * 3


def test_packing_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    model = tmp_path / "ml" / "model"
    (model / "sub").mkdir(parents=True)
    (model / "weights").write_text("1")
    (model / "out").symlink_to(tmp_path / "secret")
    (model / "sub" / "dir").symlink_to(tmp_path)
    (model / "sub" / "absolute").symlink_to("/opt/ml/model/weights")
    os.mkfifo(model / "pipe")
    packed = pack([tmp_path / "ml"], ("model",), tmp_path / "m.tar.gz")
    with tarfile.open(packed.path) as opened:
        links = {entry.name: entry.linkname for entry in opened if entry.issym()}
        assert {entry.name for entry in opened} == {"weights", "sub", "sub/absolute"}
    assert links == {"sub/absolute": "../weights"}
    assert sorted(packed.left_out) == ["out", "pipe", "sub/dir"]
    assert (packed.files, packed.content_bytes) == (2, 1)


def test_a_model_directory_that_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "ml").mkdir()
    (tmp_path / "ml" / "model").symlink_to(tmp_path)
    with pytest.raises(Outside):
        pack([tmp_path / "ml"], ("model",), tmp_path / "m.tar.gz")


def test_a_hole_of_a_terabyte_is_not_packed(tmp_path: Path) -> None:
    (tmp_path / "ml" / "model").mkdir(parents=True)
    with (tmp_path / "ml" / "model" / "hole").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(Outside, match="more than"):
        pack([tmp_path / "ml"], ("model",), tmp_path / "m.tar.gz", most_bytes=1 << 20)


def test_unreadable_files_are_packed(tmp_path: Path) -> None:
    model = tmp_path / "ml" / "model"
    (model / "closed").mkdir(parents=True)
    (model / "closed" / "file").write_text("1")
    (model / "closed" / "file").chmod(0)
    (model / "closed").chmod(0)
    assert pack([tmp_path / "ml"], ("model",), tmp_path / "m.tar.gz").files == 1


@pytest.mark.parametrize("trick", ["link", "pipe", "directory", "linked directory"])
def test_reading_what_a_container_wrote(tmp_path: Path, trick: str) -> None:
    (tmp_path / "secret").write_text("secret")
    output = tmp_path / "ml" / "output"
    if trick == "linked directory":
        output.parent.mkdir()
        (tmp_path / "failure").write_text("secret")
        output.symlink_to(tmp_path)
    else:
        output.mkdir(parents=True)
    if trick == "link":
        (output / "failure").symlink_to(tmp_path / "secret")
    elif trick == "pipe":
        os.mkfifo(output / "failure")  # opening it would wait for ever
    elif trick == "directory":
        (output / "failure").mkdir()
    assert read_start(tmp_path / "ml", "output", "failure", most=10) is None


def test_reading_a_plain_file(tmp_path: Path) -> None:
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "failure").write_text("x" * 50)
    assert read_start(tmp_path, "output", "failure", most=10) == b"x" * 10
