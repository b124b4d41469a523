"""The executor that really runs jobs: those of a runner, each in its own thread.

The lock of the state is never held during a wait for a thread or a process. The results of a job
enter the state in one transaction, together with its status.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from ..state.store import Unsaved
from .executor import Executor, JobFailed, JobPort, JobView, Results, RunContext, Runner, StopReason
from .job import INTERNAL_ERROR, STOPPED_MESSAGE, Job
from .report import JobReport, read_report, write_report

FORGET_SECONDS = 30.0
_log = logging.getLogger(__name__)


class Run:
    """One job on its thread."""

    def __init__(self, job: Job, view: JobView, context: RunContext) -> None:
        self.job: Job = job
        self.view: JobView = view
        self.context: RunContext = context
        self.settled: bool = False
        self.thread: threading.Thread | None = None

    def stop(self, reason: StopReason) -> None:
        if self.context.reason is None:
            self.context.reason = reason
        self.context.stopping.set()


class WorkerExecutor:
    """Runs the jobs that a runner accepts in threads, and leaves the others to another executor.

    In: the runner; the executor for what it does not run; a folder for the jobs' own folders
    (default: a temporary one, removed at the end); how many run at the same time, the rest staying
    CREATE_PENDING (default: one for each processor, at least two).
    """

    def __init__(
        self,
        runner: Runner,
        others: Executor,
        *,
        folder: str | os.PathLike[str] | None = None,
        at_once: int | None = None,
    ) -> None:
        self.runner: Runner = runner
        self._others = others
        self._given_folder = None if folder is None else Path(folder)
        self._temporary: Path | None = None
        self._slots = threading.Semaphore(at_once or max(2, os.cpu_count() or 2))
        self._runs: dict[int, Run] = {}
        self._cleaners: list[threading.Thread] = []
        self._closing = threading.Event()
        self._port: JobPort | None = None

    # What the state calls

    @property
    def real_time(self) -> bool:
        return any(not run.settled for run in list(self._runs.values()))

    def attach(self, jobs: JobPort) -> None:
        self._port = jobs
        self._others.attach(jobs)

    def submit(self, job: Job) -> None:
        if job.phase != "create":
            run = self._runs.get(job.record.number)
            if run is not None and run.job.record is job.record and not run.settled:
                job.real = True  # ends when the run does
            else:
                self._others.submit(job)
            return
        view = self._jobs.view(job)
        ordered_otherwise = job.stalled or job.planned_failure is not None
        if ordered_otherwise or self._closing.is_set() or not self.runner.runs(view):
            self._others.submit(job)
            return
        job.real = True
        self._jobs.after_commit(lambda: self._launch(job, view))

    def seen(self, job: Job) -> None:
        if not job.real:
            self._others.seen(job)

    def tick(self, now: float) -> None:
        self._others.tick(now)

    def stop(self, job: Job, reason: StopReason) -> None:
        run = self._runs.get(job.record.number)
        if run is None or run.job is not job:
            self._others.stop(job, reason)
            return
        run.stop(reason)
        follower = job.record.job
        if follower is not None and follower.real:
            follower.start()

    def discard(self, number: int, arn: str, version: str | None) -> None:
        self._others.discard(number, arn, version)
        folder = self.folder_of(number)
        if folder is not None and folder.exists():
            cleaner = threading.Thread(
                target=self._clean, args=(number, arn, version), name="crml-clean", daemon=True
            )
            self._cleaners = [*(c for c in self._cleaners if c.is_alive()), cleaner]
            cleaner.start()

    def forget(self) -> None:
        self._end_all("forget", FORGET_SECONDS)
        self._runs.clear()
        self._others.forget()
        root = self._given_folder or self._temporary
        if root is not None:
            for folder in root.glob("[0-9]*"):
                shutil.rmtree(folder, ignore_errors=True)

    def close(self, grace: float = 10) -> None:
        if self._closing.is_set():
            return
        self._closing.set()
        self._end_all("close", grace)
        for cleaner in self._cleaners:
            cleaner.join(timeout=grace)
        self.runner.close()
        self._others.close(grace)
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    # What pages and tests ask

    def running(self) -> list[JobView]:
        """The jobs with running threads."""
        return [run.view for run in list(self._runs.values()) if not run.settled]

    def folder_of(self, number: int) -> Path | None:
        """The folder of a job. It exists if the job really ran."""
        root = self._given_folder or self._temporary
        return None if root is None else root / str(number)

    def report(self, number: int) -> JobReport | None:
        """The log, metrics and artifacts of a job so far. None if it was simulated."""
        run, folder = self._runs.get(number), self.folder_of(number)
        if run is not None and not run.settled:
            return JobReport(run.context.log, run.context.metrics, ())
        return None if folder is None else read_report(folder)

    # One run

    @property
    def _jobs(self) -> JobPort:
        assert self._port is not None, "attach comes first"
        return self._port

    def _root(self) -> Path:
        if self._given_folder is not None:
            self._given_folder.mkdir(parents=True, exist_ok=True)
            return self._given_folder
        if self._temporary is None:
            self._temporary = Path(tempfile.mkdtemp(prefix="crml-local-"))
        return self._temporary

    def _launch(self, job: Job, view: JobView) -> None:
        root = self._root()
        context = RunContext(self._jobs, root / str(view.number), lambda n: root / str(n))
        run = self._runs[view.number] = Run(job, view, context)
        run.thread = threading.Thread(
            target=self._work, args=(run,), name=f"crml-job-{view.number}", daemon=True
        )
        run.thread.start()

    def _work(self, run: Run) -> None:
        outcome: Results | JobFailed | None = None
        try:
            if self._wait_for_a_slot(run):
                try:
                    outcome = self._run(run)
                finally:
                    self._slots.release()
        except Exception as error:
            _log.exception("The work on %s failed", run.view.arn)
            outcome = JobFailed(INTERNAL_ERROR, f"The local service failed: {error!r}")
        finally:
            self._record(run, outcome)

    def _wait_for_a_slot(self, run: Run) -> bool:
        while not run.context.stopping.is_set():
            if self._slots.acquire(timeout=0.1):
                return True
        return False

    def _run(self, run: Run) -> Results | JobFailed | None:
        """The result of the job. None if it was replaced before it began."""
        shutil.rmtree(run.context.folder, ignore_errors=True)
        run.context.folder.mkdir(parents=True)
        with self._jobs.transaction():
            if not run.job.is_current:
                return None
            run.job.start()
        try:
            return self.runner.run(run.view, run.context)
        except JobFailed as failure:
            return failure
        except Exception as error:
            _log.exception("The runner failed on %s", run.view.arn)
            return JobFailed(INTERNAL_ERROR, f"The runner failed: {error!r}")

    def _record(self, run: Run, outcome: Results | JobFailed | None) -> None:
        """Enter the result of a run. If it cannot be saved, try again every second."""
        results = outcome.results if isinstance(outcome, JobFailed) else outcome
        with suppress(OSError):
            write_report(run.context.folder, run.context, results)
        while True:
            try:
                with self._jobs.transaction():
                    self._jobs.after_commit(lambda: self._settle(run))
                    self._enter(run, outcome)
                return
            except Unsaved as error:
                _log.warning("The end of %s cannot be saved: %s", run.view.arn, error.message)
                if self._closing.wait(timeout=1.0):
                    run.settled = True
                    return

    def _enter(self, run: Run, outcome: Results | JobFailed | None) -> None:
        job, closing = run.job, run.context.reason == "close"
        if job.is_current:
            if closing and outcome is not None:
                job.fail(INTERNAL_ERROR, STOPPED_MESSAGE)
            elif isinstance(outcome, Results):
                publish = {account: told.members() for account, told in outcome.publish.items()}
                job.succeed(members=dict(outcome.members), publish=publish)
            elif outcome is not None:
                publish = (outcome.results or Results()).publish
                told = {account: entry.members() for account, entry in publish.items()}
                job.fail(outcome.status_code, outcome.message, publish=told)
            return
        follower = job.record.job
        if follower is not None and follower.real and follower.is_current:
            follower.start()
            follower.succeed()

    def _settle(self, run: Run) -> None:
        run.settled = True
        if self._runs.get(run.view.number) is run:
            del self._runs[run.view.number]

    def _end_all(self, reason: StopReason, grace: float) -> None:
        runs = list(self._runs.values())
        for run in runs:
            run.stop(reason)
        deadline = time.monotonic() + grace
        for run in runs:
            if run.thread is not None:
                run.thread.join(timeout=max(0.0, deadline - time.monotonic()))
                if run.thread.is_alive():
                    _log.warning("The runner did not end %s in time", run.view.arn)

    def _clean(self, number: int, arn: str, version: str | None) -> None:
        run = self._runs.get(number)
        if run is not None and run.thread is not None:
            run.thread.join()
        try:
            self.runner.discard(arn, version)
        except Exception:
            _log.exception("The runner could not discard %s", arn)
        folder = self.folder_of(number)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
