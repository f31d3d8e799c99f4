"""The tables of 001: tasks, and the audit trail."""

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlmodel import Field, SQLModel


def now() -> datetime:
    return datetime.now(UTC)


class TaskCreate(SQLModel):
    title: str = Field(min_length=1, max_length=500)
    description: str = ""
    priority: str = "none"
    tags: list[str] = []
    due_date: datetime | None = None


class TaskUpdate(SQLModel):
    title: str | None = Field(default=None, min_length=1, max_length=500)
    description: str | None = None
    priority: str | None = None
    completed: bool | None = None


class Task(SQLModel, table=True):
    __tablename__ = "tasks"
    __table_args__ = (Index("tasks_by_user", "user_id", "created_at"),)

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    user_id: str
    title: str
    description: str = ""
    completed: bool = False
    priority: str = "none"
    tags: list[str] = Field(default_factory=list, sa_type=JSONB)
    due_date: datetime | None = Field(default=None, sa_type=TIMESTAMP(timezone=True))
    created_at: datetime = Field(default_factory=now, sa_type=TIMESTAMP(timezone=True))
    updated_at: datetime = Field(default_factory=now, sa_type=TIMESTAMP(timezone=True))


class AuditLog(SQLModel, table=True):
    __tablename__ = "audit_log"
    # 001 looks an event up by this expression each time, and says nothing of an index; without one it would only get slower.
    __table_args__ = (Index("audit_log_by_event", text("(details ->> 'event_id')")),)

    id: int | None = Field(default=None, primary_key=True)
    event_type: str
    task_id: str | None
    user_id: str
    details: dict[str, Any] = Field(sa_type=JSONB)
    timestamp: datetime = Field(default_factory=now, sa_type=TIMESTAMP(timezone=True))
