"""client.operations: work on many jobs, which goes on after it was answered."""

# Written by generate.py: `make schema` does it anew.

from collections.abc import Generator
from contextlib import closing

from citizenapp_client._calls import Id, at, cursor_of, get, operation, waiting
from citizenapp_client._sync.transport import Transport
from citizenapp_client.models import Operation, OperationPage, OperationSummary


class Operations:
    """What you asked for with `retry_many`, `cancel_many`, `tag_many`, `untag_many` and `erase`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @operation("get_operation")
    def get(self, operation_id: Id, *, wait: int | None = None) -> Operation:
        """How far it has come. With `wait`, at most so many seconds until it has come further."""
        return self._transport.ask(Operation, waiting(at("operations/{}", operation_id), wait, ""))

    @operation("list_operations")
    def page(self, *, cursor: str | None = None, page_size: int | None = None) -> OperationPage:
        """One page of them, newest first. `cursor` is from `next` or `previous` of another."""
        call = get("operations", cursor=cursor, page_size=page_size)
        return self._transport.ask(OperationPage, call)

    def list(self, *, page_size: int | None = 100) -> Generator[OperationSummary]:
        """All of them, newest first; a page is asked for when the one before is used up."""
        cursor: str | None = None
        while True:
            page = self.page(cursor=cursor, page_size=page_size)
            for found in page.results:
                yield found
            cursor = cursor_of(page.next)
            if cursor is None:
                return

    def wait(self, operation_id: Id, *, timeout: float | None = None) -> Operation:
        """The operation once it has ended. Raises StillRunning after `timeout` seconds."""
        states = self._transport.follow(
            Operation,
            lambda wait, tag: waiting(at("operations/{}", operation_id), wait, tag),
            lambda found: found.has_ended,
            timeout,
        )
        with closing(states):
            for found in states:
                last = found
        return last
