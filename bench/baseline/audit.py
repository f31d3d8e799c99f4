"""The audit service of 001: one row for each event, which is looked up first in case it came before."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from database import create_tables, session
from models import AuditLog


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    await create_tables()
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "healthy"}


@app.post("/events/task-events")
async def receive(envelope: dict[str, Any], database: Annotated[AsyncSession, Depends(session)]) -> dict[str, str]:
    event = envelope["data"]
    same = text("details ->> 'event_id' = :event_id").bindparams(event_id=event["event_id"])
    if (await database.exec(select(AuditLog.id).where(same))).first() is None:
        task_id = event.get("task_data", {}).get("id")
        entry = AuditLog(event_type=event["event_type"], task_id=task_id, user_id=event["user_id"], details=event)
        database.add(entry)
        await database.commit()
    return {"status": "SUCCESS"}
