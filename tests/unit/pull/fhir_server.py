"""A small FHIR server on this machine that the tests of fetching start: bulk export, search and a token endpoint.

It really checks what a client signs (signature, audience, times, one use), keeps a diary of every request, and does
wrong whatever a test asks it to (``faults``). Its people are invented.
"""

from __future__ import annotations

import base64
import gzip
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from beforehand.doors.pull.clock import Clock

Resource = dict[str, Any]


class FakeClock(Clock):
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)


def invented(people: int = 3, observations: int = 4) -> dict[str, list[Resource]]:
    """Invented people with their observations, by type."""
    patients: list[Resource] = []
    facts: list[Resource] = []
    for number in range(people):
        patients.append(
            {
                "resourceType": "Patient", "id": f"p{number}", "birthDate": f"19{50 + number}-01-02",
                "name": [{"family": f"Family{number}", "given": ["Given"]}],
                "identifier": [{"system": "https://hospital.example/mrn", "value": f"MRN{number:05}"}],
                "meta": {"lastUpdated": "2026-02-01T00:00:00Z"},
            }
        )  # fmt: skip
        for index in range(observations):
            facts.append(
                {
                    "resourceType": "Observation", "id": f"p{number}-o{index}", "status": "final",
                    "code": {"coding": [{"system": "http://loinc.org", "code": f"{1000 + index % 7}-1"}]},
                    "subject": {"reference": f"Patient/p{number}"}, "effectiveDateTime": f"2026-01-{1 + index % 28:02}",
                    "valueQuantity": {"value": index, "unit": "mg/dL"},
                    "meta": {"lastUpdated": "2026-02-01T00:00:00Z"},
                }
            )  # fmt: skip
    return {"Patient": patients, "Observation": facts}


def ndjson(resources: list[Resource]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in resources)


