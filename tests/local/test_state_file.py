"""The state file: every answered change is in it, whatever ends the process."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from crml_sdk.local import Lifecycle, LocalCleanRoomsML, Settings, UnreadableState
from crml_sdk.local.main import main
from crml_sdk.local.state.sqlite_store import SqliteStore

from .local_lab import ME, ROLE, Lab

AUTHORISED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=x/d/us-east-1/cleanrooms-ml/aws4_request",
    "Content-Type": "application/json",
}


def opened(path: Path, **options: Any) -> Lab:
    return Lab(LocalCleanRoomsML(state_file=path, **options))


def rows(path: Path) -> int:
    """How many pages of the write-ahead log were written: reads must add none."""
    return Path(f"{path}-wal").stat().st_size


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.crml"


def test_everything_comes_back(file: Path) -> None:
    with opened(file).local as local:
        lab = Lab(local)
        association, channel = lab.ready()
        arn = lab.model(association, channel, name="churn", tags={"a": "1"})
        lab.version(arn, association, channel)
        lab.call("StartTrainedModelInferenceJob", **lab.job_params(arn, channel, name="on its way"))
        lab.call("UntagResource", resourceArn=arn, tagKeys=["a"])
        local.world.add_account("7" * 12, display_name="Third", access_key="A3", secret_key="s")
        local.configure(base_version="NULL")
        local.clock.hold()
        local.note_time()
        before = local.to_json()
    with opened(file).local as again:
        assert again.resumed
        saved = again.to_json()
        assert len(saved["world"]["accounts"]) == 3
        assert saved == before
        assert [job.record.name for job in again.jobs.under_way()] == ["on its way"]


def test_a_random_walk_leaves_in_the_file_what_is_in_memory(file: Path) -> None:
    from .test_random_walk import Walk

    walk = Walk(7, "reads")
    with LocalCleanRoomsML(state_file=file) as local:
        walk.lab = Lab(local)
        for _ in range(1500):
            walk.step()
        local.clock.hold()
        local.note_time()
        before = local.to_json()
    with LocalCleanRoomsML(state_file=file) as again:
        assert again.to_json() == before


def test_reads_write_nothing_unless_they_move_a_life_cycle(file: Path) -> None:
    settings = Settings(lifecycle=Lifecycle("clock", pending=10, running=10))
    with opened(file, settings=settings).local as local:
        lab = Lab(local)
        association, channel = lab.ready()
        model = lab.call("CreateTrainedModel", **lab.model_params(association, channel))
        size = rows(file)
        for _ in range(20):
            lab.get_model(model["trainedModelArn"])
            lab.call("ListTrainedModels", membershipIdentifier=lab.membership)
        assert rows(file) == size
        local.clock.advance(11)
        assert lab.get_model(model["trainedModelArn"])["status"] == "CREATE_IN_PROGRESS"
        assert rows(file) > size


def test_a_second_server_is_refused_and_the_first_goes_on(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Within a process, too: closing a file lets go of all locks that the process has on it.
    with opened(file).local as local:
        assert main(["--port", "0", "--state", str(file)]) == 1
        assert capsys.readouterr().err == f"{file} is in use by another local Clean Rooms ML\n"
        code = "import sys; from crml_sdk.local.main import main; sys.exit(main(sys.argv[1:]))"
        command = [sys.executable, "-c", code, "--port", "0", "--state", str(file)]
        other = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert (other.returncode, other.stdout) == (1, "")
        assert "in use" in other.stderr
        Lab(local).algorithm()
    opened(file).local.close()


def create(connection: http.client.HTTPConnection, name: str) -> int:
    body = {"name": name, "roleArn": ROLE, "trainingContainerConfig": {"imageUri": "r/t:1"}}
    connection.request("POST", "/configured-model-algorithms", json.dumps(body), AUTHORISED)
    reply = connection.getresponse()
    reply.read()
    return reply.status


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_kill_in_the_middle_of_creates_loses_nothing_that_was_answered(file: Path) -> None:
    answered: list[str] = []
    for turn in range(4):
        command = [sys.executable, "-m", "crml_sdk.local", "--port", "0", "--state", str(file)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        lines = iter(process.stdout)
        url = next(line for line in lines if "URL_CLEANROOMSML=" in line).strip()
        port = int(url.rpartition(":")[2])

        def send(worker: int, turn: int = turn, port: int = port) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                for number in range(1000):
                    name = f"a-{turn}-{worker}-{number}"
                    if create(connection, name) == 200:
                        answered.append(name)
            except (OSError, http.client.HTTPException):
                return  # killed
            finally:
                connection.close()

        known = len(answered)
        threads = [threading.Thread(target=send, args=(worker,)) for worker in range(3)]
        for thread in threads:
            thread.start()
        while len(answered) < known + 40 + turn * 7:
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        for thread in threads:
            thread.join(timeout=60)
    with opened(file).local as local:
        there = {
            record.name
            for record in local.records("configured-model-algorithm", "1" * 4 + "2" * 4 + "3" * 4)
        }
    assert len(answered) >= 160
    assert not set(answered) - there


def full_after(local: LocalCleanRoomsML, pages: int) -> sqlite3.Connection:
    """Lets the database be full after so many more pages."""
    store = local._state.store
    assert isinstance(store, SqliteStore)
    used = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count={used + pages}")
    return store._db


def test_what_cannot_be_saved_is_undone_and_answered_500_and_the_server_lives_on(
    file: Path,
) -> None:
    with opened(file).local as local:
        lab = Lab(local)
        association, channel = lab.ready()
        model = lab.model(association, channel, name="kept")
        database = full_after(local, 2)
        before = local.to_json()
        description = "x" * 255
        messages: list[str] = []
        for number in range(100):
            params = {"name": f"n{number}", "roleArn": ROLE, "description": description}
            params["trainingContainerConfig"] = {"imageUri": "r/t:1"}
            reply = lab.send("CreateConfiguredModelAlgorithm", params)
            if reply.status == 500:
                messages.append(json.loads(reply.body)["message"])
        assert messages
        assert all("could not be saved and was undone" in message for message in messages)
        assert "full" in messages[0]
        # Nothing of a refused change stays: not its name, not its quota, not its tags.
        with_tags = lab.model_params(association, channel, tags={"k": "v" * 200})
        while lab.send("CreateTrainedModel", with_tags).status == 200:
            lab.settle()
            with_tags = lab.model_params(association, channel, tags={"k": "v" * 200})
        kept = local.to_json()
        assert len(kept["records"]) < len(before["records"]) + 100
        assert lab.get_model(model)["name"] == "kept"
        listed = lab.call("ListTagsForResource", resourceArn=model)
        assert listed["tags"] == {}
        database.execute("PRAGMA max_page_count=1000000")
        assert lab.send("CreateTrainedModel", with_tags).status == 200
        after = local.to_json()
    with opened(file).local as again:
        assert again.to_json()["records"] == after["records"]


def test_a_job_that_cannot_be_moved_on_is_moved_on_later(file: Path) -> None:
    settings = Settings(lifecycle=Lifecycle("clock", pending=1, running=1))
    with opened(file, settings=settings).local as local:
        lab = Lab(local)
        association, channel = lab.ready()
        params = lab.model_params(association, channel)
        arn = lab.call("CreateTrainedModel", **params)["trainedModelArn"]
        database = full_after(local, 0)
        database.execute(
            "CREATE TEMP TRIGGER no AFTER UPDATE ON record BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
        local.clock.advance(10)
        assert lab.get_model(arn)["status"] == "CREATE_PENDING"
        database.execute("DROP TRIGGER no")
        assert lab.get_model(arn)["status"] == "ACTIVE"


def test_an_operation_that_fails_in_the_middle_leaves_nothing(lab: Lab) -> None:
    association, channel = lab.ready()
    before = lab.local.to_json()
    begin = lab.local._state.begin
    lab.local._state.begin = lambda *_: 1 / 0
    params = lab.model_params(association, channel, tags={"a": "b"})
    assert lab.send("CreateTrainedModel", params).status == 500
    lab.local._state.begin = begin
    after = lab.local.to_json()
    for document in (before, after):
        document["progress"]["clock"] = None
    assert after == before
    assert lab.send("CreateTrainedModel", params).status == 200


def test_reset_and_import_replace_what_is_in_the_file(file: Path) -> None:
    other = Lab()
    other.algorithm(name="imported")
    with opened(file).local as local:
        Lab(local).algorithm(name="first")
        local.from_json(other.local.to_json())
        Lab(local).algorithm(name="second")
        with pytest.raises(UnreadableState):
            local.from_json({**other.local.to_json(), "records": [{}]})
    with opened(file).local as local:
        names = {record.name for record in local.records("configured-model-algorithm", ME)}
        assert names == {"imported", "second"}
        local.reset()
    with opened(file).local as local:
        assert local.records("configured-model-algorithm", ME) == []


def test_a_reset_that_cannot_be_saved_changes_nothing(file: Path) -> None:
    with opened(file).local as local:
        lab = Lab(local)
        lab.model(*lab.ready(), name="kept")
        before = local.to_json()
        database = full_after(local, 0)
        database.execute(
            "CREATE TEMP TRIGGER no BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
        with pytest.raises(Exception, match="could not be saved"):
            local.reset()
        assert local.to_json()["records"] == before["records"]
        assert lab.call("ListTrainedModels", membershipIdentifier=lab.membership)["trainedModels"]
        database.execute("DROP TRIGGER no")
        local.reset()
        assert local.to_json()["records"] == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x00\xff" * 40, "not a state"),
        (b"SQLite format 3\x00" + b"\xff" * 5000, "not a state|cannot be used"),
        (b'{"format": "crml-local"}', "--import"),
        (b"text", "not a state"),
    ],
)
def test_a_file_that_is_no_state_is_refused_and_left_alone(
    file: Path, content: bytes, words: str
) -> None:
    file.write_bytes(content)
    with pytest.raises(UnreadableState, match=words) as caught:
        LocalCleanRoomsML(state_file=file)
    assert "\n" not in str(caught.value)
    assert file.read_bytes() == content


def test_another_programs_database_is_refused(file: Path) -> None:
    database = sqlite3.connect(file)
    database.execute("CREATE TABLE mine (x)")
    database.commit()
    database.close()
    with pytest.raises(UnreadableState, match="not a state"):
        LocalCleanRoomsML(state_file=file)


def test_a_damaged_record_is_one_line(file: Path) -> None:
    with opened(file).local as local:
        Lab(local).algorithm()
    database = sqlite3.connect(file)
    database.execute("UPDATE record SET doc = '{'")
    database.commit()
    database.close()
    with pytest.raises(UnreadableState, match="damaged"):
        LocalCleanRoomsML(state_file=file)


def test_a_closed_instance_saves_nothing_and_says_so(file: Path) -> None:
    lab = opened(file)
    lab.local.close()
    code, message = "InternalServiceException", "closed"
    reply = lab.send(
        "CreateConfiguredModelAlgorithm",
        {"name": "n", "roleArn": ROLE, "trainingContainerConfig": {"imageUri": "r/t:1"}},
    )
    assert reply.headers["x-amzn-ErrorType"] == code
    assert message in json.loads(reply.body)["message"]


def test_only_its_owner_may_read_the_file(file: Path) -> None:
    opened(file).local.close()
    if os.name != "nt":
        assert file.stat().st_mode & 0o077 == 0


def test_concurrent_creates_are_all_in_the_file(file: Path) -> None:
    with (
        opened(file, settings=Settings(quotas=None)).local as local,
        local.serve_in_thread() as server,
    ):

        def send(worker: int) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            for number in range(25):
                assert create(connection, f"n-{worker}-{number}") == 200
            connection.close()

        threads = [threading.Thread(target=send, args=(worker,)) for worker in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expected = local.to_json()["records"]
    assert len(expected) == 200
    with opened(file).local as again:
        assert again.to_json()["records"] == expected
