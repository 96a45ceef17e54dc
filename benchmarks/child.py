"""One measurement in a process of its own, so that it shares neither memory nor warm caches with another.

`measure` starts `python -m benchmarks.child TASK ARGUMENTS WARM ANSWER`, where arguments and answer are JSON.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.machine import peak_mib

ROOT = Path(__file__).resolve().parents[1]
Answer = dict[str, Any]


def measure(task: str, timeout_s: float, *, warm: bool = True, **arguments: Any) -> Answer:
    """Run a task of `benchmarks.tasks` in a child process.

    Parameters
    ----------
    warm : load every compiled loop before the task, so that its time is not the installation's.

    Returns
    -------
    dict
        What the task returned, ``seconds`` among it, and ``peak_mib``; or ``failed`` with a word on why.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, "-m", "benchmarks.child", task, json.dumps(arguments), str(int(warm)), str(answer)]
        try:
            ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout_s, check=False)
        except subprocess.TimeoutExpired:
            return {"failed": f"over {timeout_s:.0f} s"}
        if ran.returncode != 0 or not answer.exists():
            return {"failed": (ran.stderr.strip().splitlines() or [f"exit status {ran.returncode}"])[-1]}
        made: Answer = json.loads(answer.read_text(encoding="utf-8"))
        return made


def measure_again(task: str, times: int, timeout_s: float, *, warm: bool = True, **arguments: Any) -> Answer:
    """Run a task several times and return the answer of the median time, with the median memory."""
    answers = [measure(task, timeout_s, warm=warm, **arguments) for _ in range(times)]
    good = sorted((one for one in answers if "failed" not in one), key=lambda one: float(one["seconds"]))
    if not good:
        return answers[0]
    return good[len(good) // 2] | {"peak_mib": statistics.median(one["peak_mib"] for one in good), "runs": len(good)}


def main() -> None:
    """Run the task that the command line names."""
    from benchmarks.tasks import TASKS, warm_up

    task, arguments, warm, answer = sys.argv[1:]
    if int(warm):
        warm_up()
    made = TASKS[task](**json.loads(arguments))
    Path(answer).write_text(json.dumps(made | {"peak_mib": peak_mib()}), encoding="utf-8")


if __name__ == "__main__":
    main()