@dataclass
class Visit:
    """One request as the server saw it."""

    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str] = field(default_factory=dict)

    @property
    def token(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")


Fault = Callable[["Answering", Visit], bool]


class FhirServer:
    """What it holds, what it did, and what it shall do wrong."""

    def __init__(self, records: dict[str, list[Resource]], clock: Clock) -> None:
        self.records = records
        self.deleted: list[Resource] = []
        self.errors: list[Resource] = []
        self.clock = clock
        self.base = ""
        self.diary: list[Visit] = []
        self.faults: list[Fault] = []
        self.preparing = 0  # looks at an export before it is ready
        self.keys: list[dict[str, str]] = []  # registered of the client
        self.client_id = "beforehand"
        self.needs_token = False
        self.algorithms = ["RS384", "ES384"]
        self.token_seconds = 300
        self.tokens: dict[str, datetime] = {}
        self.used: set[str] = set()
        self.refresh_token = ""
        self.said_no: list[str] = []
        self.ranges = True
        self.packs = False
        self.operations: list[str] = []
        self.page_size = 2
        self.transaction_time = "2026-03-01T00:00:00Z"
        self.edit_manifest: Callable[[dict[str, Any]], None] = lambda manifest: None
        self.looks: dict[str, int] = {}
        self.jobs = 0

    def visits(self, part: str, method: str = "GET") -> list[Visit]:
        return [visit for visit in self.diary if part in visit.path and visit.method == method]

    def let_in(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """The token endpoint."""
        if form.get("grant_type") == "refresh_token":
            if not self.refresh_token or form.get("refresh_token") != self.refresh_token:
                return 400, {"error": "invalid_grant"}
            self.refresh_token += "+"
            return 200, {**self._token(), "refresh_token": self.refresh_token, "patient": "p1"}
        why = self._why_not(form)
        if why:
            self.said_no.append(why)
            return 401, {"error": "invalid_client", "error_description": why}
        return 200, {**self._token(), "scope": form["scope"]}

    def _token(self) -> dict[str, Any]:
        token = f"token-{len(self.tokens)}"
        self.tokens[token] = self.clock.now() + timedelta(seconds=self.token_seconds)
        return {"access_token": token, "token_type": "bearer", "expires_in": self.token_seconds}

    def _why_not(self, form: dict[str, str]) -> str:
        """Why a client's assertion does not hold (SMART backend services)."""
        if form.get("grant_type") != "client_credentials" or "jwt-bearer" not in form.get("client_assertion_type", ""):
            return "not backend services"
        head64, claims64, mark64 = form["client_assertion"].split(".")
        head, claims = json.loads(_bytes(head64)), json.loads(_bytes(claims64))
        if head["alg"] not in self.algorithms:
            return "algorithm"
        key = next((each for each in self.keys if each["kid"] == head["kid"] and each["alg"] == head["alg"]), None)
        if key is None or not verified(key, f"{head64}.{claims64}".encode(), _bytes(mark64)):
            return "signature"
        now = self.clock.now().timestamp()
        if claims["iss"] != self.client_id or claims["sub"] != self.client_id:
            return "client"
        if claims["aud"] != f"{self.base}/token":
            return "audience"
        if not now < claims["exp"] <= now + 300:
            return "time"
        if claims["jti"] in self.used:
            return "used twice"
        self.used.add(claims["jti"])
        return ""


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verified(key: dict[str, str], said: bytes, mark: bytes) -> bool:
    """Whether the mark on what was said was made by the private half of this key."""
    number = {name: int.from_bytes(_bytes(key[name]), "big") for name in ("x", "y", "n", "e") if name in key}
    try:
        if key["kty"] == "EC":
            der = encode_dss_signature(int.from_bytes(mark[:48], "big"), int.from_bytes(mark[48:], "big"))
            point = ec.EllipticCurvePublicNumbers(number["x"], number["y"], ec.SECP384R1())
            point.public_key().verify(der, said, ec.ECDSA(hashes.SHA384()))
        else:
            public = rsa.RSAPublicNumbers(number["e"], number["n"]).public_key()
            public.verify(mark, said, padding.PKCS1v15(), hashes.SHA384())
    except InvalidSignature:
        return False
    return True


class Answering(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    house: FhirServer

    def log_message(self, format: str, *args: Any) -> None:
        """Tests read the diary instead."""

    def do_GET(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def say(
        self, status: int, content: bytes = b"", headers: dict[str, str] | None = None, *, claim: int | None = None
    ) -> None:
        """An answer; ``claim`` is the length it pretends to have."""
        self.send_response(status)
        headers = {"Content-Type": "application/fhir+json", "Connection": "close", **(headers or {})}
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if claim is None else claim))
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(self.house.clock.now(), usegmt=True)

    def say_json(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        self.say(status, json.dumps(value).encode(), headers)

    def _serve(self) -> None:
        house = self.house
        visit = Visit(self.command, self.path, {name.lower(): value for name, value in self.headers.items()})
        body = self.rfile.read(int(visit.headers.get("content-length", "0")))
        visit.form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        house.diary.append(visit)
        if any(fault(self, visit) for fault in list(house.faults)):
            return
        path = urlsplit(visit.path).path
        if path == "/fhir/.well-known/smart-configuration":
            self.say_json(
                200,
                {
                    "token_endpoint": f"{house.base}/token",
                    "token_endpoint_auth_signing_alg_values_supported": house.algorithms,
                },
            )
        elif path == "/token":
            self.say_json(*house.let_in(visit.form))
        elif house.needs_token and house.tokens.get(visit.token, datetime.min.replace(tzinfo=UTC)) <= house.clock.now():
            self.say_json(401, {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "login"}]})
        elif path.endswith("$export"):
            house.jobs += 1
            self.say(202, headers={"Content-Location": f"{house.base}/jobs/{house.jobs}"})
        elif path.startswith("/jobs/"):
            self._job(path)
        elif path.startswith("/files/"):
            self._file(path, visit)
        else:
            self._search(path, visit)

    def _job(self, path: str) -> None:
        house = self.house
        if self.command == "DELETE":
            self.say(202)
            return
        house.looks[path] = house.looks.get(path, 0) + 1
        if house.looks[path] <= house.preparing:
            self.say(202, headers={"Retry-After": "120", "X-Progress": "under way"})
            return
        output = [
            {"type": type_, "url": f"{house.base}/files/{type_}.ndjson", "count": len(found)}
            for type_, found in house.records.items()
        ]
        manifest: dict[str, Any] = {
            "transactionTime": house.transaction_time, "request": f"{house.base}/fhir/$export",
            "requiresAccessToken": house.needs_token, "output": output[::-1], "deleted": [], "error": [],
        }  # fmt: skip
        if house.deleted:
            manifest["deleted"] = [{"type": "Bundle", "url": f"{house.base}/files/deleted.ndjson"}]
        if house.errors:
            manifest["error"] = [{"type": "OperationOutcome", "url": f"{house.base}/files/errors.ndjson"}]
        house.edit_manifest(manifest)
        self.say_json(200, manifest)

    def _file(self, path: str, visit: Visit) -> None:
        house = self.house
        name = path.removeprefix("/files/").removesuffix(".ndjson")
        found = {"deleted": house.deleted, "errors": house.errors}.get(name) or house.records.get(name)
        if found is None:
            self.say_json(
                404, {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "not-found"}]}
            )
            return
        content = ndjson(found)
        headers = {"Content-Type": "application/fhir+ndjson", "ETag": f'"{len(content)}"'}
        asked = visit.headers.get("range", "")
        if house.ranges and asked and visit.headers.get("if-range") == headers["ETag"]:
            begun = int(asked.removeprefix("bytes=").rstrip("-"))
            headers["Content-Range"] = f"bytes {begun}-{len(content) - 1}/{len(content)}"
            self.say(206, content[begun:], headers)
        elif house.packs and "gzip" in visit.headers.get("accept-encoding", ""):
            self.say(200, gzip.compress(content), {**headers, "Content-Encoding": "gzip"})
        else:
            self.say(200, content, headers if house.ranges else {"Content-Type": "application/fhir+ndjson"})

    def _search(self, path: str, visit: Visit) -> None:
        house = self.house
        query = {name: values[0] for name, values in parse_qs(urlsplit(visit.path).query).items()}
        type_ = path.removeprefix("/fhir/")
        if type_ == "metadata":
            operations = [{"name": each} for each in house.operations]
            resources = [{"type": each, "operation": operations if each == "Patient" else []} for each in house.records]
            self.say_json(200, {"resourceType": "CapabilityStatement", "rest": [{"resource": resources}]})
            return
        whose = query.get("patient") or query.get("_id", "")
        if type_.endswith("$everything"):
            whose, types = type_.split("/")[1], list(house.records)
        else:
            types = [type_]
        since = query.get("_since") or query.get("_lastUpdated", "").removeprefix("ge")
        found = [
            one
            for each in types
            for one in house.records.get(each, [])
            if (not whose or one["id"] == whose or one.get("subject", {}).get("reference") == f"Patient/{whose}")
            and (not since or _moment(one["meta"]["lastUpdated"]) >= _moment(since))
        ]
        begun = int(query.get("page", "0"))
        bundle: dict[str, Any] = {
            "resourceType": "Bundle", "type": "searchset", "link": [],
            "entry": [
                {"fullUrl": f"{house.base}/fhir/{one['resourceType']}/{one['id']}", "resource": one}
                for one in found[begun : begun + house.page_size]
            ],
        }  # fmt: skip
        if begun + house.page_size < len(found):
            bare = visit.path.partition("&page=")[0]
            bundle["link"] = [{"relation": "next", "url": f"{house.base}{bare}&page={begun + house.page_size}"}]
        self.say_json(200, bundle)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@contextmanager
def serving(house: FhirServer, tls: ssl.SSLContext | None = None) -> Iterator[FhirServer]:
    """The server, for as long as it is asked."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Answering,), {"house": house}))
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    house.base = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield house
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
