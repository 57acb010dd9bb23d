"""The audit bundle of a case: one file that holds all its entries with their proofs, and verifies offline.

A zip archive that has exactly one form for its content (files stored, in the order of their names, all of one
time), so that writing what was read again gives the same bytes, and a changed byte is found wherever it is:

    bundle.json               canonical JSON: format, stream of the case, key of the process
    checkpoint.txt            the checkpoint, a signed note (C2SP tlog-checkpoint), with its cosignatures
    keys.json                 canonical JSON: the keys of the log, of the entries, and of the cosignatures
    model/FILE                the sources of the process model, as the analyst wrote them
    earlier/HASH/FILE         those of each model that the case ran on before it was migrated, under its hash
    case/000001/envelope      an entry of the case, as the log holds it: body, line feed, signature
    case/000001/inclusion.json    its index and its path to the checkpoint's root
    case/000001/events.json   its element steps, canonical JSON, when they are disclosed
    case/000001/salts.json    the salts that open its commitments, by field, when they are disclosed
    case/000001/payload/FIELD     what those fields committed to
    history/000001/…          the same of the stream that holds Temporal's history of the case

What is left out (after an erasure: all payloads) is counted as not disclosed. The keys in the file make it
complete, not trustworthy: compare the log's key with the one that you know, or hand that to `check`.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from proof import canonical, merkle
from proof.canonical import Json
from proof.checkpoint import Checkpoint, NoteKey, decode_base64, encode_base64
from proof.cosignature import WitnessKey, open_cosigned
from proof.entry import Body, Envelope
from proof.entry_proof import witness_keys_in
from proof.errors import NotCanonical, NotProven, ProofError
from proof.hashes import HASH_SIZE, commitment, event_leaf
from proof.policy import Policy
from proof.signatures import BACKENDS, Backend, PublicKey

FORMAT = "scf-audit-bundle/1"
# The payload of a history's entry: a JSON array of the histories of the workflow's runs, the first one first.
HISTORY_FIELD = "runs"

_PARTS = ("case", "history")
_NUMBERED = re.compile(r"(case|history)/([0-9]{6})/(.+)")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
_EARLIER = re.compile(r"earlier/([0-9a-f]{64})/(.+)")
_MODEL_FILE = re.compile(r"[^/\\\x00-\x1f.][^/\\\x00-\x1f]{0,199}")
_LONGEST_PATH = 64


@dataclass(frozen=True, slots=True)
class Opening:
    """A payload with the salt of its commitment."""

    salt: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class BundleEntry:
    """An entry with its inclusion proof and what of it is disclosed; `events` is canonical JSON."""

    envelope: Envelope
    index: int
    path: tuple[bytes, ...]
    events: bytes | None = None
    openings: Mapping[str, Opening] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle holds.

    Attributes:
        case_stream: The stream of the case in the log.
        process: The key by which the sources of the model compile; checked by whoever compiles them.
        checkpoint: A signed note over size and root of the log.
        log_key: The log's note key.
        entry_keys: The keys that signed the entries, each a SubjectPublicKeyInfo.
        witness_keys: The note keys of the checkpoint's cosignatures, in their order.
        model: The sources of the model by file name; of a migrated case of the one that it ran on last.
        case: The entries of the case, from the first on.
        history: The entries that commit to Temporal's history of the case.
        earlier: The sources of the models that a migrated case ran on before, by hash and file name; that
            they have these hashes is checked by whoever compiles them.
    """

    case_stream: str
    process: str
    checkpoint: str
    log_key: str
    entry_keys: tuple[bytes, ...]
    model: Mapping[str, bytes]
    case: tuple[BundleEntry, ...]
    history: tuple[BundleEntry, ...] = ()
    earlier: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    witness_keys: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """Return the file's bytes.

        Raises:
            NotCanonical: `bundle.name` when a name is none that a file may have.
        """
        files = dict(self._files())
        for name in files:
            _require_name(name)
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
            for name in sorted(files):
                info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                info.create_system = 3  # else it would tell the machine that wrote it
                info.external_attr = 0o644 << 16
                archive.writestr(info, files[name])
        return written.getvalue()

    @classmethod
    def decode(cls, data: bytes) -> Bundle:
        """Read a file; one that is not written in its one form is refused.

        Raises:
            NotCanonical: `bundle.container`, `bundle.files` or `bundle.name`, and what its parts raise.
        """
        bundle = _read(_unpack(data))
        if bundle.encode() != data:
            raise NotCanonical("bundle.container", "The file is not the one form of its content.")
        return bundle

    def _files(self) -> Iterator[tuple[str, bytes]]:
        yield (
            "bundle.json",
            canonical.encode({"format": FORMAT, "case": self.case_stream, "process": self.process}),
        )
        yield "checkpoint.txt", self.checkpoint.encode()
        keys: dict[str, Json] = {
            "log": self.log_key,
            "entries": [encode_base64(key) for key in self.entry_keys],
        }
        if self.witness_keys:
            keys["witness_keys"] = list(self.witness_keys)
        yield "keys.json", canonical.encode(keys)
        for name, source in self.model.items():
            yield f"model/{name}", source
        for model_hash, sources in self.earlier.items():
            yield from ((f"earlier/{model_hash}/{name}", source) for name, source in sources.items())
        for part, entries in zip(_PARTS, (self.case, self.history), strict=True):
            for number, entry in enumerate(entries, 1):
                yield from ((f"{part}/{number:06}/{name}", content) for name, content in _entry_files(entry))


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a bundle that is not as it must be: a stable code, the file, and what was found."""

    code: str
    where: str
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking a bundle found.

    Attributes:
        findings: What is wrong.
        checkpoint: What the entries are proven against; None when no key opens it.
        bodies: What the case's entries say, as far as they can be read.
        withheld: How many commitments and lists of element steps are not disclosed.
        pinned: True when the caller gave the log's key, or a policy that names it; else the file's own was
            used.
    """

    findings: tuple[Finding, ...]
    checkpoint: Checkpoint | None
    bodies: tuple[Body, ...]
    withheld: int
    pinned: bool


