"""The pool: hands a function and its argument to a warm worker process and brings the result back.

Error handling: a function that raises, dies, takes too long or too much memory is `WorkerFailed`; the pool goes on with
a new process. Resource handling: a cancelled call kills its process at once; `run` ends idle ones after a minute and
all of them when it is cancelled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import trio

from tipd.errors import WorkerFailed
from tipd.work.process import Process
from tipd.work.wire import Answer, Job

if TYPE_CHECKING:
    from tipd.log import Log

DEFAULT_MEMORY = 512 * 2**20
MAX_JOBS = 200  # then a fresh process: hostile parsing may leak
MAX_RSS = 192 * 2**20  # a process that stayed larger than this after a job is not kept
IDLE_SECONDS = 60.0


class WorkerPool:
    """At most `size` processes at work at once; calls above that wait their turn, first come first served."""

    def __init__(self, size: int, log: Log) -> None:
        """Start nothing yet: processes are spawned when first needed."""
        self._limiter = trio.CapacityLimiter(size)
        self._idle: list[Process] = []
        self._busy: set[Process] = set()
        self._log = log
        self._closed = False

    async def call[T](
        self,
        function: str,
        argument: Any,
        result_type: type[T],
        *,
        deadline: float = 60.0,
        memory: int = DEFAULT_MEMORY,
    ) -> T:
        """Run `function` (`tipd.room.module:name`, one argument) in a worker and return its result.

        `argument` and the result travel as MessagePack (msgspec); `deadline` is in seconds from when a process is
        free, `memory` in bytes over what the idle process has. Raises WorkerFailed.
        """
        job = Job(function, msgspec.msgpack.encode(argument), memory)
        async with self._limiter:
            answer = await self._run(job, deadline)
        if answer.failed:
            raise WorkerFailed(answer.failed, answer.text)
        return msgspec.msgpack.decode(answer.result, type=result_type)

    async def _run(self, job: Job, deadline: float) -> Answer:
        process = self._take()
        self._busy.add(process)
        keep = False
        try:
            with trio.fail_after(deadline):
                answer = await process.call(job)
            keep = process.jobs < MAX_JOBS and answer.rss < MAX_RSS and not self._closed
            return answer
        except trio.TooSlowError:
            raise WorkerFailed("deadline", f"{job.function} took more than {deadline:g} s") from None
        finally:
            self._busy.discard(process)
            if keep:
                process.idle_since = trio.current_time()
                self._idle.append(process)
            else:
                await process.kill()

    def _take(self) -> Process:
        if self._closed:
            raise WorkerFailed("died", "the worker pool is closed")
        while self._idle:
            process = self._idle.pop()
            if process.alive():
                return process
            self._log.warning("an idle worker was gone", pid=process.pid)
        return Process()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """End processes that have been idle for a minute; when cancelled, end all."""
        task_status.started()
        try:
            while True:
                await trio.sleep(IDLE_SECONDS / 4)
                await self._reap_idle(trio.current_time() - IDLE_SECONDS)
        finally:
            await self.close()

    async def _reap_idle(self, before: float) -> None:
        stale = [process for process in self._idle if process.idle_since < before or not process.alive()]
        self._idle = [process for process in self._idle if process not in stale]
        for process in stale:
            await process.kill()

    async def close(self) -> None:
        """Kill every process, at work or idle; later calls fail."""
        self._closed = True
        processes = [*self._idle, *self._busy]
        self._idle.clear()
        for process in processes:
            await process.kill()

    def facts(self) -> dict[str, int]:
        """Return numbers for the status page."""
        return {"idle": len(self._idle), "busy": len(self._busy), "size": int(self._limiter.total_tokens)}
