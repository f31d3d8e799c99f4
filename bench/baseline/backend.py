"""The backend of 001: the endpoints of tasks. Writes go to the database first, and are published after the commit."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth import current_user
from database import create_tables, session
from models import Task, TaskCreate, TaskUpdate, now
from publisher import EventPublisher


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    await create_tables()
    app.state.publisher = EventPublisher()
    yield
    await app.state.publisher.close()


app = FastAPI(lifespan=lifespan)


async def user(user_id: str, request: Request) -> str:
    """Asynchronous, because FastAPI would send a plain function to a thread."""
    return current_user(user_id, request.headers.get("authorization", ""))


def publisher(request: Request) -> EventPublisher:
    return request.app.state.publisher


User = Annotated[str, Depends(user)]
Database = Annotated[AsyncSession, Depends(session)]


async def find(database: AsyncSession, user_id: str, task_id: uuid.UUID) -> Task:
    task = await database.get(Task, task_id)
    if task is None or task.user_id != user_id:
        raise HTTPException(404, "no such task")
    return task


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "healthy"}


@app.post("/api/{user_id}/tasks", status_code=201)
async def create(user: User, new: TaskCreate, database: Database, request: Request) -> Task:
    task = Task(user_id=user, **new.model_dump())
    database.add(task)
    await database.commit()
    await publisher(request).publish("task-events", "task.created", task)
    return task


@app.get("/api/{user_id}/tasks")
async def list_tasks(user: User, database: Database, limit: Annotated[int, Query(le=200)] = 50) -> list[Task]:
    newest = select(Task).where(Task.user_id == user).order_by(col(Task.created_at).desc()).limit(limit)
    return list(await database.exec(newest))


@app.get("/api/{user_id}/tasks/{task_id}")
async def get(user: User, task_id: uuid.UUID, database: Database) -> Task:
    return await find(database, user, task_id)


@app.patch("/api/{user_id}/tasks/{task_id}")
async def update(user: User, task_id: uuid.UUID, change: TaskUpdate, database: Database, request: Request) -> Task:
    task = await find(database, user, task_id)
    previous = task.model_dump()
    task.sqlmodel_update(change.model_dump(exclude_unset=True))
    task.updated_at = now()
    await database.commit()
    for topic in ("task-events", "task-updates"):
        await publisher(request).publish(topic, "task.updated", task, previous)
    return task


@app.delete("/api/{user_id}/tasks/{task_id}", status_code=204)
async def delete(user: User, task_id: uuid.UUID, database: Database, request: Request) -> None:
    task = await find(database, user, task_id)
    await database.delete(task)
    await database.commit()
    await publisher(request).publish("task-events", "task.deleted", task)
