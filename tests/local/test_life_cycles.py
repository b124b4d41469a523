"""How jobs move: by reads, by the clock, at once, by hand; expiry; an executor of one's own."""

from __future__ import annotations

from typing import Any

import pytest

from crml_sdk.local import Executor, Job, Lifecycle, LocalCleanRoomsML, LocalClock, Settings

from .local_lab import ME, OTHER, OTHER_ROLE, ROLE, Lab

DAY = 86_400


def lab_with(lifecycle: Lifecycle, **settings: Any) -> Lab:
    clock = LocalClock(start=1_700_000_000.0, held=True)
    return Lab(LocalCleanRoomsML(settings=Settings(lifecycle=lifecycle, **settings), clock=clock))


def start_model(lab: Lab) -> str:
    return lab.call("CreateTrainedModel", **lab.model_params(*lab.ready()))["trainedModelArn"]


def test_by_reads_a_status_lasts_as_many_reads_as_told() -> None:
    lab = lab_with(Lifecycle("reads", reads=2))
    arn = start_model(lab)
    seen = [lab.get_model(arn)["status"] for _ in range(5)]
    assert seen == ["CREATE_PENDING"] * 2 + ["CREATE_IN_PROGRESS"] * 2 + ["ACTIVE"]


def test_by_reads_a_list_that_shows_a_job_is_a_read() -> None:
    lab = lab_with(Lifecycle("reads"))
    start_model(lab)
    place = {"membershipIdentifier": lab.membership}
    seen = [lab.call("ListTrainedModels", **place)["trainedModels"][0]["status"] for _ in range(3)]
    assert seen == ["CREATE_PENDING", "CREATE_IN_PROGRESS", "ACTIVE"]


def test_by_the_clock_time_moves_jobs_and_stamps_the_moment_it_was_due() -> None:
    lab = lab_with(Lifecycle("clock", pending=10, running=100))
    arn = start_model(lab)
    assert [lab.get_model(arn)["status"] for _ in range(5)] == ["CREATE_PENDING"] * 5
    lab.local.clock.advance(10)
    assert lab.get_model(arn)["status"] == "CREATE_IN_PROGRESS"
    lab.local.clock.advance(1000)
    shown = lab.get_model(arn)
    assert shown["status"] == "ACTIVE"
    assert (shown["updateTime"] - shown["createTime"]).total_seconds() == pytest.approx(110, abs=1)


def test_at_once_the_first_read_shows_the_end() -> None:
    lab = lab_with(Lifecycle("at-once"))
    assert lab.get_model(start_model(lab))["status"] == "ACTIVE"


def test_by_hand_nothing_moves_until_told() -> None:
    lab = lab_with(Lifecycle("manual"))
    arn = start_model(lab)
    jobs = lab.local.jobs
    assert [lab.get_model(arn)["status"] for _ in range(3)] == ["CREATE_PENDING"] * 3
    jobs.step(arn)
    assert lab.get_model(arn)["status"] == "CREATE_IN_PROGRESS"
    jobs.fail(arn, status_code="Broken", message="by hand")
    shown = lab.get_model(arn)
    assert shown["status"] == "CREATE_FAILED"
    assert shown["statusDetails"] == {"statusCode": "Broken", "message": "by hand"}
    with pytest.raises(LookupError):
        jobs.finish(arn)


def test_a_stalled_job_never_ends_by_itself() -> None:
    lab = lab_with(Lifecycle("clock", pending=1, running=1))
    lab.local.jobs.stall_next(kind="trained-model")
    arn = start_model(lab)
    lab.local.clock.advance(1e6)
    assert lab.get_model(arn)["status"] == "CREATE_PENDING"
    lab.local.jobs.finish(arn)
    assert lab.get_model(arn)["status"] == "ACTIVE"


@pytest.mark.parametrize("phase", ["cancel", "delete"])
def test_cancelling_and_deleting_can_fail_too(phase: str, lab: Lab) -> None:
    association, channel = lab.ready()
    arn = lab.call("CreateTrainedModel", **lab.model_params(association, channel))[
        "trainedModelArn"
    ]
    place = {"membershipIdentifier": lab.membership, "trainedModelArn": arn}
    lab.local.jobs.fail_next(phase=phase, status_code="No")
    if phase == "cancel":
        lab.call("CancelTrainedModel", **place)
    else:
        lab.settle()
        lab.call("DeleteTrainedModelOutput", **place)
    lab.settle()
    shown = lab.get_model(arn)
    assert shown["status"] == f"{phase.upper()}_FAILED"
    assert shown["statusDetails"]["statusCode"] == "No"