def check(
    bundle: Bundle,
    *,
    log_key: str | None = None,
    policy: Policy | None = None,
    backends: Sequence[Backend] = BACKENDS,
) -> Checked:
    """Recompute all that needs no process model.

    Checked are: the checkpoint's signatures; each entry's form, its place in its stream without gaps, its
    signature with each library, and its inclusion; each opened commitment and the root of each disclosed list
    of element steps.

    Args:
        bundle: What `Bundle.decode` read.
        log_key: The log's note key as you know it, from elsewhere than the file.
        policy: Whose signatures the checkpoint must carry; witnesses that it does not name do not count.
        backends: The libraries that check each signature.
    """
    checker = _Checker(bundle, backends)
    checker.check(log_key)
    if policy is not None:
        checker.check_policy(policy)
    return Checked(
        findings=tuple(checker.findings),
        checkpoint=checker.checkpoint,
        bodies=tuple(checker.bodies["case"]),
        withheld=checker.withheld,
        pinned=log_key is not None or (policy is not None and bool(policy.logs)),
    )


class _Checker:
    def __init__(self, bundle: Bundle, backends: Sequence[Backend]) -> None:
        self.findings: list[Finding] = []
        self.checkpoint: Checkpoint | None = None
        self.bodies: dict[str, list[Body]] = {part: [] for part in _PARTS}
        self.withheld = 0
        self._bundle = bundle
        self._backends = backends
        self._keys: dict[str, PublicKey] = {}
        self._used: set[str] = set()

    def check(self, log_key: str | None) -> None:
        bundle = self._bundle
        if log_key not in (None, bundle.log_key):
            self._add("bundle.log_key", "keys.json", "The log's key is another one than the one given.")
        try:
            witnesses = [WitnessKey.parse(key) for key in bundle.witness_keys]
            self.checkpoint = open_cosigned(
                bundle.checkpoint, NoteKey.parse(bundle.log_key), witnesses
            ).checkpoint
        except ProofError as error:
            self._add(error.code, "checkpoint.txt", error.message)
        for der in bundle.entry_keys:
            try:
                key = PublicKey(der)
                self._keys[key.key_id] = key
            except ProofError as error:
                self._add(error.code, "keys.json", error.message)
        if not bundle.case:
            self._add("bundle.stream", "case", "There is no entry of the case.")
        self._stream("case", bundle.case_stream, bundle.case)
        self._stream("history", history_stream(bundle.case_stream), bundle.history)
        for key_id in sorted(self._keys.keys() - self._used):
            self._add("bundle.key_unused", "keys.json", f"The key {key_id} signed none of the entries.")

    def check_policy(self, policy: Policy) -> None:
        if not policy.accepts_log(self._bundle.log_key):
            self._add("bundle.log_key", "keys.json", "The policy does not trust the log's key.")
        try:
            policy.require(self._bundle.witness_keys)
        except NotProven as error:
            self._add(error.code, "checkpoint.txt", error.message)

    def _stream(self, part: str, stream: str, entries: Iterable[BundleEntry]) -> None:
        parents: tuple[str, ...] = ()
        for number, entry in enumerate(entries, 1):
            where = f"{part}/{number:06}"
            try:
                body = Body.decode(entry.envelope.body)
            except ProofError as error:
                self._add(error.code, where, error.message)
            else:
                self.bodies[part].append(body)
                if (body.stream, body.seq, body.parents) != (stream, number, parents):
                    self._add(
                        "bundle.stream", where, f"It is not entry {number} of {stream}, after the one before."
                    )
                self._signature(entry, body, where)
                self._inclusion(entry, body, where)
                self._events(entry, body, where)
                self._openings(entry, body, where)
            parents = (entry.envelope.leaf.hex(),)

    def _signature(self, entry: BundleEntry, body: Body, where: str) -> None:
        key = self._keys.get(body.key_id)
        if key is None:
            self._add("bundle.key", where, f"It is signed with the key {body.key_id}, which is not here.")
            return
        self._used.add(body.key_id)
        for backend in self._backends:
            try:
                entry.envelope.verify(key, backend)
            except ProofError as error:
                self._add(error.code, where, f"{error.message} ({backend})")

    def _inclusion(self, entry: BundleEntry, body: Body, where: str) -> None:
        checkpoint = self.checkpoint
        if checkpoint is None:
            return
        if body.origin != checkpoint.origin:
            self._add("bundle.origin", where, f"It was signed for the log {body.origin}.")
        try:
            merkle.verify_inclusion(
                entry.index, checkpoint.size, entry.envelope.leaf, entry.path, checkpoint.root
            )
        except NotProven as error:
            self._add(error.code, where, error.message)

    def _events(self, entry: BundleEntry, body: Body, where: str) -> None:
        if entry.events is None:
            self.withheld += body.events_count > 0
            return
        try:
            events = canonical.decode(entry.events)
            if not isinstance(events, list):
                raise NotCanonical("bundle.events", "The element steps are no list.")
            leaves = [event_leaf(event) for event in events]
        except ProofError as error:
            self._add(error.code, where, error.message)
            return
        if (len(leaves), merkle.root(leaves).hex()) != (body.events_count, body.events_root):
            self._add("bundle.events", where, "The element steps are not those that the entry commits to.")

    def _openings(self, entry: BundleEntry, body: Body, where: str) -> None:
        self.withheld += len(body.commitments.keys() - entry.openings.keys())
        for name, opening in entry.openings.items():
            if commitment(opening.salt, opening.payload).hex() != body.commitments.get(name):
                self._add("bundle.payload", f"{where}/payload/{name}", "It is not what the entry commits to.")

    def _add(self, code: str, where: str, message: str) -> None:
        self.findings.append(Finding(code, where, message))


