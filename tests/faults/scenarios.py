"""What is done to workers: deaths at each step, faults of the network, company, and storms."""

import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from aijobs.crash_points import Step
from tests.faults import books, journeys, nursery, people
from tests.faults.books import Books
from tests.faults.journeys import Deed
from tests.faults.nursery import Order
from tests.faults.world import World

# What no job waits for: what people search by, and e-mails.
READ = (Step.INDEX_READ, Step.INDEX_READ_OLDER)
MAILED = (Step.INFORM_WRITTEN, Step.INFORM_CLAIMED, Step.INFORM_SENT, Step.INFORM_STORED)
# The steps in the order in which a day comes to them, each behind what leads to it: only an
# abandoned intent is found, only a batch in doubt makes another smaller than it, and only a lost
# direct call is rescued.
DAY = (
    *(Step.ACCEPT_COPIED, Step.ACCEPT_COUNTED, Step.ACCEPT_COMMITTED),
    *(Step.TAG_COMMITTED, Step.APPLY_ASKED, Step.APPLY_MOVED, Step.APPLY_COMMITTED),
    *(*READ, Step.WITHDRAW_COMMITTED),
    *(Step.EXPEDITE_CLAIMED, Step.SWEEP_RESCUED, Step.EXPEDITE_STREAMING),
    *(Step.EXPEDITE_ANSWERED, Step.SWEEP_COMMITTED),
    # Each death among direct calls loses two of them: a day has enough for so many.
    *(Step.EXPEDITE_LEARNED, Step.EXPEDITE_PAUSED),
    *(Step.EXPEDITE_STORED, Step.EXPEDITE_COMMITTED),
    *(Step.SEED_TRIAL_MOVED, Step.SEED_TRIAL_COMMITTED),
    *(Step.ASSEMBLE_CLAIMED, Step.ASSEMBLE_COUNTED, Step.ASSEMBLE_COMMITTED),
    *(Step.WITHDRAW_DISSOLVED, Step.DISPATCH_WRITTEN, Step.DISPATCH_WATERMARK),
    *(Step.DISPATCH_INTENT, Step.RECONCILE_ABANDONED, Step.DISPATCH_REDUCED),
    *(
        Step.RECONCILE_LISTED,
        Step.RECONCILE_RELEASED,
        Step.DISPATCH_ANSWERED,
        Step.RECONCILE_ADOPTED,
    ),
    *(Step.DISPATCH_SENDING, Step.DISPATCH_CONFIRMED, Step.DISPATCH_COMMITTED),
    *(Step.WITHDRAW_WISHED, Step.POLL_CANCELED, Step.WITHDRAW_CANCELED),
    *(Step.DISPATCH_REFUSED, Step.DISPATCH_TAKEN_BACK, Step.DISPATCH_DISSOLVED),
    *(Step.BREAKER_OPENED, Step.BREAKER_CLOSED),
    *(Step.POLL_CLAIMED, Step.POLL_ANSWERED, Step.POLL_COMMITTED),
    *(Step.SETTLE_DOWNLOADED, Step.SETTLE_CHECKED, Step.SETTLE_LOCKED, Step.ENDINGS_COPIED),
    *(Step.ENDINGS_MOVED, Step.SETTLE_STORED, Step.SETTLE_COMMITTED, Step.SETTLE_SETTLED),
    Step.REWORK_COMMITTED,
    *(Step.SEED_MOVED, Step.SEED_COMMITTED, Step.SEED_WAIVED),
    *(Step.SHARE_ANSWERED, Step.SHARE_RELEASED),
    *(Step.DELIVER_LOOKED, Step.DELIVER_CLAIMED, Step.DELIVER_SENT, Step.DELIVER_STORED),
    *MAILED,
    *(Step.SWEEP_DELETED, Step.RETRY_COMMITTED),
)
# What only comes when the promise is at its end (`late`), when strangers use the same workspace,
# or after weeks (test_old_rows.py).
LATE = (Step.SWEEP_FOUND, Step.SWEEP_CANCELED, Step.SWEEP_COUNTED)
STRANGE = (Step.SETTLE_GAVE_BACK, Step.IDENTITY_RECORDED, Step.SETTLE_DISOWNED)
# What only comes when batches take too long for a deadline (`slow`).
SLOW = (Step.RESCUE_DECIDED, Step.RESCUE_CANCELED, Step.ROAD_CHOSEN)
OLD = (Step.SWEEP_PRUNED, Step.SWEEP_GAVE_UP, Step.SWEEP_PRICED, Step.SWEEP_WORDED)
# What only comes when an operation fails, or when something is erased (test_operations.py).
ASKED = (Step.APPLY_PUT_OFF, Step.ERASE_ASKED, Step.ERASE_DELETED, Step.ERASE_COMMITTED)
# What only comes when programs cancel what then comes back into the queue (test_messages.py).
BACK = (Step.SWEEP_WITHDRAWN,)
RARE = (*LATE, *SLOW, *STRANGE, Step.SWEEP_MISTAKEN, *OLD, *ASKED, *BACK)
LEADS_TO = {
    Step.RECONCILE_ABANDONED: [Step.DISPATCH_INTENT],
    Step.RECONCILE_LISTED: [Step.DISPATCH_INTENT],
    Step.RECONCILE_RELEASED: [Step.DISPATCH_INTENT],
    Step.RECONCILE_ADOPTED: [Step.DISPATCH_ANSWERED],
    Step.SWEEP_RESCUED: [Step.EXPEDITE_CLAIMED],
    Step.POLL_CANCELED: [Step.WITHDRAW_WISHED],
}
REFUSED = {"at": "create", "fault": "status", "status": 400, "after_calls": 1}
ACCOUNT_BLOCKED = {
    "at": "create",
    "fault": "status",
    "status": 429,
    "after_calls": 2,
    "error_code": "enforced_spend_limit_reached",
}


