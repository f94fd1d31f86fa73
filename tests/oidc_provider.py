"""A small OIDC provider on the loopback: real keys, discovery, a JWK set, and login by device code (RFC 8628)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlencode

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

MAKERS = {
    "RS256": lambda id: RSAKey.generate_key(2048, {"kid": id}),
    "ES256": lambda id: ECKey.generate_key("P-256", {"kid": id}),
    "EdDSA": lambda id: OKPKey.generate_key("Ed25519", {"kid": id}),
}


def encoded(content: object) -> str:
    """Return the Base64 that a JSON Web Token has for a part."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class OidcProvider:
    """What it says of people is `claims`; `published` are the keys that its JWK set holds."""

    def __init__(self) -> None:
        self.keys = {algorithm: make(f"{algorithm}-1") for algorithm, make in MAKERS.items()}
        self.published = list(self.keys.values())
        self.issuer = ""
        self.asked: list[str] = []
        self.answers: list[dict[str, object]] = []
        self.nonce = ""
        self.broken = False
        self.codes: dict[str, dict[str, str]] = {}
        self.changes: dict[str, object] = {}

    def claims(self, **changes: object) -> dict[str, object]:
        at = int(time.time())
        usual = {
            "iss": self.issuer,
            "aud": "guard",
            "sub": "user-1",
            "email": "ann@corp.example",
            "groups": ["g-dba", "g-other"],
            "iat": at,
            "nbf": at,
            "exp": at + 600,
        }
        return {name: value for name, value in {**usual, **changes}.items() if value is not None}

    def token(self, algorithm: str = "RS256", head: dict[str, object] | None = None, **changes: object) -> str:
        return self.signed(json.dumps(self.claims(**changes)).encode(), algorithm, head)

    def signed(self, payload: bytes, algorithm: str = "RS256", head: dict[str, object] | None = None) -> str:
        key = self.keys[algorithm]
        return jws.serialize_compact({"alg": algorithm, "kid": key.kid, **(head or {})}, payload, key, [algorithm])

    def rotate(self) -> None:
        """Publish new keys, and sign with them from now on."""
        number = 1 + max(int(str(key.kid).rpartition("-")[2]) for key in self.keys.values())
        self.keys = {algorithm: make(f"{algorithm}-{number}") for algorithm, make in MAKERS.items()}
        self.published = list(self.keys.values())

    def authorized(self, query: dict[str, list[str]]) -> str:
        """Say yes at once, and return where the browser is sent with the code."""
        code = secrets.token_hex(8)
        self.codes[code] = {name: values[0] for name, values in query.items()}
        answer = urlencode({"code": code, "state": query["state"][0], "iss": self.issuer})
        return f"{query['redirect_uri'][0]}?{answer}"

    def redeemed(self, form: dict[str, list[str]]) -> tuple[int, object]:
        """Return the ID token for a code, once, to whoever has its verifier (RFC 7636)."""
        asked = self.codes.pop(form["code"][0], {})
        challenge = encoded(hashlib.sha256(form["code_verifier"][0].encode()).digest())
        same = all(asked.get(name) == form[name][0] for name in ("client_id", "redirect_uri"))
        if not same or asked.get("code_challenge") != challenge or asked.get("code_challenge_method") != "S256":
            return 400, {"error": "invalid_grant"}
        return 200, {"id_token": self.token(**{"aud": asked["client_id"], "nonce": asked["nonce"], **self.changes})}

    def answer(self, path: str, form: dict[str, list[str]]) -> tuple[int, object]:
        """Return status and JSON for a request."""
        self.asked.append(path)
        if self.broken:
            return 500, {}
        path, _, query = path.partition("?")
        if path == "/authorize":
            return 302, {"location": self.authorized(parse_qs(query))}
        if path == "/token" and form.get("grant_type") == ["authorization_code"]:
            return self.redeemed(form)
        if path == "/.well-known/openid-configuration":
            places = {"jwks_uri": "/keys", "token_endpoint": "/token", "device_authorization_endpoint": "/device"}
            places["authorization_endpoint"] = "/authorize"
            return 200, {"issuer": self.issuer, **{name: self.issuer + place for name, place in places.items()}}
        if path == "/keys":
            return 200, {"keys": [key.as_dict(private=False) for key in self.published]}
        if path == "/device":
            self.nonce = form.get("nonce", [""])[0]
            codes = {"device_code": secrets.token_hex(8), "user_code": "ABCD-EFGH"}
            return 200, {**codes, "verification_uri": f"{self.issuer}/activate", "expires_in": 30, "interval": 0.01}
        if path == "/token":
            found = self.answers.pop(0) if self.answers else {"error": "authorization_pending"}
            return (400 if "error" in found else 200), found
        return 404, {}


@contextmanager
def oidc_provider() -> Iterator[OidcProvider]:
    """Run one until the end of the block."""
    provider = OidcProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._give({})

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            self._give(parse_qs(self.rfile.read(length).decode()))

        def _give(self, form: dict[str, list[str]]) -> None:
            status, content = provider.answer(self.path, form)
            body = json.dumps(content).encode()
            self.send_response(status)
            if status == 302 and isinstance(content, dict):
                self.send_header("location", str(content["location"]))
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
