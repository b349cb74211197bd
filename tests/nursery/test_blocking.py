import os
from dataclasses import dataclass
from typing import Any

import structlog
import trio
from support.silence import SILENT

from tipd.nursery.blocking import Detector, Readings, thread_readings


@dataclass
class Machine:
    """A machine whose clocks stand until a step moves them."""

    wall: float = 100.0
    cpu: float = 5.0
    starved: float = 1.0

    def readings(self) -> Readings:
        return Readings(lambda: self.wall, lambda: self.cpu, lambda: self.starved)

    def spend(self, cpu: float = 0.0, starved: float = 0.0, blocked: float = 0.0) -> None:
        self.cpu += cpu
        self.starved += starved
        self.wall += cpu + starved + blocked


def watched(machine: Machine, fn: Any, log: Any = SILENT) -> Detector:
    detector = Detector(log, readings=machine.readings())
    trio.run(fn, instruments=[detector])
    return detector


def test_computing_and_waiting_are_both_blocking_and_told_apart() -> None:
    machine = Machine()

    async def compute() -> None:
        machine.spend(cpu=0.3)
        await trio.lowlevel.checkpoint()

    async def read_a_file() -> None:
        machine.spend(blocked=0.2, cpu=0.01)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(compute, name="the computing task")
            nursery.start_soon(read_a_file, name="the reading task")

    detector = watched(machine, main)
    assert (detector.count, detector.starved, round(detector.worst, 6)) == (2, 0, 0.3)
    seen = {blocked.task: blocked for blocked in detector.recent}
    computing, reading = seen["the computing task"], seen["the reading task"]
    assert (round(computing.took, 6), round(computing.cpu, 6)) == (0.3, 0.3)
    assert (round(reading.took, 6), round(reading.cpu, 6)) == (0.21, 0.01)
    assert "test_blocking:" in computing.until
    assert reading.until == "its end"


def test_a_machine_that_is_busy_elsewhere_is_not_the_tasks_fault() -> None:
    machine = Machine()

    async def main() -> None:
        machine.spend(cpu=0.02, starved=3.0)
        await trio.lowlevel.checkpoint()
        machine.spend(cpu=0.11, starved=0.5)

    detector = watched(machine, main)
    assert (detector.count, detector.starved) == (1, 1)
    assert round(detector.worst, 6) == 0.11
    assert [round(blocked.starved, 6) for blocked in detector.recent] == [3.0, 0.5]


def test_many_short_steps_are_no_long_one() -> None:
    machine = Machine()

    async def main() -> None:
        for _ in range(100):
            machine.spend(cpu=0.09)
            await trio.lowlevel.checkpoint()
        machine.spend(blocked=0.2)

    detector = watched(machine, main)
    assert detector.count == 1
    assert detector.recent[0].cpu < 0.01  # what earlier steps computed is not counted to this one


def test_a_task_is_logged_once_in_a_while_and_always_counted() -> None:
    machine = Machine()

    async def main() -> None:
        for _ in range(30):
            machine.spend(blocked=0.5)
            await trio.lowlevel.checkpoint()

    lines: list[dict[str, Any]] = []

    def keep(_logger: object, _name: str, line: Any) -> str:
        lines.append(line)
        return ""

    log = structlog.wrap_logger(
        structlog.ReturnLogger(), processors=[keep], wrapper_class=structlog.make_filtering_bound_logger(0)
    )
    detector = watched(machine, main, log)
    assert detector.count == 30
    assert len(detector.recent) == 20
    assert len(lines) == 2  # 15 seconds
    assert lines[0]["event"] == "a task blocked the loop"
    assert (lines[0]["took_s"], lines[0]["cpu_s"], lines[0]["starved_s"]) == (0.5, 0.0, 0.0)
    assert "main" in lines[0]["task"]


def test_the_longest_step_there_has_been_is_always_logged() -> None:
    machine = Machine()

    async def main() -> None:
        for cpu in (0.2, 0.15, 0.3):
            machine.spend(cpu=cpu)
            await trio.lowlevel.checkpoint()

    with structlog.testing.capture_logs() as logged:
        watched(machine, main, structlog.get_logger())
    assert [round(entry["took_s"], 2) for entry in logged] == [0.2, 0.3]


def test_a_log_that_breaks_does_not_end_the_watch() -> None:
    machine = Machine()

    class Broken:
        def warning(self, *_: object, **__: object) -> None:
            raise BrokenPipeError

    async def main() -> None:
        for _ in range(3):
            machine.spend(blocked=11)
            await trio.lowlevel.checkpoint()

    assert watched(machine, main, Broken()).count == 3


def test_put_in_while_a_step_runs_it_does_not_judge_that_step() -> None:
    machine = Machine()
    detector = Detector(SILENT, readings=machine.readings())

    async def main() -> None:
        trio.lowlevel.add_instrument(detector)
        machine.spend(blocked=5)
        await trio.lowlevel.checkpoint()

    trio.run(main)
    assert detector.count == 0


def test_the_real_clocks_notice_real_computing() -> None:
    detector = Detector(SILENT, threshold=0.001)
    ticks = thread_readings()

    async def main() -> None:
        end = ticks.cpu() + 0.02
        while ticks.cpu() < end:
            pass

    trio.run(main, instruments=[detector])
    ticks.close()
    worst = max(detector.recent, key=lambda blocked: blocked.cpu)
    assert detector.count >= 1
    assert worst.cpu >= 0.01
    assert worst.took >= worst.cpu
    assert 0 <= worst.starved <= worst.took


def test_a_kernel_that_does_not_say_how_long_it_kept_us_waiting(monkeypatch: Any) -> None:
    def missing(*_: object) -> int:
        raise FileNotFoundError

    monkeypatch.setattr(os, "open", missing)
    readings = thread_readings()
    assert readings.starved() == 0.0
    readings.close()
