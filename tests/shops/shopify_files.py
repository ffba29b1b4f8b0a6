"""Bulk operations of a pretended Shopify: a question, a while, and a file of lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.shops import shopify_graph as graph
from tests.shops.base import Asked, Reply, Stage
from tests.shops.shopify_things import gid, number


@dataclass
class Bulk:
    """One bulk operation: what it will have found, and how many looks it still takes."""

    lines: list[bytes]
    looks: int
    fails: bool = False
    done: bool = False


class WritesFiles(Stage):
    """The part of a shop that answers in bulk."""

    bulks: dict[str, Bulk]
    bulk_limit: int
    bulk_looks: int
    bulk_fails: bool
    _schema: graph.Schema

    def _denials(self) -> Mapping[str, str]:
        raise NotImplementedError

    def _resolve(self, name: str, args: dict[str, Any]) -> Any:
        raise NotImplementedError

    def _does_bulkOperationRunQuery(self, args: dict[str, Any]) -> Any:  # noqa: N802
        running = sum(not one.done for one in self.bulks.values())
        if running >= self.bulk_limit:
            code = "OPERATION_IN_PROGRESS" if self.bulk_limit == 1 else "LIMIT_REACHED"
            message = "A bulk query operation for this app and shop is already in progress."
            return {"bulkOperation": None, "userErrors": [{"field": None, "message": message, "code": code}]}
        try:
            answering = graph.Answering(self._schema, graph.read(args["query"]), {}, self._denials(), bulk=True)
            tree = answering.answer(self._resolve)
        except graph.Refused as refused:
            wrong = {"field": ["query"], "message": f"Invalid bulk query: {refused}", "code": "INVALID"}
            return {"bulkOperation": None, "userErrors": [wrong]}
        lines = [json.dumps(line).encode() for line in graph.flattened(tree or {})]
        key = gid("BulkOperation", len(self.bulks) + 720918)
        self.bulks[key] = Bulk(lines, self.bulk_looks, fails=self.bulk_fails or tree is None)
        return {"bulkOperation": {"id": key, "status": "CREATED"}, "userErrors": []}

    def _does_bulkOperation(self, args: dict[str, Any]) -> Any:  # noqa: N802
        one = self.bulks.get(args["id"])
        if one is None:
            return None
        told = {"id": args["id"], "status": "RUNNING", "errorCode": None, "objectCount": "0", "rootObjectCount": "0",
                "url": None, "partialDataUrl": None}  # fmt: skip
        if one.looks > 0:
            one.looks -= 1
            return told
        one.done = True
        url = f"{self.url}/bulk/{number(args['id'])}.jsonl" if one.lines else None
        roots = sum(b'"__parentId"' not in line for line in one.lines)
        if one.fails:
            return told | {"status": "FAILED", "errorCode": "INTERNAL_SERVER_ERROR", "partialDataUrl": url}
        counts = {"objectCount": str(len(one.lines)), "rootObjectCount": str(roots)}
        return told | counts | {"status": "COMPLETED", "url": url}

    def _bulk_file(self, asked: Asked) -> Reply:
        if "x-shopify-access-token" in asked.headers:
            return Reply(400, {"errors": "a token has no business here"})
        one = self.bulks[gid("BulkOperation", asked.path.rsplit("/", 1)[1].removesuffix(".jsonl"))]
        lines = one.lines[: len(one.lines) // 2 + 1] if one.fails else one.lines
        body = b"\n".join(lines) + b"\n"
        kind = {"Content-Type": "application/jsonl"}
        start = int(asked.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if not start:
            return Reply(200, body=body, headers=kind)
        rest = body[start:]
        span = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
        return Reply(206 if rest else 416, body=rest, headers=kind | span)
