"""Run the fuzzer: `python -m fuzz [--inputs N] [--seconds S] [--seed S] [--first N] [TARGET …]`."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from fuzz.run import Report, fuzz, keep, outcome
from fuzz.targets import TARGETS

FOUND = Path(__file__).resolve().parents[2] / ".fuzz"
_CHUNKS = 200


def main() -> None:
    """Try what the command line asks for and tell what came of it; exit code 1 when something crashed."""
    words = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    words.add_argument("targets", nargs="*", metavar="TARGET", help=f"some of {', '.join(TARGETS)}; else all")
    words.add_argument("--inputs", type=int, default=1_000_000, help="how many, shared out over the targets")
    words.add_argument("--seconds", type=float, default=float("inf"), help="stop after this long")
    words.add_argument("--seed", default="1", help="what all inputs derive from")
    words.add_argument("--first", type=int, default=0, help="number of each target's first input")
    words.add_argument("--processes", type=int, default=2, help="how many work side by side")
    words.add_argument(
        "--replay", type=Path, nargs="*", default=[], help="files that were kept, to try again"
    )
    given = words.parse_args()
    unknown = sorted(set(given.targets) - set(TARGETS))
    if unknown:
        words.error(f"there is no target {unknown[0]}; there are {', '.join(TARGETS)}")
    if given.replay:
        sys.exit(_replay(given.replay))
    sys.exit(_run(given))


def _replay(files: list[Path]) -> int:
    failed = 0
    for path in files:
        error = outcome(TARGETS[path.name.partition("-")[0]], path.read_bytes())
        print(f"{path}: {error or 'as documented'}")
        failed += bool(error)
    return min(failed, 1)


def _run(given: argparse.Namespace) -> int:
    began = time.monotonic()
    until = began + given.seconds
    names = given.targets or list(TARGETS)
    whole = sum(TARGETS[name].share for name in names)
    jobs = []
    with ProcessPoolExecutor(given.processes) as pool:
        # Small pieces of each target in turn: a run that time cuts short has tried all of them.
        for chunk in range(_CHUNKS):
            for name in names:
                count = max(1, round(given.inputs * TARGETS[name].share / whole))
                part = range(
                    given.first + count * chunk // _CHUNKS, given.first + count * (chunk + 1) // _CHUNKS
                )
                if part:
                    jobs.append(pool.submit(_job, name, given.seed, part, until))
        reports = []
        for done, job in enumerate(jobs, 1):
            reports.append(job.result())
            if done % (len(jobs) // 20 or 1) == 0:
                print(
                    f"{done / len(jobs):4.0%} {time.monotonic() - began:6.0f} s", file=sys.stderr, flush=True
                )
    return _show(reports, names)


def _job(name: str, seed: str, inputs: range, until: float) -> Report:
    return fuzz(TARGETS[name], seed, inputs, until)


def _show(reports: list[Report], names: list[str]) -> int:
    crashes = {crash.error: crash for report in reports for crash in report.crashes}
    for name in names:
        own = [report for report in reports if report.target == name]
        tried, accepted = sum(each.tried for each in own), sum(each.accepted for each in own)
        slowest = max((each.slowest for each in own), default=0)
        print(f"{name:10} {tried:>9,} inputs, {accepted:>9,} accepted, the slowest took {slowest:.2f} s")
    print(f"{'all':10} {sum(each.tried for each in reports):>9,} inputs, {len(crashes)} kinds of crash")
    for crash in crashes.values():
        times = sum(report.seen[crash.error] for report in reports)
        print(f"\n{crash.target}: {crash.error} ({times} times); again by: {crash.words}")
        print(f"  kept in {keep(crash, FOUND)}: {crash.content[:300]!r}")
    return 1 if crashes else 0


if __name__ == "__main__":
    main()
