"""The second cosignature: given only when each case that the witness may see gives the signed roots again.

The cases come as audit bundles from the platform, over its API, each proven against the very checkpoint that
is to be cosigned. They are checked and run through the kernel here, on the witness's own machine.
"""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus

import httpx

from proof.bundle import Bundle
from proof.checkpoint import Checkpoint, NoteKey, split_note
from proof.errors import ProofError
from scf.witness.cosigner import Answer
from workflows.audit import AuditReport, verify_bundle

_SECONDS = 30.0
_LOGIN = """
mutation ($input: LoginInput!) { login(input: $input) { token userErrors { code message } } }
"""


class PlatformRefused(Exception):
    """The platform does not give what is needed for validation now."""


class Platform:
    """The API of a platform, for an account that may have the bundles of its cases."""

    def __init__(self, url: str, account: str, password: str) -> None:
        self._http = httpx.Client(base_url=url, trust_env=False, timeout=_SECONDS)
        self._credentials = {"name": account, "password": password}
        self._token: str | None = None

    def cases(self, since: int, size: int) -> list[str]:
        """Return the cases that the account may see, with entries from the place `since` on, below `size`.

        Raises:
            PlatformRefused.
        """
        told = self._get("/bundles/cases", {"since": since, "size": size}).json()
        return [str(case) for case in told["cases"]]

    def bundle(self, case: str, size: int) -> bytes:
        """Return the bundle of a case as of a size of the log.

        Raises:
            PlatformRefused.
        """
        return self._get(f"/bundles/cases/{case}", {"size": size}).content

    def _get(self, path: str, parameters: dict[str, int]) -> httpx.Response:
        """Ask, with a new session when the last one has ended."""
        try:
            answer = self._asked(path, parameters)
            if answer.status_code == HTTPStatus.UNAUTHORIZED:
                self._token = None
                answer = self._asked(path, parameters)
        except httpx.HTTPError as error:
            raise PlatformRefused(f"no answer: {error}") from error
        if answer.status_code != HTTPStatus.OK:
            raise PlatformRefused(f"{answer.status_code}: {answer.text[:200]}")
        return answer

    def _asked(self, path: str, parameters: dict[str, int]) -> httpx.Response:
        if self._token is None:
            self._token = self._log_in()
        headers = {"authorization": f"Bearer {self._token}"}
        return self._http.get(path, params=parameters, headers=headers)

    def _log_in(self) -> str:
        request = {"query": _LOGIN, "variables": {"input": self._credentials}}
        told = self._http.post("/graphql", json=request).json()
        login = (told.get("data") or {}).get("login") or {}
        if not login.get("token"):
            raise PlatformRefused(f"the login is refused: {login.get('userErrors') or told.get('errors')}")
        return str(login["token"])


class Validation:
    """Runs again what came to the log since the last checkpoint that was cosigned so.

    Args:
        platform: Where the bundles come from.
        log: The key of its log.
        passed_over: Cases that were erased before they could be run again: only their proofs are checked.
    """

    def __init__(self, platform: Platform, log: NoteKey, passed_over: Collection[str] = ()) -> None:
        self._platform = platform
        self._log = str(log)
        self._passed_over = frozenset(passed_over)

    def __call__(self, known: int, checkpoint: Checkpoint) -> Answer | None:
        """Return None when all cases agree, else what to answer: 424 names the case, 503 is for later."""
        try:
            for case in self._platform.cases(known, checkpoint.size):
                problem = self._problem(case, self._platform.bundle(case, checkpoint.size), checkpoint)
                if problem:
                    return Answer(HTTPStatus.FAILED_DEPENDENCY, f"case {case}: {problem}\n")
        except PlatformRefused as error:
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, f"The bundles cannot be had: {error}\n")
        return None

    def _problem(self, case: str, content: bytes, checkpoint: Checkpoint) -> str | None:
        try:
            report = verify_bundle(content, log_key=self._log, backends=("cryptography",))
            proven, _ = split_note(Bundle.decode(content).checkpoint)
        except ProofError as error:
            return f"{error.code}: {error.message}"
        if proven != checkpoint.text():
            return "its bundle is proven against another checkpoint than the one to be cosigned"
        return self._finding(case, report)

    def _finding(self, case: str, report: AuditReport) -> str | None:
        if report.findings:
            first = report.findings[0]
            return f"{first.code} at {first.where}: {first.message}"
        if report.case != case:
            return f"the bundle is of the case {report.case}"
        if not report.reexecuted and case not in self._passed_over:
            return "its commands are not disclosed, so it cannot be run again"
        return None