@dataclass(frozen=True)
class Fault:
    """A fault of the network, and the words under which it is reported."""

    name: str
    order: dict[str, object]

    @property
    def at(self) -> str:
        return str(self.order["at"])


def network_faults() -> Iterator[Fault]:
    """Each kind of fault at each call that can meet it."""
    for at in ("create", "list", "retrieve", "results", "cancel", "delete", "message"):
        # A GET leaves nothing behind: what fails after it fails before it.
        late = () if at in {"list", "retrieve", "results"} else ("after",)
        for when in ("early", "before", *late):
            for orderly in (False, True):
                order = {"at": at, "fault": "drop", "when": when, "orderly": orderly}
                yield Fault("connection dropped", order)
            # A message that is answered with an error is not billed: nothing comes after it.
            statuses = (408, 409, 429, 500, 502, 503, 504, 529)
            for status in () if (at, when) == ("message", "after") else statuses:
                order = {"at": at, "fault": "status", "when": when, "status": status}
                yield Fault("status 408, 409, 429, 5xx", order)
            yield Fault("a proxy's page", {"at": at, "fault": "html", "when": when})
        for when in ("before", *late):
            yield Fault(
                "slower than we wait", {"at": at, "fault": "slow", "when": when, "seconds": 1.3}
            )
    for at in ("retrieve", "results", "cancel"):
        yield Fault("a passing 404", {"at": at, "fault": "status", "status": 404})
    for status in (400, 413):
        yield Fault("refused", {"at": "create", "fault": "status", "status": status})
    for fault in ("cut", "half_line", "missing", "duplicate", "foreign"):
        order = {"at": "results", "fault": fault, "rows": 1}
        yield Fault(f"rows: {fault.replace('_', ' ')}", order)
    for fault, more in (("cut", {}), ("silence", {"seconds": 1.3}), ("error_event", {})):
        for rows in (0, 1, 4):
            stream: dict[str, object] = {"at": "message", "fault": fault, "rows": rows, **more}
            yield Fault(f"a stream: {fault.replace('_', ' ')}", stream)
    yield Fault("list lags", {"at": "list", "fault": "lag", "seconds": 30, "times": 0})


def one_of_each_kind() -> list[Fault]:
    kinds: dict[tuple[str, str], Fault] = {}
    for fault in network_faults():
        kinds.setdefault((fault.at, fault.name), fault)
    return list(kinds.values())


@dataclass
class Row:
    """One line of the table."""

    times: int = 0
    lost: int = 0
    doubled: int = 0


@dataclass
class StatusCounter:
    """What was tried so far, by stage and fault, and what came of it."""

    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    deaths: int = 0
    worlds: int = 0
    rounds: int = 0
    late: int = 0
    paid_twice: int = 0
    dropped: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, stage: str, fault: str, times: int, found: Books) -> None:
        row = self.rows.setdefault((stage, fault), Row())
        row.times += times
        row.lost += found.lost
        row.doubled += found.doubled


