"""The cases: what is run, how often, and the goals beside the figures."""

from dataclasses import dataclass, field
from statistics import median
from typing import Any

from .processes import Worker, fresh, requests_made

ONE_EACH = ("crml_sdk", "aiobotocore", "boto3_threads", "capo", "floor")
"""One contender of each kind, for the cases that start a process for every sample."""

Figures = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Case:
    name: str
    title: str
    kind: str  # how it is measured: see __main__.measure
    run: str = ""
    calls: int = 1
    at_once: int = 1
    goals: dict[str, float] = field(default_factory=dict)  # peer: highest allowed ratio to it
    limit: tuple[str, float] | None = None  # figure and highest allowed value, in its own unit
    only: tuple[str, ...] = ()  # contenders; all when empty


CASES = [
    Case(
        "page",
        "page of 100 versions",
        "calls",
        run="page",
        calls=10,
        goals={"aiobotocore": 0.10, "capo": 0.85, "floor": 1.25},
    ),
    Case(
        "page16",
        "page of 100 versions, 16 at once",
        "calls",
        run="page",
        calls=32,
        at_once=16,
        goals={"aiobotocore": 0.10, "capo": 0.85, "floor": 1.25},
    ),
    Case(
        "get",
        "one get",
        "calls",
        run="get",
        calls=40,
        goals={"aiobotocore": 0.55, "capo": 0.75, "floor": 1.9},
    ),
    Case("get64", "64 gets at once", "calls", run="get", calls=128, at_once=64),
    Case(
        "create",
        "one create, 4 KB body",
        "calls",
        run="create",
        calls=40,
        goals={"aiobotocore": 0.65, "capo": 0.8},
    ),
    Case("stream", "streaming, each summary", "stream", limit=("growth_bytes", 5 * 2**20)),
    Case(
        "check",
        "checking a create's arguments",
        "calls",
        run="check",
        calls=500,
        only=("crml_sdk",),
        limit=("seconds", 40e-6),
    ),
    Case(
        "wait",
        "wait_all of 1,000 jobs, three rounds",
        "wait",
        only=("crml_sdk",),
        limit=("lists_a_round", 12),
    ),
    Case(
        "cold",
        "cold start to the first reply",
        "cold",
        only=ONE_EACH,
        goals={"aiobotocore": 1.15},
    ),
    Case("second", "second client to its first reply", "second", only=ONE_EACH),
    Case(
        "imported",
        "import over a bare interpreter",
        "imported",
        only=("crml_sdk", "aiobotocore"),
        limit=("seconds", 0.025),
    ),
    Case("clients", "memory", "clients", only=ONE_EACH),
]


def measure_calls(case: Case, workers: dict[str, Worker], repeats: int) -> Figures:
    """Interleaved: each round asks every contender once, starting with another one each time."""
    names = list(workers)
    samples: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for name in names:  # not counted: connections opened, caches filled
        workers[name].ask(run=case.run, calls=case.calls, at_once=case.at_once)
    for number in range(repeats):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            answer = workers[name].ask(run=case.run, calls=case.calls, at_once=case.at_once)
            samples[name].append(answer)
    return in_turn(samples)


def measure_stream(workers: dict[str, Worker], items: int, repeats: int) -> Figures:
    """Pieces of the stream in turn for the time; the whole of it once, ours, for the memory."""
    piece = min(items, 20_000)
    samples: dict[str, list[dict[str, float]]] = {name: [] for name in workers}
    for _ in range(repeats):
        for name, worker in workers.items():
            samples[name].append(worker.ask(run="stream", items=piece))
    figures = in_turn(samples)
    if "crml_sdk" in workers:
        whole = workers["crml_sdk"].ask(run="stream", items=items)
        figures["crml_sdk"] |= {"items": whole["items"], "growth_bytes": whole["growth_bytes"]}
    return figures


def measure_wait(worker: Worker, url: str, repeats: int) -> Figures:
    samples: list[dict[str, float]] = []
    made: dict[str, float] = {}
    for _ in range(repeats):
        requests_made(url)
        samples.append(worker.ask(run="wait"))
        made = requests_made(url)
    figures = in_turn({"crml_sdk": samples})
    each = made["lists"] / made["rounds"]
    figures["crml_sdk"] |= {"rounds": made["rounds"], "lists_a_round": each, "gets": made["gets"]}
    return figures


def in_turn(samples: dict[str, list[dict[str, float]]]) -> Figures:
    return {name: summary([one["wall"] for one in taken]) for name, taken in samples.items()} | {
        f"{name} (CPU)": summary([one["cpu"] for one in taken]) for name, taken in samples.items()
    }


def measure_fresh(case: Case, names: list[str], url: str, repeats: int) -> Figures:
    samples: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for name in names:  # not counted: modules compiled, files read into the system's cache
        fresh(case.kind, name, url)
    for number in range(repeats):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            samples[name].append(fresh(case.kind, name, url))
    figures: Figures = {}
    for name, taken in samples.items():
        figures[name] = {}
        for key in taken[0]:
            values = [one[key] for one in taken]
            figures[name] |= summary(values) if key == "seconds" else {key: median(values)}
    return figures


def measure_imports(case: Case, url: str, repeats: int) -> Figures:
    """What the import adds to an interpreter that imports nothing."""
    figures = measure_fresh(case, ["bare", *case.only], url, repeats)
    bare = figures.pop("bare")
    for figure in figures.values():
        for key in ("seconds", "fastest", "bytes"):
            figure[key] -= bare[key]
    return figures


def summary(values: list[float]) -> dict[str, float]:
    return {"seconds": median(values), "fastest": min(values)}


def ratios(case: Case, figures: Figures) -> list[dict[str, Any]]:
    """Each goal with what was reached: ratios of medians, and limits."""
    ours = figures.get("crml_sdk")
    if ours is None:
        return []
    reached: list[dict[str, Any]] = []
    for peer, goal in case.goals.items():
        if peer in figures:
            value = ours["seconds"] / figures[peer]["seconds"]
            reached.append({"to": peer, "goal": goal, "value": value, "met": value <= goal})
    if case.limit is not None:
        key, goal = case.limit
        value = ours[key]
        reached.append({"to": key, "goal": goal, "value": value, "met": value <= goal})
    return reached
