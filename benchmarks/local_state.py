"""What a state file costs the local service: reads and creates a second, as a ratio.

`python -m benchmarks.local_state` runs two local services, one with a state file and one without,
each in a process of its own, and asks them in turn over one kept-alive connection. The clients do
no more than write and read bytes, so that what is measured is the service. Goal: at least 0.7.
"""

import argparse
import http.client
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

GOAL = 0.7
ROLE = "arn:aws:iam::111122223333:role/x"
IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/churn:1"
PATH = "/configured-model-algorithms"
SCOPE = "20250101/us-east-1/cleanrooms-ml/aws4_request"


class Service:
    """A local service, and a connection to it."""

    def __init__(self, url: str, key: str) -> None:
        self._connection = http.client.HTTPConnection(url.partition("://")[2])
        self._headers = {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={key}/{SCOPE}, "
            "SignedHeaders=host, Signature=0",
            "Content-Type": "application/json",
        }
        self._made = 0

    def ask(self, method: str, path: str, document: dict[str, Any] | None = None) -> dict[str, Any]:
        body = None if document is None else json.dumps(document)
        self._connection.request(method, path, body, self._headers)
        reply = self._connection.getresponse()
        text = reply.read()
        if reply.status != 200:
            raise SystemExit(f"{method} {path}: {reply.status} {text.decode()}")
        return json.loads(text)

    def create(self) -> str:
        self._made += 1
        config = {"imageUri": IMAGE}
        document = {
            "name": f"a{self._made}",
            "roleArn": ROLE,
            "trainingContainerConfig": config,
            "inferenceContainerConfig": config,
        }
        return self.ask("POST", PATH, document)["configuredModelAlgorithmArn"]

    def creates(self, count: int) -> float:
        """Creates a second."""
        began = time.perf_counter()
        for _ in range(count):
            self.create()
        return count / (time.perf_counter() - began)

    def reads(self, count: int, arn: str) -> float:
        """Reads a second."""
        path = f"{PATH}/{arn.replace('/', '%2F').replace(':', '%3A')}"
        began = time.perf_counter()
        for _ in range(count):
            self.ask("GET", path)
        return count / (time.perf_counter() - began)


@contextmanager
def service(seed: Path, state: Path | None) -> Generator[Service]:
    command = [sys.executable, "-m", "crml_sdk.local", "--port", "0", "--seed", str(seed)]
    if state is not None:
        command += ["--state", str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = ""
        try:
            while "AWS_DEFAULT_REGION" not in said:
                line = process.stdout.readline()
                if not line:
                    raise SystemExit(f"The service did not start: {said}")
                said += line
            (url,) = re.findall(r"export AWS_ENDPOINT_URL_CLEANROOMSML=(\S+)", said)
            (key,) = re.findall(r"export AWS_ACCESS_KEY_ID=(\S+)", said)
            yield Service(url, key)
        finally:
            process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=200, help="calls of each kind in a round")
    options = parser.parse_args()
    rates: dict[str, list[tuple[float, float]]] = {"reads": [], "creates": []}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        seed = folder / "seed.json"
        seed.write_text('{"settings": {"quotas": null}}')
        services = [
            stack.enter_context(service(seed, state)) for state in (None, folder / "state.crml")
        ]
        arns = [each.create() for each in services]
        for number in range(options.rounds + 1):
            created = [each.creates(options.calls) for each in services]
            read = [
                each.reads(options.calls, arn) for each, arn in zip(services, arns, strict=True)
            ]
            if number:  # the first round warms up
                rates["creates"].append((created[0], created[1]))
                rates["reads"].append((read[0], read[1]))
    for kind, pairs in rates.items():
        ratio = statistics.median(kept / plain for plain, kept in pairs)
        plain, kept = (statistics.median(column) for column in zip(*pairs, strict=True))
        verdict = "reached" if ratio >= GOAL else "MISSED"
        print(
            f"{kind}: {plain:,.0f} a second without, {kept:,.0f} with a state file: "
            f"ratio {ratio:.2f} (goal {GOAL}: {verdict})"
        )


if __name__ == "__main__":
    main()
