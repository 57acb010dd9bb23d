"""A time-stamping authority: a real `openssl ts` signs, behind a small HTTP server on loopback."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_CONFIGURATION = """
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[tsa]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[ts]
default_tsa = authority
[authority]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
certs = ca.pem
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


@dataclass
class Tsa:
    """A running authority. `answer`, when set, is sent in place of a time stamp; `asked` counts requests."""

    url: str
    folder: Path
    answer: tuple[int, bytes] | None = None
    asked: int = 0

    @property
    def certificates(self) -> Path:
        return self.folder / "ca.pem"

    def stamp(self, query: bytes) -> bytes:
        """Have openssl sign the time over a query."""
        (self.folder / "query.tsq").write_bytes(query)
        openssl(self.folder, "ts", "-reply", "-config", "tsa.conf", "-section", "authority",
                "-queryfile", "query.tsq", "-out", "answer.tsr")  # fmt: skip
        return (self.folder / "answer.tsr").read_bytes()


def openssl(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["openssl", *map(str, words)], cwd=folder, capture_output=True, text=True, check=True
    )


@contextmanager
def running_tsa(folder: Path) -> Iterator[Tsa]:
    """Make the authority's keys and certificates, and answer until the end."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tsa.conf").write_text(_CONFIGURATION)
    (folder / "serial").write_text("01\n")
    for name, subject in (("ca", "/CN=Example root"), ("tsa", "/CN=Example time stamps")):
        openssl(folder, "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key",
                "-out", f"{name}.csr", "-subj", subject)  # fmt: skip
    openssl(folder, "x509", "-req", "-in", "ca.csr", "-signkey", "ca.key", "-days", 30, "-out", "ca.pem",
            "-extfile", "tsa.conf", "-extensions", "ca")  # fmt: skip
    openssl(folder, "x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", 30,
            "-CAcreateserial", "-out", "tsa.pem", "-extfile", "tsa.conf", "-extensions", "tsa")  # fmt: skip

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["content-length"]))
            tsa.asked += 1
            status, answer = tsa.answer or (200, tsa.stamp(query))
            self.send_response(status)
            self.send_header("content-type", "application/timestamp-reply")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tsa = Tsa(f"http://127.0.0.1:{server.server_address[1]}/", folder)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield tsa
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
