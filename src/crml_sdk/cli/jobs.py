"""`crml jobs`: inference jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..arns import Arn, is_identifier
from .durations import format_duration
from .failures import FAILED, Refused
from .finding import find_channel, find_job, find_model
from .models import CREATED, MAKER, NAME, STATUS, UPDATED, Collaboration, Limit
from .options import Format, command
from .waits import LONGEST, Poll, Timeout, seconds, wait_for, wait_for_all
from .writing import Column, plain

if TYPE_CHECKING:
    from ..models import GetTrainedModelInferenceJobResponse
    from .session import Session

app: typer.Typer = typer.Typer(name="jobs", help="Inference jobs.", no_args_is_help=True)

JOB = "The inference job: ARN or exact name."
Job = Annotated[str, typer.Argument(help=JOB)]
VERSION = Column("model version", lambda row: row.trained_model_version_identifier or "base")


@command(app, "list")
async def list_jobs(
    session: Session,
    model: Annotated[
        str | None, typer.Option(help="Only jobs on this model, or on one version of it.")
    ] = None,
    collaboration: Collaboration = None,
    limit: Limit = None,
) -> None:
    """List the inference jobs of a membership, or of a whole collaboration."""
    ref = await find_model(session, model) if model else None
    if collaboration is None:
        group: Any = session.sdk.inference_jobs
        scope = {"membership_identifier": await session.membership()}
        columns = (NAME, STATUS, VERSION, CREATED, UPDATED)
    else:
        group, scope = session.sdk.collaboration(collaboration).inference_jobs, {}
        columns = (NAME, STATUS, VERSION, MAKER, CREATED)
    chosen = {} if ref is None else {"trained_model_arn": ref}
    await session.stream(group.list(max_results=100, limit=limit, **chosen, **scope), columns)


@command(app, "show")
async def show(session: Session, job: Job) -> None:
    """Show all there is to know about a job: why it failed, which version it runs on."""
    session.writer.one(await session.sdk.inference_jobs.get(await find_job(session, job)))


@command(app, "start")
async def start(
    session: Session,
    model: Annotated[
        str, typer.Argument(help="ARN or exact name, with @VERSION; @latest-active when left out.")
    ],
    name: Annotated[str, typer.Option(help="The job's name; part of the results' path.")],
    channel: Annotated[str, typer.Option(help="ML input channel: ARN or exact name.")],
    receiver: Annotated[
        str | None,
        typer.Option(help="Account that gets the results; your own when left out.", metavar="ID"),
    ] = None,
    instance_type: Annotated[str, typer.Option(help="Machine to run on.")] = "ml.m5.xlarge",
    instance_count: Annotated[int | None, typer.Option(help="How many, 1 to 10.")] = None,
    accept: Annotated[
        str | None, typer.Option(help="Form of the results, such as text/csv.")
    ] = None,
    env: Annotated[
        list[str] | None, typer.Option(help="KEY=VALUE for the container; again for more.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="KEY=VALUE; again for more.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until it has finished.")] = False,
    timeout: Timeout = LONGEST,
) -> None:
    """Start an inference job on one version of a model; prints the job's ARN."""
    seconds(timeout)  # a fault in it is to be seen before anything is started
    ref = await find_model(session, model)
    pinned = await session.sdk.trained_models.resolve(ref)
    output: dict[str, Any] = {"members": [{"account_id": receiver or await _own_account(session)}]}
    if accept is not None:
        output["accept"] = accept
    resources: dict[str, Any] = {"instance_type": instance_type}
    if instance_count is not None:
        resources["instance_count"] = instance_count
    started = await session.sdk.inference_jobs.start(
        pinned,
        name=name,
        resource_config=resources,  # pyright: ignore[reportArgumentType]
        output_configuration=output,  # pyright: ignore[reportArgumentType]
        data_source={"ml_input_channel_arn": await find_channel(session, channel)},
        environment=_pairs(env),
        tags=_pairs(tag),
        membership_identifier=await session.membership(),
    )
    arn = started.trained_model_inference_job_arn
    if wait:
        await _wait_for_one(session, arn, name, timeout, None)
    else:
        session.writer.text(arn, started)


def _pairs(given: list[str] | None) -> dict[str, str] | None:
    if not given:
        return None
    pairs: dict[str, str] = {}
    for one in given:
        key, equals, value = one.partition("=")
        if not equals or not key:
            raise Refused(f"{one!r} is not KEY=VALUE")
        pairs[key] = value
    return pairs


