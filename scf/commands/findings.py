"""How commands show what the deployment check found."""

from __future__ import annotations

from collections.abc import Sequence

from bpmn import Finding
from scf import console


def show_findings(findings: Sequence[Finding]) -> None:
    """Print each finding with its place and what to do, then how many there are."""
    for finding in findings:
        colour = "red" if finding.severity == "error" else "yellow"
        place = f"{finding.file}#{finding.element}" if finding.element else finding.file
        console.out.print(f"[{colour}]{finding.severity}[/{colour}] {finding.code} at {place}")
        console.out.print(f"  {finding.message} {finding.hint}", markup=False, soft_wrap=True)
    console.out.print("No findings." if not findings else f"{len(findings)} findings.")
