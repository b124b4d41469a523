"""Messages for everything that can end a command, with a hint and the exit status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .interrupts import INTERRUPTED

FAILED: Final = 1
USAGE: Final = 2
TIMED_OUT: Final = 3


class Refused(Exception):
    """The command cannot do what the user asked for.

    Args:
        problem: The reason.
        hint: What to do next.
        status: The exit status.
    """

    def __init__(self, problem: str, hint: str | None = None, status: int = USAGE) -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint
        self.status = status


class Interrupted(BaseException):
    """The user pressed Ctrl-C.

    Args:
        resume: The command that resumes the wait.
        sending: Whether a start had been sent without a reply yet.
    """

    def __init__(self, resume: str | None = None, *, sending: bool = False) -> None:
        super().__init__(resume)
        self.resume = resume
        self.sending = sending


@dataclass(frozen=True)
class Explanation:
    """An error for people: one line, an optional hint, and the exit status."""

    line: str
    hint: str | None
    status: int = FAILED


def explain(error: BaseException) -> Explanation:
    """The message for any error."""
    if isinstance(error, Refused):
        return Explanation(error.problem, error.hint, error.status)
    if isinstance(error, Interrupted | KeyboardInterrupt):
        return _interruption(error)
    from .. import errors

    if isinstance(error, errors.WaitTimeout):
        return Explanation(
            f"still {error.status or 'not seen'} after {error.elapsed:.0f} s: {error.handle.arn}",
            f"the job continues; resume the wait with: crml wait '{error.handle}'",
            TIMED_OUT,
        )
    if isinstance(error, errors.ResourceFailed):
        return _failure(error)
    if isinstance(error, errors.MissingMembership):
        if isinstance(error.__cause__, errors.ConfigurationError | errors.TransportError):
            return explain(error.__cause__)  # naming one would not help
        line = f"this needs a membership, and {error.reason or 'none is known'}"
        return Explanation(line, _HINTS["MissingMembership"], USAGE)
    for kind, line in _LINES.items():
        if isinstance(error, getattr(errors, kind)):
            return Explanation(line, _HINTS[kind], USAGE)
    if isinstance(error, errors.ConflictException) and _resumable(error.operation_name):
        return Explanation(
            _one_line(error), "use --resume to continue with the resource that has this name"
        )
    for kind, hint in _HINTS.items():
        if isinstance(error, getattr(errors, kind)):
            status = USAGE if kind in _USAGE else FAILED
            return Explanation(_one_line(error), hint, status)
    if isinstance(error, errors.CleanRoomsMLError | OSError | ValueError):
        return Explanation(_one_line(error), None)
    return Explanation(
        f"{type(error).__name__}: {_one_line(error)}", "run it again with --debug for a traceback"
    )


def _resumable(operation: str) -> bool:
    from .commands import COMMANDS

    return any(each.operation == operation and each.wait == "finished" for each in COMMANDS)


def _one_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = " | ".join(lines) or type(error).__name__
    # The SDK's messages, in the words of the command line.
    for ours, theirs in _WORDS.items():
        text = text.replace(ours, theirs)
    return text


def _interruption(error: BaseException) -> Explanation:
    resume = getattr(error, "resume", None)
    if getattr(error, "sending", False):
        return Explanation(
            "interrupted during the start: it may be running",
            "run the same command with --resume: it continues with the job, or starts it if there is none",
            INTERRUPTED,
        )
    if resume is None:
        return Explanation("interrupted", None, INTERRUPTED)
    return Explanation(
        "interrupted: only the wait has ended, the job continues",
        f"resume the wait with: {resume}",
        INTERRUPTED,
    )


def _failure(error: BaseException) -> Explanation:
    from ..errors import ResourceFailed

    assert isinstance(error, ResourceFailed)
    handle = error.handle
    reason = ": ".join(part for part in (error.status_code, error.status_message) if part)
    what = f"{handle.describe()} ended with status {error.status or 'unknown (no longer listed)'}"
    line = f"{what}: {reason}" if reason else what
    show = {
        "trained-model": f"crml models show {handle.arn}",
        "trained-model-inference-job": f"crml jobs show {handle.arn}",
        "ml-input-channel": f"crml channels show {handle.arn}",
    }.get(handle.kind)
    return Explanation(line, f"for details: {show}" if show else None)


_WORDS: Final = {
    "resume_since=": "--resume-since",
    "resume=": "--resume",
    "see verify=, AWS_CA_BUNDLE": "set AWS_CA_BUNDLE to the file of the certificates to trust",
}
_HINTS: Final[dict[str, str | None]] = {
    "MissingRegion": "set --region or AWS_REGION",
    "UnknownRegion": "see https://docs.aws.amazon.com/general/latest/gr/clean-rooms.html",
    "MissingCredentials": (
        "set AWS_PROFILE, --profile or the usual AWS variables; or run `crml local` and set"
        " the variables that it prints"
    ),
    "ConfigurationError": None,
    "RequestValidationError": None,
    "ArnError": None,
    "VersionRequired": "write MODEL@base, MODEL@latest or MODEL@VERSION, or --version VERSION",
    "MissingMembership": (
        "give one with --membership (`crml whoami` lists yours), or try another --region or"
        " --profile"
    ),
    "NoSuchVersion": "`crml models versions MODEL` lists them",
    "NoSuchName": "names must match exactly, and only one membership is searched",
    "AmbiguousName": "use the ARN instead",
    "AccessDeniedException": (
        "check the caller's IAM policy and abilities in the collaboration; `crml whoami` shows"
        " who you are"
    ),
    "ResourceNotFoundException": "check the ARN, the --region and the --membership",
    "ResumeMismatch": None,
    "ResumeAmbiguous": None,
    "ConflictException": None,
    "ServiceQuotaExceededException": "wait until something ends, or request a higher limit in Service Quotas",
    "ThrottlingException": "there were too many requests; try again in a minute",
    "CallTimeout": "try again; the service or the network is slow",
    "TransportError": "check the network and --endpoint-url",
    "OutcomeUnknown": "check whether it runs before you start it again",
    "ResponseShapeError": "the request was carried out; run the command with --debug and report this",
}
_LINES: Final[dict[str, str]] = {
    "VersionRequired": "give the version: without one the service would act on the base version",
}
"""Messages that replace the error's own text, which is about Python."""

_USAGE: Final = (
    "MissingRegion",
    "UnknownRegion",
    "MissingCredentials",
    "ConfigurationError",
    "RequestValidationError",
    "ArnError",
    "VersionRequired",
    "MissingMembership",
)
