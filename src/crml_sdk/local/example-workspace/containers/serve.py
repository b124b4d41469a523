"""Answers rows of features with what the model expects: a word and a probability for each."""

from __future__ import annotations

import csv
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from model import Model


class Handler(BaseHTTPRequestHandler):
    model: Model

    def do_GET(self) -> None:
        self.answer(200 if self.path == "/ping" else 404, "")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        rows = [
            row for row in csv.reader(body.splitlines()) if row and row[0].isdigit()
        ]  # no header
        chances = [self.model.probability([float(value) for value in row]) for row in rows]
        lines = [f"{'leaves' if chance > 0.5 else 'stays'},{chance:.3f}\n" for chance in chances]
        self.answer(200, "".join(lines))

    def answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


if __name__ == "__main__":
    Handler.model = Model.read(Path("/opt/ml/model/model.json"))
    ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