class Torture:
    """Worlds, one after the other, each with its own misfortune; `counter` keeps the score."""

    def __init__(self, world: World, seed: int, say: Callable[[str], object]) -> None:
        self.world = world
        self.random = random.Random(seed)
        self.say = say
        self.counter = StatusCounter()

    def day(
        self,
        orders: Iterable[Order] = (),
        faults: Sequence[dict[str, object]] = (),
        *,
        workers: int = 1,
        naps: Iterator[float] = nursery.NO_NAPS,
        event: Deed | None = None,
        latency: float | None = None,
    ) -> tuple[Counter[str], Books]:
        """One world from its first job to its last: who died of what, and what the books say."""
        world = self.world
        world.reset()
        journeys.found_tenants()
        journeys.be_told(world)
        people.be_mailed(world)
        for fault in faults:
            world.emulator.control("POST", "faults", fault)
        if latency is not None:
            world.emulator.control("POST", "settings", {"latency_base": latency})
        rounds = world.rounds
        try:
            deaths = nursery.outlive(
                world,
                lambda: journeys.live(world, event),
                iter(orders),
                workers=workers,
                naps=naps,
            )
        except nursery.Broken as broken:
            found = Books(lost=1, wrong=[str(broken)])
            deaths = nursery.Deaths()
        else:
            found = books.audit(world)
        self.counter.worlds += 1
        self.counter.dropped += found.dropped
        self.counter.rounds += world.rounds - rounds
        self.counter.deaths += deaths.total
        for wrong in found.wrong:
            self.counter.wrong.append(
                f"{wrong} (deaths: {dict(deaths.by_order)}, faults: {faults})"
            )
            self.say(self.counter.wrong[-1])
        return deaths.by_order, found

    def every_step_once(self, is_over: Callable[[], bool] = lambda: False) -> set[Step]:
        """Die at each step once, many in one world; returns those that were never reached.

        `is_over`: the time is up, though steps are left.
        """
        left, misses = list(DAY), Counter[Step]()
        while left:
            first = left[0]
            orders = [*LEADS_TO.get(first, []), *left]
            deaths, found = self.day(orders, [REFUSED, ACCOUNT_BLOCKED])
            self._score_steps(deaths, found)
            # Missed is what a day began with. What came behind others may just have come too late.
            misses[first] += first not in deaths
            left = [step for step in left if step not in deaths]
            # The next in line was not reached, and kept those behind it from their turn.
            left = left[1:] + left[:1]
            if is_over() or found.wrong or max(misses.values(), default=0) > 2:
                break
        return set(left)

    def walk(self, step: Step, times: int) -> None:
        """Die at one step until it was reached for the `times`-th time, four times in a row."""
        ways = LEADS_TO.get(step, [])
        lives: list[Order] = [f"{step}:{times}", *ways, f"{step}:1", *ways, f"{step}:1"]
        deaths, found = self.day([*ways, *lives], [REFUSED, ACCOUNT_BLOCKED])
        self._score_steps(deaths, found)

    def network(self, faults: Sequence[Fault], *, deaths: int = 0) -> None:
        """Meet these faults, early or late in the day, and perhaps die now and then as well."""
        orders: list[dict[str, object]] = [
            # Late enough to differ, and not so late that no such call comes any more.
            {"after_calls": self.random.randint(0, 1) if number == 0 else 0, **fault.order}
            for number, fault in enumerate(faults)
        ]
        if any(fault.at == "list" for fault in faults):
            # Nobody asks for the list who is not in doubt.
            when = self.random.choice(["before", "after"])
            orders.append({"at": "create", "fault": "drop", "when": when})
        died, found = self.day([self._any_step() for _ in range(deaths)], orders)
        left = self.world.emulator.control("GET", "faults")
        for fault in faults:
            spared = any(fault.order.items() <= order.items() for order in left if order["times"])
            name = f"{fault.name}, with SIGKILL" if died else fault.name
            self.counter.add(fault.at, name, 0 if spared else 1, found)
        self._score_steps(died, found)

    def stranger(self, *steps: Step, deaths: int = 0) -> Counter[str]:
        """A batch that Anthropic never had is mistaken for one that somebody else made.

        `deaths`: at any steps, after those at `steps`.
        """
        orders: list[Order] = [*steps, *(self._any_step() for _ in range(deaths))]
        drop: dict[str, object] = {"at": "create", "fault": "drop"}
        died, found = self.day(orders, [drop], event=journeys.meet_a_stranger)
        self.counter.add("reconcile", "somebody else's batch of the same size", 1, found)
        self._score_steps(died, found)
        return died

    def outage(self, fault: str, deaths: int = 0) -> None:
        """Anthropic cannot be had for an hour, from the first call on."""
        order: dict[str, object] = {"at": "any", "fault": fault, "times": 0}
        hour = journeys.back_after(self.world, timedelta(hours=1))
        died, found = self.day([self._any_step() for _ in range(deaths)], [order], event=hour)
        self.counter.add("all", f"an hour without Anthropic: {fault}", 1, found)
        self._score_steps(died, found)

    def slow(self, *steps: Step, deaths: int = 0) -> Counter[str]:
        """Batches take so long that those with deadlines are canceled; the rest runs at once.

        `deaths`: at any steps, after those at `steps`.
        """
        orders: list[Order] = [*steps, *(self._any_step() for _ in range(deaths))]
        died, found = self.day(orders, latency=400)
        self.counter.add("rescue", "batches that take too long for a deadline", 1, found)
        self._score_steps(died, found)
        return died

    def late(self, *steps: Step) -> Counter[str]:
        """Anthropic's list lags longer than the grace period: where the promise ends."""
        faults: list[dict[str, object]] = [
            {"at": "create", "fault": "drop", "when": "after"},
            {"at": "list", "fault": "lag", "seconds": 150, "times": 0},
        ]
        died, found = self.day(steps, faults, latency=300)
        self.counter.late += 1
        self.counter.paid_twice += found.paid_twice
        self._score_steps(died, found)
        return died

    def mistaken(self, *steps: Step) -> Counter[str]:
        """Given up and not there, while somebody else's batch shows late that looks like it."""
        faults: list[dict[str, object]] = [
            {"at": "create", "fault": "drop"},
            {"at": "list", "fault": "lag", "seconds": 150, "times": 0},
        ]
        died, found = self.day(steps, faults, event=journeys.meet_a_stranger, latency=300)
        self.counter.add("sweep", "somebody else's batch that shows late", 1, found)
        self._score_steps(died, found)
        return died

    def together(self, workers: int, deaths: int) -> None:
        """Several workers do all stages at once, and die at random steps and moments."""
        orders = [self.random.choice([self._any_step, self._any_moment])() for _ in range(deaths)]
        rounds = self.counter.rounds
        died, found = self.day(orders, workers=workers)
        name = f"round of {workers} workers at once" + (", with SIGKILL" if deaths else "")
        self.counter.add("all", name, self.counter.rounds - rounds, found)
        self._score_steps(died, found)

    def naps(self, workers: int, deaths: int = 0) -> None:
        """Several workers, each stopped at any moment, and woken when the others went on."""
        rounds = self.counter.rounds
        naps = (self.random.uniform(0.005, 0.4) for _ in itertools.count())
        orders = [self._any_step() for _ in range(deaths)]
        died, found = self.day(orders, workers=workers, naps=naps)
        name = f"round of {workers} workers that are stopped now and then"
        self.counter.add("all", name, self.counter.rounds - rounds, found)
        self._score_steps(died, found)

    def storm(self, deaths: int) -> None:
        """Be killed from outside at any moment, again and again."""
        died, found = self.day([self._any_moment() for _ in range(deaths)])
        self._score_steps(died, found)

    def _any_step(self) -> Order:
        return f"{self.random.choice(DAY)}:{self.random.choice([1, 1, 2])}"

    def _any_moment(self) -> Order:
        return self.random.uniform(0.005, 0.25)

    def _score_steps(self, deaths: Counter[str], found: Books) -> None:
        for name, times in deaths.items():
            stage, _, _ = name.partition(".")
            if name in set(Step):
                self.counter.add(stage, f"SIGKILL at {name}", times, found)
            else:
                self.counter.add("all", "SIGKILL at any moment", times, found)


