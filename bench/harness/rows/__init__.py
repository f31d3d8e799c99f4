"""The rows: each measures what it is about and tells one or more lines of the table."""

from collections.abc import Callable

from harness.bench import Bench
from harness.figures import Row
from harness.rows import arrivals, creates, distributed, isolation, lists, losses, recurring, reminders, sockets, start, statements, updates

ALL: dict[str, Callable[[Bench], list[Row]]] = {
    "creates": creates.creates,
    "one-workspace": creates.one_workspace,
    "lists": lists.lists,
    "isolation": isolation.isolation,
    "statements": statements.statements,
    "arrivals": arrivals.arrivals,
    "updates": updates.updates,
    "sockets": sockets.idle,
    "fan-out": sockets.fan_out,
    "stalled": sockets.stalled,
    "start": start.start,
    "losses": losses.losses,
    "reminders": reminders.reminders,
    "recurring": recurring.recurring,
    "distributed": distributed.distributed,
    "distributed-reminders": reminders.distributed_reminders,
    "distributed-recurring": recurring.distributed_recurring,
}