def test_the_failure_is_for_the_job_that_was_named(lab: Lab) -> None:
    association, channel = lab.ready()
    lab.local.jobs.fail_next(name="second", times=1)
    first = lab.model(association, channel, name="first")
    second = lab.model(association, channel, name="second")
    assert lab.get_model(first)["status"] == "ACTIVE"
    assert lab.get_model(second)["status"] == "CREATE_FAILED"


def test_a_plan_that_no_job_can_fit_is_refused(lab: Lab) -> None:
    jobs = lab.local.jobs
    for plan in ({"kind": "trained_model"}, {"phase": "birth"}, {"times": 0}):
        with pytest.raises(ValueError, match=next(iter(plan))):
            jobs.fail_next(**plan)  # type: ignore[arg-type]


def test_an_export_can_be_told_to_fail(lab: Lab) -> None:
    arn = lab.model(*lab.ready())
    lab.local.jobs.fail_next(kind="trained-model-export-job", status_code="NoRoom")
    place = {"membershipIdentifier": lab.membership, "trainedModelArn": arn}
    output = {"members": [{"accountId": "111122223333"}]}
    lab.call("StartTrainedModelExportJob", **place, name="e", outputConfiguration=output)
    lab.settle()
    (row,) = lab.call(
        "ListCollaborationTrainedModelExportJobs",
        collaborationIdentifier=lab.collaboration,
        trainedModelArn=arn,
    )["collaborationTrainedModelExportJobs"]
    assert (row["status"], row["statusDetails"]["statusCode"]) == ("CREATE_FAILED", "NoRoom")


def test_a_channel_expires_when_its_retention_is_over(lab: Lab) -> None:
    association, channel = lab.ready()
    place = {"membershipIdentifier": lab.membership, "mlInputChannelArn": channel}
    lab.local.clock.advance(7 * DAY - 60)
    assert lab.call("GetMLInputChannel", **place)["status"] == "ACTIVE"
    lab.local.clock.advance(120)
    assert lab.call("GetMLInputChannel", **place)["status"] == "INACTIVE"
    code, message = lab.refusal("CreateTrainedModel", **lab.model_params(association, channel))
    assert code == "ConflictException"
    assert "INACTIVE" in message


CONFIGURATION = {
    "roleArn": ROLE,
    "destination": {"s3Destination": {"s3Uri": "s3://results/here"}},
}


def policies_for(*accounts: str) -> dict[str, Any]:
    training = {
        "containerLogs": [{"allowedAccountIds": list(accounts)}],
        "containerMetrics": {"noiseLevel": "NONE"},
    }
    inference = {"containerLogs": [{"allowedAccountIds": list(accounts)}]}
    return {"policies": {"trainedModels": training, "trainedModelInferenceJobs": inference}}


def configure(lab: Lab, account: str | None = None) -> None:
    lab.call(
        "PutMLConfiguration",
        account,
        membershipIdentifier=lab.local.world.member(account).membership_id,
        defaultOutputLocation={**CONFIGURATION, "roleArn": OTHER_ROLE if account else ROLE},
    )


def test_logs_and_metrics_are_published_where_a_policy_allows_them(lab: Lab) -> None:
    configure(lab)
    association = lab.association(privacyConfiguration=policies_for(ME))
    channel = lab.channel(association)
    params = lab.model_params(association, channel)
    arn = lab.call("CreateTrainedModel", **params)["trainedModelArn"]
    assert "logsStatus" not in lab.get_model(arn)
    lab.settle()
    shown = lab.get_model(arn)
    assert (shown["logsStatus"], shown["metricsStatus"]) == ("PUBLISH_SUCCEEDED",) * 2
    plain = lab.get_model(lab.model(*lab.ready()))
    assert "logsStatus" not in plain


def test_nothing_is_published_to_a_member_without_an_ml_configuration(lab: Lab) -> None:
    configure(lab, "other")
    association = lab.association(privacyConfiguration=policies_for(ME, OTHER))
    channel = lab.channel(association)
    arn = lab.model(association, channel)
    mine = lab.get_model(arn)
    assert (mine["logsStatus"], mine["metricsStatus"]) == ("PUBLISH_FAILED",) * 2
    assert mine["logsStatusDetails"] == "Failed to publish logs as no ML Config role is set"
    # Each member is told what concerns itself, in the collaboration's view as well.
    place = {"collaborationIdentifier": lab.collaboration, "trainedModelArn": arn}
    theirs = lab.call("GetCollaborationTrainedModel", "other", **place)
    assert (theirs["logsStatus"], theirs["metricsStatus"]) == ("PUBLISH_SUCCEEDED",) * 2
    assert lab.call("GetCollaborationTrainedModel", **place)["logsStatus"] == "PUBLISH_FAILED"
    # A configuration that comes later publishes nothing afterwards.
    configure(lab)
    assert lab.get_model(arn)["logsStatus"] == "PUBLISH_FAILED"


