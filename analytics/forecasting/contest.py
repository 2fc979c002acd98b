"""The slow models on as many series as a time limit allows, the same series for each of them."""

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Final

import numpy as np

from analytics.forecasting.classics import Task, filled
from analytics.forecasting.scoring import Answer, Score, naive_error
from analytics.forecasting.shapes import Matrix
from analytics.forecasting.single import ENSEMBLE
from analytics.forecasting.table import Series
from analytics.forecasting.worker import Failed, Worker

WARM_UP_SECONDS: Final = 180.0  # to import and compile; not counted
TASK_SHARE: Final = 0.2  # of the time limit: a single fit that takes longer is ended
MOST_FAILURES: Final = 3  # series without an answer, before a model is given up
PROCESSES: Final = min(os.cpu_count() or 1, 2)


class Contest:
    """Tries `models` from every origin on one series after the other, in a random order that is always the same."""

    def __init__(
        self,
        series: Series,
        horizon: int,
        period: int,
        lengths: Sequence[int],
        models: Sequence[str],
        seconds: float,
        told: Callable[[str], None],
    ) -> None:
        self.series, self.horizon, self.period, self.lengths = series, horizon, period, lengths
        self.models, self.limit, self.told = list(models), seconds, told
        self.found: dict[int, dict[str, list[Matrix]]] = {}
        self.seconds = dict.fromkeys(models, 0.0)
        self.given_up: dict[str, str] = {}
        self._failures = dict.fromkeys(models, 0)
        self._lock = threading.Lock()
        self._deadline = 0.0

    def run(self, *, with_ensemble: bool) -> Iterator[tuple[str, Score]]:
        """The score of each model that answered, and of their median."""
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        for index in np.random.default_rng(0).permutation(self.series.values.shape[1]).tolist():
            waiting.put(index)
        threads = [threading.Thread(target=self._work, args=(waiting,)) for _ in range(PROCESSES)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for name, reason in self.given_up.items():
            self.told(f"{name} was given up: {reason}.")
        ready = [name for name in self.models if name not in self.given_up]
        complete = [index for index, answers in sorted(self.found.items()) if all(name in answers for name in ready)]
        if not ready or not complete:
            self.told("No slow model was ready in time.")
            return
        self.told(f"The slow models were judged on {len(complete):,} series.")
        for name in ready:
            yield name, self._score(complete, [name])
        if with_ensemble:
            yield ENSEMBLE, self._score(complete, ready)

    def _work(self, waiting: "queue.SimpleQueue[int]") -> None:
        with Worker() as worker:
            self._warm_up(worker)
            with self._lock:
                self._deadline = self._deadline or time.monotonic() + self.limit
            while time.monotonic() < self._deadline:
                try:
                    index = waiting.get_nowait()
                except queue.Empty:
                    return
                self._try(worker, index)

    def _warm_up(self, worker: Worker) -> None:
        steps = np.arange(60.0)
        task = Task(2 + np.sin(steps) + steps % 7, self.series.start, 86_400.0, 2, 7)
        for name in self.models:
            try:
                worker.run(name, task, WARM_UP_SECONDS)
            except Failed as error:
                with self._lock:
                    self.given_up[name] = str(error)

    def _try(self, worker: Worker, index: int) -> None:
        answers: dict[str, list[Matrix]] = {}
        for name in self.models:
            if name in self.given_up:
                continue
            began = time.monotonic()
            try:
                made = [worker.run(name, task, self._share()) for task in self._tasks(index)]
            except Failed as error:
                self._failed(name, str(error))
                continue
            answers[name] = made
            with self._lock:
                self.seconds[name] += time.monotonic() - began
        with self._lock:
            self.found[index] = answers

    def _failed(self, name: str, reason: str) -> None:
        if time.monotonic() >= self._deadline:
            return  # there was no time left, whatever it said
        with self._lock:
            self._failures[name] += 1
            if self._failures[name] >= min(MOST_FAILURES, self.series.values.shape[1]):
                self.given_up[name] = reason

    def _share(self) -> float:
        """Until the deadline, and a while longer for what has begun; but no fit takes it all."""
        share = self.limit * TASK_SHARE
        return min(share, self._deadline + share - time.monotonic())

    def _tasks(self, index: int) -> Iterator[Task]:
        step = self.series.step_seconds
        for at in self.lengths:
            history = self.series.values[:at, index]
            known = np.isfinite(history)
            begun = int(known.argmax()) if known.any() else 0
            start = self.series.start + timedelta(seconds=step * begun)
            values = filled(history[begun:], self.period)
            yield Task(values, start, step, self.horizon, self.period, self.series.day)

    def _score(self, complete: Sequence[int], names: Sequence[str]) -> Score:
        """Of the median of these models."""
        score = Score(seconds=sum(self.seconds[name] for name in names))
        for place, at in enumerate(self.lengths):
            said = [np.stack([self.found[index][name][place] for index in complete], axis=1) for name in names]
            bands = np.median(np.stack(said), axis=0).astype(np.float32)
            history = self.series.values[:at, list(complete)].T
            came = self.series.values[at : at + self.horizon, list(complete)].T
            score.add(Answer.of_bands(bands), came, naive_error(history, self.period))
        return score
