"""Witness policies: which logs and witnesses one trusts, and how many of them must have signed.

The text form is C2SP tlog-policy (https://c2sp.org/tlog-policy), as sigsum, torchwood and Tessera read it:

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> all|any|<k> <name>...
    quorum <name>|none

Lines may be empty, or comments that begin with `#`. A name is defined before it is used, and is a member of
at most one group, so that a witness counts once. Names, URLs and comments may hold any bytes but control
characters; they are kept as they are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from proof.checkpoint import NoteKey
from proof.cosignature import WitnessKey
from proof.errors import NotCanonical, NotProven

_ALLOWED = re.compile(rb"[\t\n\x20-\x7e\x80-\xff]*")
_SPACES = re.compile(r"[ \t]+")
_THRESHOLD = re.compile(r"[1-9][0-9]{0,4}")
_NONE = "none"

_Key = TypeVar("_Key", bound=NoteKey)


@dataclass(frozen=True, slots=True)
class Log:
    """A log whose checkpoints are accepted; its key's name is the log's name."""

    key: NoteKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness; `url` is where it takes checkpoints (its submission prefix), if that is told."""

    name: str
    key: WitnessKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """So many of its members, which are witnesses and groups, must have signed."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """What makes a checkpoint acceptable.

    Attributes:
        logs: The logs that are trusted; empty when they are known from elsewhere.
        witnesses: The known witnesses, in the order of their lines.
        groups: The groups; each uses only names before it.
        quorum: The witness or group that must have signed; None when none need have.
    """

    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    quorum: str | None

    @classmethod
    def parse(cls, content: bytes) -> Policy:
        """Read the text form.

        Raises:
            NotCanonical: `policy.bytes`, `policy.line`, `policy.key`, `policy.name` or `policy.quorum`, each
                with its line.
        """
        if not _ALLOWED.fullmatch(content):
            raise NotCanonical("policy.bytes", "A policy holds no control characters but tab and line feed.")
        reader = _Reader()
        for number, line in enumerate(content.decode("utf-8", "surrogateescape").split("\n"), 1):
            words = _SPACES.split(line.strip(" \t"))
            if words[0] and not words[0].startswith("#"):
                reader.read(words, f"line {number}")
        if not reader.has_quorum:
            raise NotCanonical("policy.quorum", "A policy has one line that begins with quorum.")
        return cls(tuple(reader.logs), tuple(reader.witnesses), tuple(reader.groups), reader.quorum)

    def accepts_log(self, log_key: str) -> bool:
        """Tell whether the policy trusts this log; one that names no logs leaves that to its reader."""
        return not self.logs or any(str(log.key) == log_key for log in self.logs)

    def holds(self, signed: Collection[str]) -> bool:
        """Tell whether the quorum holds when the witnesses with these keys (name+hash+key) signed."""
        if self.quorum is None:
            return True
        held = {witness.name for witness in self.witnesses if str(witness.key) in signed}
        for group in self.groups:
            if sum(member in held for member in group.members) >= group.threshold:
                held.add(group.name)
        return self.quorum in held

    def require(self, signed: Collection[str]) -> None:
        """Refuse when the quorum does not hold.

        Raises:
            NotProven: `policy.quorum_missing`.
        """
        if not self.holds(signed):
            there = [witness.name for witness in self.witnesses if str(witness.key) in signed]
            names = ascii(", ".join(there)) if there else "no known witness"
            raise NotProven(
                "policy.quorum_missing",
                f"The quorum {self.quorum!a} is not reached: signed by {names}.",
                hint="Ask for a proof against a checkpoint that more witnesses signed.",
            )


@dataclass(slots=True)
class _Reader:
    logs: list[Log] = field(default_factory=list)
    witnesses: list[Witness] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    quorum: str | None = None
    has_quorum: bool = False
    _names: set[str] = field(default_factory=set)
    _members: set[str] = field(default_factory=set)

    def read(self, words: Sequence[str], where: str) -> None:
        match words:
            case ["log", vkey, *rest] if len(rest) <= 1:
                self._log(vkey, rest, where)
            case ["witness", name, vkey, *rest] if len(rest) <= 1:
                self._witness(name, vkey, rest, where)
            case ["group", name, threshold, *members] if members:
                self._group(name, threshold, members, where)
            case ["quorum", name]:
                self._quorum(name, where)
            case _:
                raise NotCanonical(
                    "policy.line",
                    f"This is no whole line of a policy: {' '.join(words)!a}.",
                    where=where,
                    hint="log KEY [URL], witness NAME KEY [URL], group NAME all|any|K NAME..., quorum NAME",
                )

    def _log(self, vkey: str, url: Sequence[str], where: str) -> None:
        key = _key(NoteKey, vkey, where)
        _require_new(key, [log.key for log in self.logs], where)
        self.logs.append(Log(key, *url))

    def _witness(self, name: str, vkey: str, url: Sequence[str], where: str) -> None:
        key = _key(WitnessKey, vkey, where)
        _require_new(key, [witness.key for witness in self.witnesses], where)
        self._define(name, where)
        self.witnesses.append(Witness(name, key, *url))

    def _group(self, name: str, threshold: str, members: Sequence[str], where: str) -> None:
        for member in members:
            if member not in self._names:
                raise _wrong_name(member, "is not defined before this line", where)
            if member in self._members:
                raise _wrong_name(member, "is a member already; a witness counts in one way only", where)
            self._members.add(member)
        self._define(name, where)
        self.groups.append(Group(name, _needed(threshold, len(members), where), tuple(members)))

    def _quorum(self, name: str, where: str) -> None:
        if self.has_quorum:
            raise NotCanonical("policy.quorum", "A policy has one quorum.", where=where)
        if name != _NONE and name not in self._names:
            raise _wrong_name(name, "is not defined before this line", where)
        self.quorum, self.has_quorum = None if name == _NONE else name, True

    def _define(self, name: str, where: str) -> None:
        if name == _NONE or name in self._names:
            raise _wrong_name(name, "cannot be defined: it is taken", where)
        self._names.add(name)


def _key(kind: type[_Key], text: str, where: str) -> _Key:
    try:
        return kind.parse(text)
    except NotCanonical as error:
        raise NotCanonical("policy.key", error.message, where=where, hint=error.hint) from None


def _require_new(key: NoteKey, known: Sequence[NoteKey], where: str) -> None:
    if any(other.public == key.public for other in known):
        raise NotCanonical("policy.key", "The same public key stands in two lines.", where=where)


def _needed(threshold: str, members: int, where: str) -> int:
    if threshold in ("any", "all"):
        return 1 if threshold == "any" else members
    if not _THRESHOLD.fullmatch(threshold) or int(threshold) > members:
        raise NotCanonical(
            "policy.line", f"A group of {members} needs all, any, or 1 to {members} of them.", where=where
        )
    return int(threshold)


def _wrong_name(name: str, problem: str, where: str) -> NotCanonical:
    return NotCanonical("policy.name", f"The name {name!a} {problem}.", where=where)