def test_logs_go_to_the_accounts_that_the_policy_allows(lab: Lab) -> None:
    configure(lab)
    configure(lab, "other")
    association = lab.association(privacyConfiguration=policies_for(OTHER))
    channel = lab.channel(association)
    arn = lab.model(association, channel)
    assert "logsStatus" not in lab.get_model(arn)
    assert lab.get_model(arn)["metricsStatus"] == "PUBLISH_SUCCEEDED"
    job = lab.call("StartTrainedModelInferenceJob", **lab.job_params(arn, channel))
    lab.settle()
    shown = lab.call("GetTrainedModelInferenceJob", membershipIdentifier=lab.membership, **job)
    assert "logsStatus" not in shown
    assert "metricsStatus" not in shown
    lab.local.configure(publish_status="never")
    lab.call("DeleteMLConfiguration", membershipIdentifier=lab.membership)
    assert "logsStatus" not in lab.get_model(lab.model(*lab.ready()))


def test_create_times_differ_even_while_the_clock_is_held() -> None:
    lab = lab_with(Lifecycle("at-once"))
    association, channel = lab.ready()
    shown = [lab.get_model(lab.model(association, channel)) for _ in range(5)]
    times = [row["createTime"] for row in shown]
    assert times == sorted(set(times))


def test_the_clock_can_be_held_pushed_and_let_go() -> None:
    wall = [100.0]
    clock = LocalClock(start=1000.0, speed=10.0, wall=lambda: wall[0])
    wall[0] += 1
    assert clock.now() == 1010.0
    clock.hold()
    wall[0] += 50
    assert (clock.now(), clock.held) == (1010.0, True)
    clock.advance(5)
    clock.release()
    wall[0] += 2
    assert clock.now() == 1035.0
    clock.move_to(1.0)
    assert clock.now() == 1035.0
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)


def test_an_executor_of_ones_own_moves_jobs() -> None:
    class Recorder(Executor):
        """Runs a job when the next request comes, as one that runs code would."""

        def __init__(self) -> None:
            self.waiting: list[Job] = []
            self.requests: list[dict[str, Any]] = []

        def submit(self, job: Job) -> None:
            self.requests.append(job.request)
            self.waiting.append(job)

        def seen(self, job: Job) -> None:
            assert job.is_current

        def tick(self, now: float) -> None:
            while self.waiting:
                job = self.waiting.pop()
                job.start()
                if job.request.get("hyperparameters", {}).get("fail"):
                    job.fail("UserCode", "raised")
                else:
                    job.succeed()

    executor = Recorder()
    lab = Lab(LocalCleanRoomsML(executor=executor))
    association = lab.association()
    channel = lab.channel(association)
    place = {"membershipIdentifier": lab.membership}
    good = lab.call("CreateTrainedModel", **lab.model_params(association, channel))
    bad = lab.call(
        "CreateTrainedModel",
        **lab.model_params(association, channel, hyperparameters={"fail": "yes"}),
    )
    assert lab.get_model(good["trainedModelArn"])["status"] == "ACTIVE"
    assert lab.get_model(bad["trainedModelArn"])["status"] == "CREATE_FAILED"
    assert executor.requests[-1]["hyperparameters"] == {"fail": "yes"}
    assert executor.requests[-1]["membershipIdentifier"] == place["membershipIdentifier"]


def test_a_job_that_was_cancelled_is_no_longer_the_executors() -> None:
    lab = lab_with(Lifecycle("clock", pending=10, running=10))
    arn = start_model(lab)
    job = lab.local.jobs.of(arn)
    lab.call("CancelTrainedModel", membershipIdentifier=lab.membership, trainedModelArn=arn)
    assert not job.is_current
    job.succeed()
    assert lab.get_model(arn)["status"] == "CANCEL_PENDING"
    lab.local.clock.advance(100)
    assert lab.get_model(arn)["status"] == "INACTIVE"
