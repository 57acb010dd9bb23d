"""Trying inputs: each with a time limit, each failure made small and kept."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from fuzz.targets import Target

#: CPU seconds after which an input counts as hanging. FEEL's step budget ends in two or three.
PATIENCE = 10.0


class Hanging(BaseException):
    """An input took longer than `PATIENCE`; no error of the engine, and none that it could catch."""


@dataclass(frozen=True, slots=True)
class Crash:
    """An input that led to what is not documented. `words` replay it."""

    target: str
    content: bytes
    error: str
    words: str


@dataclass(slots=True)
class Report:
    """What came of some inputs of one target."""

    target: str
    tried: int = 0
    accepted: int = 0
    slowest: float = 0.0
    crashes: list[Crash] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)


def fuzz(target: Target, seed: str, inputs: range, until: float) -> Report:
    """Try the inputs with these numbers until a time (monotonic); of each kind of crash one is kept."""
    report = Report(target.name)
    for number in inputs:
        if time.monotonic() > until:
            break
        content = target.make(Random(f"{seed}/{target.name}/{number}"))
        began = time.process_time()
        error = outcome(target, content)
        report.slowest = max(report.slowest, time.process_time() - began)
        report.tried += 1
        report.accepted += error == ""
        if error is not None and error:
            report.seen[error] += 1
            if report.seen[error] == 1:
                small = minimised(content, lambda part, kind=error: outcome(target, part) == kind)
                words = f"--seed {seed} --first {number} --inputs 1 {target.name}"
                report.crashes.append(Crash(target.name, small, error, words))
    return report


def outcome(target: Target, content: bytes) -> str | None:
    """Return "" when the input is accepted, None when it is refused as documented, else what went wrong."""
    try:
        with _limited():
            target.attempt(content)
    except target.refusals:
        return None
    except Hanging:
        return f"took more than {PATIENCE:.0f} s"
    except Exception as wrong:
        return f"{type(wrong).__name__} at {_place(wrong)}"
    return ""


def minimised(content: bytes, still: Callable[[bytes], bool], tries: int = 600) -> bytes:
    """Cut as much from an input as leaves it failing in the same way."""
    is_text = _decodes(content)
    size = max(1, len(content) // 2)
    while tries > 0:
        for at in range(0, len(content), size):
            smaller = content[:at] + content[at + size :]
            tries -= 1
            if tries <= 0:
                break
            if smaller and (_decodes(smaller) or not is_text) and still(smaller):
                content = smaller
                break
        else:
            if size == 1:
                break
            size = max(1, size // 2)
    return content


def keep(crash: Crash, folder: Path) -> Path:
    """Write a crash's input to a file whose name tells its target, for `--replay`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{crash.target}-{sha256(crash.content).hexdigest()[:12]}"
    path.write_bytes(crash.content)
    return path


def _decodes(content: bytes) -> bool:
    try:
        content.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _place(wrong: BaseException) -> str:
    """The innermost line of the project in which an error arose."""
    trace = wrong.__traceback__
    place = "?"
    depth = 0
    while trace is not None and depth < 2_000:
        code = trace.tb_frame.f_code
        if "/bpmn/" in code.co_filename or "/fuzz/" in code.co_filename:
            place = f"{Path(code.co_filename).name}:{trace.tb_lineno}"
        trace, depth = trace.tb_next, depth + 1
    return place if not isinstance(wrong, RecursionError) else "recursion"


@contextmanager
def _limited() -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise Hanging

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
