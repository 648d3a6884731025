"""The order of the data: a function of (seed, epoch), the same on one process and on many, entered anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import Any, Generic, NamedTuple, TypeVar

from torch.utils.data import DataLoader, Dataset, IterableDataset, Sampler

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.fit.processes import Environment
from chromesthesia_training.fit.randomness import Draw, seed_of, seeded, set_seed

T = TypeVar("T")


class Ticket(NamedTuple):
    """An item of the data set, and the seed of what is random in it this time."""

    index: Any
    seed: int


class SeededItems(Dataset[T], Generic[T]):
    """Items of `dataset` asked for by ticket: what is random in one follows from its place in the epoch."""

    def __init__(self, dataset: Dataset[T]) -> None:
        self.dataset = dataset

    def __getitem__(self, ticket: Ticket) -> T:
        set_seed(ticket.seed)
        return self.dataset[ticket.index]

    def __getitems__(self, tickets: list[Ticket]) -> list[T]:
        several = getattr(self.dataset, "__getitems__", None)
        if several is None:
            return [self[ticket] for ticket in tickets]
        set_seed(tickets[0].seed)
        items: list[T] = several([ticket.index for ticket in tickets])
        return items

    def __len__(self) -> int:
        assert isinstance(self.dataset, Sized)
        return len(self.dataset)


class EpochOrder:
    """Which epoch it is, and how much of a resumed one is done. Lightning moves the epoch on."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.epoch = 0
        self._resumed_epoch, self._batches_done = 0, 0

    def begin_at(self, epoch: int, batches_done: int) -> None:
        """The next pass is over epoch `epoch`, without its first `batches_done` batches."""
        self.epoch = epoch
        self._resumed_epoch, self._batches_done = epoch, batches_done

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    @property
    def done(self) -> int:
        """Batches of the present epoch that an interrupted run has taken already."""
        return self._batches_done if self.epoch == self._resumed_epoch else 0


class EpochBatches(EpochOrder, Sampler[list[Ticket]]):
    """Batches of `inner` in the order of (seed, epoch), split between processes.

    A batch that does not split evenly is filled up with its first items, so that every process has as many.
    """

    def __init__(self, inner: Iterable[list[Any]], seed: int, here: Environment) -> None:
        super().__init__(seed)
        self.inner = inner
        self.here = here

    @property
    def sampler(self) -> EpochBatches:
        """Where Lightning looks for `set_epoch`."""
        return self

    def __iter__(self) -> Iterator[list[Ticket]]:
        epoch = self.epoch
        order_seed = seed_of(self.seed, Draw.ORDER, epoch)
        for source in (self.inner, getattr(self.inner, "sampler", None)):
            generator = getattr(source, "generator", None)
            if generator is not None:
                generator.manual_seed(order_seed)
            if callable(move := getattr(source, "set_epoch", None)):
                move(epoch)
        with seeded(order_seed):
            batches = list(self.inner)
        for number, batch in enumerate(batches[self.done :], start=self.done):
            tickets = [
                Ticket(index, seed_of(self.seed, Draw.ITEM, epoch, number, position))
                for position, index in enumerate(batch)
            ]
            missing = -len(tickets) % self.here.world
            while len(tickets) % self.here.world:
                tickets.extend(tickets[:missing])
                missing = -len(tickets) % self.here.world
            yield tickets[self.here.rank :: self.here.world]

    def __len__(self) -> int:
        assert isinstance(self.inner, Sized)
        return len(self.inner)


class SeededStream(EpochOrder):
    """Any iterable of batches; what is random in a batch follows from its place. A resumed epoch is read from its
    beginning and what was trained on is let go."""

    def __init__(self, inner: Iterable[Any], seed: int) -> None:
        super().__init__(seed)
        self.inner = inner

    @property
    def sampler(self) -> SeededStream:
        """Where Lightning looks for `set_epoch`."""
        return self

    def __iter__(self) -> Iterator[Any]:
        epoch = self.epoch
        if callable(move := getattr(self.inner, "set_epoch", None)):
            move(epoch)
        set_seed(seed_of(self.seed, Draw.ORDER, epoch))
        batches = iter(self.inner)
        number = 0
        while True:
            set_seed(seed_of(self.seed, Draw.ITEM, epoch, number))
            try:
                batch = next(batches)
            except StopIteration:
                return
            if number >= self.done:
                yield batch
            number += 1


class SizedStream(SeededStream):
    """A stream whose number of batches is known."""

    def __len__(self) -> int:
        assert isinstance(self.inner, Sized)
        return len(self.inner)


class StepNumbers:
    """Numbers of training steps from 0, `each_epoch` an epoch, for a module that draws its own batches.

    Under torchrun every process is given every number, and draws what no other does.
    """

    def __init__(self, each_epoch: int) -> None:
        self.each_epoch = each_epoch
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def __len__(self) -> int:
        return self.each_epoch

    def __iter__(self) -> Iterator[int]:
        first = self._epoch * self.each_epoch
        return iter(range(first, first + self.each_epoch))


def ordered(loader: Any, seed: int, here: Environment) -> tuple[Any, EpochOrder]:
    """The loader in reproducible order, and the handle that moves it.

    A DataLoader over a data set with indices keeps its batches, workers and collation; other iterables are read as
    they are, on one process, `StepNumbers` on any number.

    Raises:
        TrainingError: an iterator that can be read once only, no batches, or a stream on several processes.
    """
    if isinstance(loader, DataLoader) and not isinstance(loader.dataset, IterableDataset):
        if loader.batch_sampler is None:
            raise TrainingError("the training loader makes no batches", "give its DataLoader a batch_size")
        batches = EpochBatches(loader.batch_sampler, seed, here)
        if len(batches) == 0:
            raise TrainingError(
                "the training loader has no batches",
                "take a smaller batch_size, more data, or drop_last=False",
            )
        workers: dict[str, Any] = {}
        if loader.num_workers:
            workers = {
                "num_workers": loader.num_workers,
                "prefetch_factor": loader.prefetch_factor,
                "worker_init_fn": loader.worker_init_fn,
                "multiprocessing_context": loader.multiprocessing_context,
                "timeout": loader.timeout,
            }
        remade: DataLoader[Any] = DataLoader(
            SeededItems(loader.dataset),
            batch_sampler=batches,
            collate_fn=loader.collate_fn,
            pin_memory=loader.pin_memory,
            **workers,
        )
        return remade, batches
    if here.world > 1 and not isinstance(loader, StepNumbers):
        raise TrainingError(
            f"a {type(loader).__name__} cannot be split between {here.world} processes",
            "give a DataLoader over a data set with indices, or train on one process",
        )
    if isinstance(loader, Iterator):
        raise TrainingError(
            "the training loader can be read once only", "give a DataLoader, a list or a class with __iter__"
        )
    try:
        length = len(loader)
    except TypeError:
        stream = SeededStream(loader, seed)
        return stream, stream
    if length == 0:
        raise TrainingError("the training loader has no batches", "take a smaller batch, or more data")
    sized = SizedStream(loader, seed)
    return sized, sized