def history_stream(case_stream: str) -> str:
    """Return the stream whose entry commits to Temporal's history of a case."""
    return f"history:{case_stream}"


def _entry_files(entry: BundleEntry) -> Iterator[tuple[str, bytes]]:
    yield "envelope", entry.envelope.encode()
    path: Json = [encode_base64(node) for node in entry.path]
    yield "inclusion.json", canonical.encode({"index": entry.index, "path": path})
    if entry.events is not None:
        yield "events.json", entry.events
    if entry.openings:
        salts: Json = {name: encode_base64(opening.salt) for name, opening in entry.openings.items()}
        yield "salts.json", canonical.encode(salts)
    for name, opening in entry.openings.items():
        yield f"payload/{name}", opening.payload


def _unpack(data: bytes) -> dict[str, bytes]:
    """Return the files of an archive, each as it is stored: nothing that is read is larger than the file."""
    files: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            stored = all(info.compress_type == zipfile.ZIP_STORED for info in infos)
            if not stored or sum(info.file_size for info in infos) > len(data):
                raise NotCanonical("bundle.container", "The files of a bundle are stored, each once.")
            for info in infos:
                files[info.filename] = archive.read(info)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, OSError, RuntimeError) as error:
        raise NotCanonical("bundle.container", f"The file is not a whole zip archive: {error}.") from None
    return files


