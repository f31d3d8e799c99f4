"""EventPublisher of 001: called after the commit, through the sidecar's publish API."""

import os
import uuid
from typing import Any

import aiohttp
import orjson

from models import Task, now

SIDECAR = os.environ["DAPR_HTTP_ENDPOINT"]


class EventPublisher:
    def __init__(self) -> None:
        self.session = aiohttp.ClientSession()

    async def close(self) -> None:
        await self.session.close()

    async def publish(self, topic: str, event_type: str, task: Task, previous: dict[str, Any] | None = None) -> None:
        event = {
            "event_id": str(uuid.uuid4()),
            "event_type": event_type,
            "user_id": task.user_id,
            "timestamp": now(),
            "task_data": task.model_dump(),
            "metadata": {"source": "rest_api", "version": "1.0"},
        }
        if previous is not None:
            event["previous_data"] = previous
        url = f"{SIDECAR}/v1.0/publish/pubsub/{topic}"
        headers = {"content-type": "application/json"}
        # What the driver gives for a uuid is a type of its own.
        async with self.session.post(url, data=orjson.dumps(event, default=str), headers=headers) as answer:
            answer.raise_for_status()