async def _own_account(session: Session) -> str:
    membership = await session.membership()
    if not is_identifier(membership):
        membership = Arn.parse(membership).identifier
    found = await session.sdk.memberships.get(membership)
    return Arn.parse(found.arn).account


@command(app, "wait")
async def wait(
    session: Session,
    job: Annotated[list[str], typer.Argument(help="ARNs or exact names, one or many.")],
    timeout: Timeout = LONGEST,
    poll: Poll = None,
) -> None:
    """Wait until jobs have finished; for many at once, requests are shared."""
    arns = [await find_job(session, one) for one in job]
    if len(arns) == 1:
        await _wait_for_one(session, arns[0], job[0], timeout, poll)
        return
    resume = "crml jobs wait " + " ".join(arns)
    await wait_for_all(session, list(arns), resume=resume, timeout=timeout, poll=poll)


async def _wait_for_one(
    session: Session, arn: str, name: str, timeout: str, poll: str | None
) -> None:
    done = await wait_for(
        session,
        session.sdk.inference_jobs.wait,
        arn,
        title=f"inference job {name}",
        resume=f"crml jobs wait {arn}",
        timeout=timeout,
        poll=poll,
    )
    session.writer.one(done)


@command(app, "watch")
async def watch(
    session: Session,
    job: Job,
    timeout: Timeout = LONGEST,
    poll: Poll = None,
) -> None:
    """Print each status of a job as it is seen, until it has finished."""
    arn = await find_job(session, job)
    interval = None if poll is None else seconds(poll)
    changes = session.sdk.inference_jobs.watch(arn, timeout=seconds(timeout), poll=interval)
    with session.resumable(f"crml jobs watch {arn}"):
        async for change in changes:
            if session.writer.format is Format.TABLE:
                print(f"{format_duration(change.elapsed):>9}  {change.status}", flush=True)
            else:
                session.writer.line(
                    {
                        "elapsedSeconds": round(change.elapsed, 3),
                        "previous": plain(change.previous),
                        "status": plain(change.status),
                        "resource": plain(change.model),
                    }
                )


@command(app, "cancel")
async def cancel(
    session: Session,
    job: Job,
    wait: Annotated[bool, typer.Option("--wait", help="Until it runs no longer.")] = False,
    timeout: Timeout = LONGEST,
    poll: Poll = None,
) -> None:
    """Stop a job."""
    arn = await find_job(session, job)
    await session.sdk.inference_jobs.cancel(arn)
    if wait:
        done = await wait_for(
            session,
            session.sdk.inference_jobs.wait_cancelled,
            arn,
            title=f"cancelling {job}",
            resume=f"crml jobs wait {arn}",
            timeout=timeout,
            poll=poll,
        )
        session.writer.one(done)
    elif session.writer.format is Format.TABLE:
        print(f"cancelling {arn}")


@command(app, "results")
async def results(session: Session, job: Job) -> None:
    """Say where the results of a job are, as an S3 address.

    Clean Rooms writes to the receiver's own place (its ML configuration), under
    collaboration/model/account/job.
    """
    found = await session.sdk.inference_jobs.get(await find_job(session, job))
    if found.status != "ACTIVE":
        raise Refused(
            f"{found.name} is {found.status}, so it has no results", f"crml jobs wait {job}", FAILED
        )
    address = await _address(session, found)
    session.writer.text(address, {"results": address})


async def _address(session: Session, job: GetTrainedModelInferenceJobResponse) -> str:
    account = Arn.parse(job.trained_model_inference_job_arn).account
    receivers = [member.account_id for member in job.output_configuration.members]
    if account not in receivers:
        raise Refused(
            f"the results went to account {', '.join(receivers)}, whose place only it can tell",
            "ask them to run this command",
            FAILED,
        )
    from .. import errors  # late: it loads botocore, which --help need not

    try:
        place = await session.sdk.ml_configuration.get(
            membership_identifier=job.membership_identifier
        )
    except errors.ResourceNotFoundException:
        raise Refused(
            "the membership has no ML configuration, which would name the place in S3",
            "crml call PutMLConfiguration",
            FAILED,
        ) from None
    model = await session.sdk.trained_models.get(job.trained_model_arn)
    destination = place.default_output_location.destination
    if destination is None:
        raise Refused("the membership's ML configuration names no place in S3", None, FAILED)
    prefix = destination.s3_destination.s3_uri.rstrip("/")
    return f"{prefix}/{model.collaboration_identifier}/{model.name}/{account}/{job.name}/"