def _read(files: dict[str, bytes]) -> Bundle:
    about = _object(_take(files, "bundle.json"), {"format", "case", "process"}, "bundle.json")
    if about["format"] != FORMAT:
        raise NotCanonical("bundle.format", f"This is no bundle of the format {FORMAT}.", where="bundle.json")
    keys = canonical.decode(_take(files, "keys.json"))
    if not isinstance(keys, Mapping) or keys.keys() - {"witness_keys"} != {"log", "entries"}:
        raise NotCanonical("bundle.files", "The file has missing or unknown fields.", where="keys.json")
    checkpoint = _take(files, "checkpoint.txt")
    model: dict[str, bytes] = {}
    earlier: dict[str, dict[str, bytes]] = {}
    numbered: dict[tuple[str, int], dict[str, bytes]] = {}
    for name, content in files.items():
        _require_name(name)
        if place := _NUMBERED.fullmatch(name):
            numbered.setdefault((place[1], int(place[2])), {})[place[3]] = content
        elif place := _EARLIER.fullmatch(name):
            earlier.setdefault(place[1], {})[place[2]] = content
        else:
            model[name.removeprefix("model/")] = content
    streams = {part: _stream_of(part, numbered) for part in _PARTS}
    try:
        note = checkpoint.decode()
    except UnicodeDecodeError:
        raise NotCanonical("bundle.files", "The checkpoint is not UTF-8.", where="checkpoint.txt") from None
    return Bundle(
        case_stream=_text(about["case"], "bundle.json"),
        process=_text(about["process"], "bundle.json"),
        checkpoint=note,
        log_key=_text(keys["log"], "keys.json"),
        entry_keys=tuple(_base64(key, "keys.json") for key in _list(keys["entries"], "keys.json")),
        model=model,
        case=streams["case"],
        history=streams["history"],
        earlier=earlier,
        witness_keys=witness_keys_in(keys, "bundle.files"),
    )


def _stream_of(part: str, numbered: Mapping[tuple[str, int], dict[str, bytes]]) -> tuple[BundleEntry, ...]:
    numbers = sorted(number for of, number in numbered if of == part)
    if numbers != list(range(1, len(numbers) + 1)):
        raise NotCanonical("bundle.files", "Entries are numbered from 1 without gaps.", where=part)
    return tuple(_entry(numbered[part, number], f"{part}/{number:06}") for number in numbers)


def _entry(files: dict[str, bytes], where: str) -> BundleEntry:
    inclusion = _object(_take(files, "inclusion.json"), {"index", "path"}, where)
    index = inclusion["index"]
    if type(index) is not int or index < 0:
        raise NotCanonical("bundle.files", "The index is a number from 0 on.", where=where)
    path = tuple(_base64(node, where) for node in _list(inclusion["path"], where))
    if len(path) > _LONGEST_PATH or any(len(node) != HASH_SIZE for node in path):
        raise NotCanonical("bundle.files", "A path consists of at most 64 SHA-256 hashes.", where=where)
    envelope = Envelope.decode(_take(files, "envelope"))
    events = files.pop("events.json", None)
    salts = files.pop("salts.json", None)
    payloads = {name.removeprefix("payload/"): content for name, content in files.items()}
    opened = _object(salts, payloads.keys(), where) if salts is not None else {}
    if opened.keys() != payloads.keys():
        raise NotCanonical("bundle.files", "Each payload has its salt, and each salt a payload.", where=where)
    openings = {name: Opening(_base64(opened[name], where), payloads[name]) for name in payloads}
    if any(len(opening.salt) != HASH_SIZE for opening in openings.values()):
        raise NotCanonical("bundle.files", "A salt has 32 bytes.", where=where)
    return BundleEntry(envelope, index, path, events, openings)


def _require_name(name: str) -> None:
    """Refuse a name that no file of a bundle has; none leads out of the folder where one unpacks it."""
    top, _, rest = name.partition("/")
    if top == "model":
        known = _MODEL_FILE.fullmatch(rest) is not None
    elif place := _EARLIER.fullmatch(name):
        known = _MODEL_FILE.fullmatch(place[2]) is not None
    elif place := _NUMBERED.fullmatch(name):
        inner = place[3]
        known = inner in ("envelope", "inclusion.json", "events.json", "salts.json") or (
            inner.startswith("payload/") and _FIELD.fullmatch(inner.removeprefix("payload/")) is not None
        )
    else:
        known = name in ("bundle.json", "checkpoint.txt", "keys.json")
    if not known:
        raise NotCanonical("bundle.name", "No file of a bundle has such a name.", where=ascii(name))


def _take(files: dict[str, bytes], name: str) -> bytes:
    if name not in files:
        raise NotCanonical("bundle.files", "A file is missing.", where=name)
    return files.pop(name)


def _object(data: bytes, fields: Iterable[str], where: str) -> Mapping[str, Json]:
    value = canonical.decode(data)
    if not isinstance(value, Mapping) or value.keys() != set(fields):
        raise NotCanonical("bundle.files", "The file has missing or unknown fields.", where=where)
    return value


def _text(value: Json, where: str) -> str:
    if not isinstance(value, str):
        raise NotCanonical("bundle.files", "A field must be text.", where=where)
    return value


def _list(value: Json, where: str) -> Sequence[Json]:
    if not isinstance(value, list):
        raise NotCanonical("bundle.files", "A field must be a list.", where=where)
    return value


def _base64(value: Json, where: str) -> bytes:
    return decode_base64(_text(value, where), "bundle.files")