def long(torture: Torture, enough: Callable[[], bool], is_over: Callable[[], bool]) -> None:
    """All of it, over and over: until it is enough, or, in the middle of it, the time is over."""
    for times in itertools.count(1):
        for trial in _trials(torture, times):
            trial()
            if is_over():
                return
        if enough():
            return


def _trials(torture: Torture, times: int) -> list[Callable[[], object]]:
    """One of everything; the first time with one fault of each kind, then with all of them."""
    faults = one_of_each_kind() if times == 1 else list(network_faults())
    trials: list[Callable[[], object]] = [
        *(partial(torture.walk, step, (times - 1) % 3 + 1) for step in DAY),
        *(partial(torture.network, [fault], deaths=4 * (n % 3)) for n, fault in enumerate(faults)),
        *(partial(torture.together, workers, deaths=16) for workers in (2, 4) * 5),
        *(partial(torture.together, workers, deaths=0) for workers in (2, 2, 4) * 10),
        *(partial(torture.naps, workers, deaths=4) for workers in (2, 3) * 15),
        *(partial(torture.storm, deaths=30) for _ in range(25)),
        *(partial(torture.stranger, step, deaths=2) for step in STRANGE),
        partial(torture.mistaken, Step.SWEEP_MISTAKEN),
        *(partial(torture.slow, step, deaths=3) for step in SLOW),
        *(partial(torture.outage, fault, deaths=4) for fault in ("drop", "html")),
        *(partial(torture.late, *steps) for steps in ((), LATE, LATE[:1], LATE[1:])),
    ]
    torture.random.shuffle(trials)
    return trials
