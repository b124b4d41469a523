"""Create resources from a short description, the seed file.

A seed refers to resources by their names. Omitted values have simple defaults. If a resource needs
others that the seed does not name, such as an association and a channel for a model, they are created,
too. Each resource is created by the operation that a client would call, so that a seed cannot create
anything that the service could not.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from .jobs.simulated import SimulatedExecutor
from .service.failures import ServiceFailure
from .service.schema import JsonObject
from .settings import Lifecycle
from .state.document import read_file
from .state.kinds import ALGORITHM, ASSOCIATION, INPUT_CHANNEL, TRAINED_MODEL
from .state.records import Record
from .state.state import State

Perform = Callable[[str, str, JsonObject], JsonObject]
SECTIONS = (
    "settings",
    "world",
    "workspace",
    "algorithms",
    "associations",
    "channels",
    "models",
    "inference_jobs",
    "calls",
)
_QUERY = {"protectedQueryInputParameters": {"sqlParameters": {"queryString": "SELECT 1"}}}


class BadSeed(ValueError):
    """A seed is invalid. The message has the entry."""


def workspace_of(seed: str | os.PathLike[str]) -> Path | None:
    """The workspace file of a seed file, relative to it. None if it has none.

    Raises:
        OSError, UnreadableState, BadSeed: The seed file cannot be read or is invalid.
    """
    document = read_file(seed)
    name: Any = cast(JsonObject, document).get("workspace") if isinstance(document, dict) else None
    if name is None:
        return None
    if not isinstance(name, str):
        raise BadSeed("workspace must be the path of a file")
    return Path(seed).parent / name


class Seeder:
    """Creates the resources of seeds. `perform` runs an operation (name, account, parameters)."""

    def __init__(self, state: State, perform: Perform) -> None:
        self._state = state
        self._perform = perform
        self._made: dict[str, str] = {}

    def run(self, document: Any) -> dict[str, str]:
        """Create the resources of a seed, except for its `settings`, `world` and `workspace`.

        Returns:
            ARNs by `kind/name`.

        Raises:
            BadSeed: The seed is invalid.
        """
        if not isinstance(document, dict):
            raise BadSeed("a seed must be an object of sections")
        seed = cast(JsonObject, document)
        unknown = sorted(set(seed) - set(SECTIONS))
        if unknown:
            raise BadSeed(f"unknown sections: {', '.join(unknown)}; known: {', '.join(SECTIONS)}")
        makers: dict[str, Callable[[JsonObject], None]] = {
            "algorithms": self._algorithm,
            "associations": self._association,
            "channels": self._channel,
            "models": self._model,
            "inference_jobs": self._inference_job,
            "calls": self._call,
        }
        with self._unhindered():
            for section, make in makers.items():
                entries: Any = seed.get(section) or []
                if not isinstance(entries, list):
                    raise BadSeed(f"{section} must be a list")
                for position, entry in enumerate(cast("list[Any]", entries)):
                    fields: Any = {"name": entry} if isinstance(entry, str) else entry
                    if not isinstance(fields, dict):
                        raise BadSeed(f"{section}[{position}] must be a name or an object")
                    try:
                        make(dict(cast(JsonObject, fields)))
                    except ServiceFailure as failure:
                        raise BadSeed(f"{section}[{position}]: {failure.message}") from failure
                    except BadSeed as error:
                        raise BadSeed(f"{section}[{position}]: {error}") from error
                    except (LookupError, TypeError, ValueError, AttributeError) as error:
                        said = " ".join(str(error).split())[:300]
                        raise BadSeed(
                            f"{section}[{position}]: missing or invalid: {said}"
                        ) from error
        return self._made

    @contextmanager
    def _unhindered(self) -> Generator[None]:
        """While a seed is applied, there are no quotas, and jobs end immediately."""
        state = self._state
        settings, executor = state.settings, state.executor
        state.settings = replace(
            settings,
            quotas=None,
            lifecycle=Lifecycle("at-once"),
            incremental_version="base",  # a seed names every other version by its identifier
            unusable_input="allow",
            query_ability_required=False,
        )
        state.executor = SimulatedExecutor(state.settings.lifecycle, state.clock.now)
        try:
            yield
        finally:
            state.settings, state.executor = settings, executor

    def _algorithm(self, entry: JsonObject) -> None:
        account = self._account(entry)
        params = {
            "roleArn": _role(account),
            "trainingContainerConfig": {"imageUri": f"local/{_slug(entry['name'])}:train"},
            "inferenceContainerConfig": {"imageUri": f"local/{_slug(entry['name'])}:infer"},
            **entry,
        }
        reply = self._perform("CreateConfiguredModelAlgorithm", account, params)
        self._note(ALGORITHM, entry["name"], reply["configuredModelAlgorithmArn"])

    def _association(self, entry: JsonObject) -> None:
        account = self._account(entry, peek=True)
        algorithm = entry.pop("algorithm", None) or entry["name"]
        arn = self._needed(ALGORITHM, algorithm, self._algorithm, account)
        params = {
            "membershipIdentifier": self._membership(entry),
            "configuredModelAlgorithmArn": arn,
            **entry,
        }
        reply = self._perform("CreateConfiguredModelAlgorithmAssociation", account, params)
        self._note(ASSOCIATION, entry["name"], reply["configuredModelAlgorithmAssociationArn"])

    def _channel(self, entry: JsonObject) -> None:
        account = self._account(entry, peek=True)
        arn = self._association_of(entry, account)
        status = entry.pop("status", "ACTIVE")
        params = {
            "membershipIdentifier": self._membership(entry),
            "configuredModelAlgorithmAssociations": [arn],
            "retentionInDays": 30,
            "inputChannel": {"roleArn": _role(account), "dataSource": _QUERY},
            **entry,
        }
        reply = self._perform("CreateMLInputChannel", account, params)
        self._note(INPUT_CHANNEL, entry["name"], reply["mlInputChannelArn"])
        self._set_status(INPUT_CHANNEL, reply["mlInputChannelArn"], None, status, None)

    def _model(self, entry: JsonObject) -> None:
        account = self._account(entry, peek=True)
        association = self._association_of(entry, account)
        channels: list[str] = entry.pop("channels", None) or [f"{entry['name']}-data"]
        versions: Any = entry.pop("versions", 1)
        steps: list[Any] = [{} for _ in range(versions)] if isinstance(versions, int) else versions
        common: JsonObject = {
            "membershipIdentifier": self._membership(entry),
            "configuredModelAlgorithmAssociationArn": association,
            "resourceConfig": {"instanceType": "ml.m5.xlarge", "volumeSizeInGB": 10},
            "dataChannels": [
                {"mlInputChannelArn": self._channel_for(name, association, account), **_named(name)}
                for name in channels
            ],
        }
        details = entry.pop("statusDetails", None)
        status = entry.pop("status", "ACTIVE")
        artifacts = entry.pop("artifacts", None)
        arn, made = None, cast("list[tuple[str | None, JsonObject]]", [])
        for step in cast("list[JsonObject]", steps):
            own = dict(step)
            own_status = {"status": own.pop("status", status)}
            own_status["artifacts"] = own.pop("artifacts", artifacts)
            own_status["details"] = own.pop("statusDetails", details)
            parent: int | None = own.pop("from", None)
            params = {**common, **entry, **own}
            if arn is not None:
                source = made[parent if parent is not None else -1][0]
                channel = {"trainedModelArn": arn, "channelName": "previous"}
                if source is not None:
                    channel["versionIdentifier"] = source
                params["incrementalTrainingDataChannels"] = [channel]
            reply = self._perform("CreateTrainedModel", account, params)
            arn = reply["trainedModelArn"]
            version = reply.get("versionIdentifier")
            made.append((None if version == "NULL" else version, own_status))
        assert arn is not None
        self._note(TRAINED_MODEL, entry["name"], arn)
        for version, end in made:
            self._set_status(TRAINED_MODEL, arn, version, end["status"], end["details"])
            self._name_artifacts(arn, version, end["artifacts"])

    def _inference_job(self, entry: JsonObject) -> None:
        account = self._account(entry, peek=True)
        model = self._needed(TRAINED_MODEL, entry.pop("model"), self._model, account)
        record = self._state.get(TRAINED_MODEL, model, self._state.base_version(model))
        channel = entry.pop("channel", None)
        arn = record.data["dataChannels"][0]["mlInputChannelArn"]
        if channel is not None:
            association = record.data["configuredModelAlgorithmAssociationArn"]
            arn = self._channel_for(channel, association, account)
        status, details = entry.pop("status", "ACTIVE"), entry.pop("statusDetails", None)
        params = {
            "membershipIdentifier": self._membership(entry),
            "trainedModelArn": model,
            "resourceConfig": {"instanceType": "ml.m6i.xlarge"},
            "outputConfiguration": {"members": [{"accountId": account}]},
            "dataSource": {"mlInputChannelArn": arn},
            **entry,
        }
        reply = self._perform("StartTrainedModelInferenceJob", account, params)
        job = reply["trainedModelInferenceJobArn"]
        kind = job.split("/")[2]
        self._note(kind, entry["name"], job)
        self._set_status(kind, job, None, status, details)

    def _call(self, entry: JsonObject) -> None:
        """Any operation, where `${kind/name}` in its parameters stands for an ARN."""
        account = self._account(entry)
        reply = self._perform(entry["operation"], account, self._filled(entry.get("params", {})))
        name = entry.get("as")
        arns = [value for key, value in reply.items() if key.endswith("Arn")]
        if name is not None and arns:
            self._made[name] = arns[0]

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._filled(item) for key, item in cast(JsonObject, value).items()}
        if isinstance(value, list):
            return [self._filled(item) for item in cast("list[Any]", value)]
        if isinstance(value, str) and value.startswith("${") and value.endswith("}"):
            if value[2:-1] not in self._made:
                raise BadSeed(f"{value} is not a resource of this seed")
            return self._made[value[2:-1]]
        return value

    def _association_of(self, entry: JsonObject, account: str) -> str:
        name = entry.pop("association", None) or "default"
        return self._needed(ASSOCIATION, name, self._association, account)

    def _channel_for(self, name: str, association: str, account: str) -> str:
        made = self._find(INPUT_CHANNEL, name, account)
        if made is not None:
            return made
        wanted = self._state.get(ASSOCIATION, association).name
        self._channel({"name": name, "association": wanted, "account": account})
        return self._made[f"{INPUT_CHANNEL}/{name}"]

    def _needed(
        self, kind: str, name: str, make: Callable[[JsonObject], None], account: str
    ) -> str:
        found = self._find(kind, name, account)
        if found is None:
            make({"name": name, "account": account})
            found = self._made[f"{kind}/{name}"]
        return found

    def _find(self, kind: str, name: str, account: str) -> str | None:
        """An ARN by name, of this seed or of the existing state."""
        made = self._made.get(f"{kind}/{name}")
        if made is not None:
            return made
        scopes = [account, *self._state.world.collaborations]
        holders = (self._state.holder_of_name(kind, scope, name) for scope in scopes)
        return next((holder for holder in holders if holder is not None), None)

    def _note(self, kind: str, name: str, arn: str) -> None:
        self._made[f"{kind}/{name}"] = arn

    def _account(self, entry: JsonObject, *, peek: bool = False) -> str:
        account = entry.get("account") if peek else entry.pop("account", None)
        try:
            return self._state.world.account_named(account).id
        except KeyError:
            raise BadSeed(f"there is no account {account!r}") from None

    def _membership(self, entry: JsonObject) -> str:
        account = entry.pop("account", None)
        room = entry.pop("collaboration", None)
        return self._state.world.member(account, room).membership_id

    def _set_status(
        self, kind: str, arn: str, version: str | None, status: str, details: Any
    ) -> None:
        state = self._state
        if version is None and kind == TRAINED_MODEL:
            version = state.base_version(arn)
        record: Record = state.get(kind, arn, version)
        if details is not None:
            state.change(record, statusDetails=details)
        if status != record.status:
            state.set_status(record, status)

    def _name_artifacts(self, arn: str, version: str | None, folder: Any) -> None:
        """Set the folder of unpacked artifacts of a model, for inference jobs."""
        if folder is None:
            return
        path = Path(str(folder)).expanduser().resolve()
        if not path.is_dir():
            raise BadSeed(f"artifacts: {path} is not a folder")
        version = version or self._state.base_version(arn)
        record = self._state.get(TRAINED_MODEL, arn, version)
        self._state.amend(record, artifacts=str(path))


def _named(name: str) -> JsonObject:
    return {"channelName": _slug(name)}


def _slug(name: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-._") else "-" for c in name)
    return kept[:64]


def _role(account: str) -> str:
    return f"arn:aws:iam::{account}:role/local"
