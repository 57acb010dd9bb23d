"""The command line `scf-proof`: what an auditor checks without the platform, its database and its network.

Verdicts go to stdout, notes and errors to stderr. Exit codes are those of `scf`: 0 it holds, 2 wrong usage,
3 not found, 5 not proven or not in its form, 6 findings.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from proof.checkpoint import NoteKey
from proof.errors import ProofError
from proof.policy import Policy
from proof.verdict import Verdict, printable, rows
from proof.verdicts import bundle_verdict, disclosure_verdict, folder_verdict, proof_verdict

EXIT_NOT_FOUND = 3
EXIT_INVALID = 5
EXIT_FINDINGS = 6


def main() -> None:
    """Run the command line."""
    sys.exit(run(sys.argv[1:]))


def run(words: Sequence[str]) -> int:
    """Run one command, and return its exit code."""
    options = _parser().parse_args(words)
    try:
        verdict = _verdict(options)
    except OSError as error:
        _tell("file.unreadable", f"It cannot be read: {error.strerror}.", where=str(error.filename))
        return EXIT_NOT_FOUND
    except ProofError as error:
        _tell(error.code, error.message, where=error.where, hint=error.hint)
        return EXIT_INVALID
    if options.json:
        print(json.dumps(verdict.as_json(), indent=2))
    else:
        _show(verdict)
    return 0 if verdict.holds else EXIT_FINDINGS


def _verdict(options: Namespace) -> Verdict:
    path: Path = options.path
    policy = Policy.parse(options.policy.read_bytes()) if options.policy else None
    match options.command:
        case "verify-bundle":
            return bundle_verdict(path.read_bytes(), log_key=options.log_key, policy=policy)
        case "verify-proof":
            return proof_verdict(path.read_bytes(), log_key=options.log_key, policy=policy)
        case "verify-disclosure":
            return disclosure_verdict(path.read_bytes().strip(), log_key=options.log_key)
        case _:
            path.stat()  # a folder that is not there is no empty log
            proven = options.case_proof.read_bytes() if options.case_proof else None
            return folder_verdict(
                path,
                NoteKey.parse(options.log_key),
                policy=policy,
                trusted_keys=options.entry_key,
                case_proof=proven,
            )


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="scf-proof", description="Check offline what a platform hands out.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    key_help = "The log's public key as you know it (name+hash+key)."
    for name, about in (
        ("verify-bundle", "Check an audit bundle: signatures, proofs, payloads; the case is not run again."),
        ("verify-proof", "Check the proof of an entry, a case, or a claim."),
        ("verify-export", "Recompute a log from the entries in a folder."),
        ("verify-disclosure", "Check opened fields of an entry, and show them."),
    ):
        command = commands.add_parser(name, help=about, description=about)
        of_folder = name == "verify-export"
        command.add_argument("path", type=Path, metavar="FOLDER" if of_folder else "FILE")
        command.add_argument("--log-key", metavar="KEY", required=of_folder, help=key_help)
        command.add_argument("--json", action="store_true", help="Write JSON to stdout.")
        if name == "verify-disclosure":
            command.set_defaults(policy=None)
        else:
            command.add_argument(
                "--policy", type=Path, metavar="FILE", help="A witness policy whose quorum must hold."
            )
        if of_folder:
            command.add_argument(
                "--entry-key",
                action="append",
                default=[],
                metavar="ID",
                help="The id of a key you know.",
            )
            command.add_argument(
                "--case-proof", type=Path, metavar="FILE", help="Tell whether it holds all of its case."
            )
    return parser


def _show(verdict: Verdict) -> None:
    print(verdict.headline)
    told = list(rows(verdict.facts))
    width = max(len(name) for name, _ in told)
    for name, value in told:
        print(f"{name:{width}}  {value}")
    for finding in verdict.findings:
        print(printable(f"{finding.code} {finding.where}: {finding.message}"))
    for note in verdict.notes:
        print(note, file=sys.stderr)


def _tell(code: str, message: str, *, where: str | None = None, hint: str | None = None) -> None:
    print(f"Error {code}", printable(f"  {message}"), sep="\n", file=sys.stderr)
    for name, text in (("at", where), ("do", hint)):
        if text:
            print(printable(f"  {name}   {text}"), file=sys.stderr)
