"""Tokens go by the prefix and the length of their issuer; placeholders and names of the same shape stay."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

WORD = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5kM7nP9rS1uV3xY5"
HEX = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
LOGIN = base64.b64encode(b"robot:secret-1").decode()

CASES = [
    ("github", f"token ⟦ghp_{WORD[:36]}⟧, x"),
    ("github", f"⟦github_pat_{WORD[:22]}_{WORD[:51]}12345678⟧"),
    ("github", f"⟦ghs_1234567_eyJ{WORD}.eyJ{WORD}.{WORD}⟧ ghs_1234567_event_of_some_repository_named_so"),
    ("gitlab", f"⟦glrtr-{WORD[:20]}⟧ ⟦glwt-{WORD[:20]}⟧"),
    ("slack", f"d=⟦xoxd-{WORD}%2B{WORD[:9]}%3D⟧; x"),
    ("stripe", f"⟦sk_org_live_{WORD[:40]}⟧"),
    ("gcp", f"?key=⟦AQ.Ab8RN6{WORD[:44]}⟧&q=1 AQ.Able to speak"),
    ("cookie", f"_gitlab_session=⟦{HEX[:32]}⟧; path=/ connect.sid=no _session=x"),
    ("high_entropy", f"public key: age1{HEX[:58]} Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ== sid=SM{HEX[:32]}"),
    (
        "kubernetes",
        f'{{"data":{{"ttl":"3600"}},"kind":"ConfigMap"}}\n{{"data":{{"p":"⟦{LOGIN}⟧"}},"kind":"Secret"}}',
    ),
    ("vendor_token", f"⟦cfut_{WORD[:40]}{HEX[:8]}⟧ ⟦vcr_{WORD}⟧ ⟦tgp_v1_{WORD[:43]}⟧ ⟦sk-{HEX[:32]}⟧ ⟦sk_{HEX[:48]}⟧"),
    ("vendor_token", f"access_token$production$0123456789abcdef$ab ⟦token-2xpkn:{(HEX * 2)[:54]}⟧ token-2xpkn:abc"),
    ("vendor_token", f"⟦syt_YW5u_{WORD[:20]}_{WORD[:6]}⟧ syt_a_b SSWS ⟦00{WORD[:40]}⟧ SSWS header"),
    ("vendor_token", f"⟦napi_{HEX}⟧ napi_create_async_work fw_rule_for_the_outer_network"),
    ("github", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    ("github", f"ghp_{WORD[:20]}"),
    ("github", f"xghp_{WORD[:36]}"),
    ("gitlab", f"⟦glpat-{WORD[:20]}⟧"),
    ("gitlab", f"⟦GR1348941{WORD[:20]}⟧"),
    ("gitlab", "glpat-short"),
    ("slack", f"⟦xoxb-123456789012-123456789012-{WORD[:24]}⟧"),
    ("slack", f"https://hooks.slack.com/services/⟦T0A1B2C3D/B0A1B2C3D/{WORD[:24]}⟧"),
    ("slack", "https://hooks.slack.com/services/"),
    ("stripe", f"⟦sk_live_{WORD[:24]}⟧ pk_live_{WORD[:24]}"),
    ("stripe", "risk_live_data and sk_live_"),
    ("openai", f"⟦sk-proj-{WORD[:40]}⟧ ⟦sk-{WORD[:48]}⟧"),
    ("openai", "sk-circle-fade-dot-animation sk-folding-cube"),
    ("anthropic", f"⟦sk-ant-api03-{WORD[:40]}⟧"),
    ("anthropic", "sk-ant-api03-..."),
    ("npm", f"//registry/:_authToken=⟦npm_{WORD[:36]}⟧"),
    ("npm", "npm_config_registry npm_lifecycle_event"),
    ("pypi", f"⟦pypi-AgEIcHlwaS5vcmc{WORD}⟧"),
    ("pypi", "pypi-attestations"),
    ("vault", f"⟦hvs.{WORD[:24]}⟧"),
    ("vault", "hvs.short"),
    ("gcp", f"⟦AIza{WORD[:35]}⟧ ⟦ya29.{WORD[:40]}⟧ ⟦GOCSPX-{WORD[:28]}⟧"),
    ("gcp", "AIzaShort ya29."),
    ("azure", f"AccountName=x;AccountKey=⟦{(WORD + WORD)[:86]}==⟧;EndpointSuffix=y"),
    ("azure", f"https://x.blob/c?sv=1&sig=⟦{WORD[:43]}%3D⟧&se=2"),
    ("azure", "AccountKey=<key>"),
    ("docker", f"⟦dckr_pat_{WORD[:27]}⟧"),
    ("docker", f'{{"auths":{{"r":{{"auth": "⟦{LOGIN}⟧"}}}}}}'),
    ("docker", '{"auth": "none", "x": 1}'),
    ("vendor_token", f"⟦SG.{WORD[:22]}.{WORD[:43]}⟧ ⟦hf_abcdefghijklmnopqrstuvwxyzABCDEFGH⟧"),
    ("vendor_token", f"⟦dop_v1_{HEX}⟧ ⟦dapi{HEX[:32]}⟧ ⟦glsa_{WORD[:32]}_0a1b2c3d⟧"),
    ("vendor_token", f"⟦123456789:AA{WORD[:33]}⟧"),
    ("vendor_token", f"https://discord.com/api/webhooks/⟦123456789012345678/{WORD}{WORD}⟧".replace("⟧", "⟧ x")),
    ("vendor_token", f"⟦figd_{WORD[:40]}⟧ ⟦xkeysib-{HEX}-{HEX[:16]}⟧ ⟦{HEX[:32]}-us12⟧"),
    ("vendor_token", f"⟦dt0c01.{WORD[:24].upper()}.{(WORD + WORD)[:64].upper()}⟧ ⟦HRKU-AA{WORD}⟧"),
    ("vendor_token", f"⟦SK{HEX[:32]}⟧ ⟦ntn_{WORD[:46]}⟧ ⟦lin_api_{WORD[:40]}⟧ ⟦r8_{WORD[:37]}⟧"),
    ("vendor_token", "re_compile_the_pattern_again_and_again_please secret_key_of_the_application_that_is_named_so"),
    ("vendor_token", f"image@sha256:{HEX} {HEX[:32]}-{HEX[:6]} sdk-tools-linux-aarch64-minimal-installer-package-a"),
    ("vendor_token", f"sha256:{HEX} {WORD}"),
    ("authorization", "Authorization: Bearer ⟦abc.def-ghi⟧"),
    ("authorization", "curl -H 'authorization: Basic ⟦dXNlcjpwYXNz⟧' http://x"),
    ("authorization", '{"Authorization": "token ⟦abcdef123456⟧"}'),
    ("authorization", f"use Bearer ⟦{WORD[:20]}⟧ here"),
    ("authorization", "Authorization: Bearer $TOKEN"),
    ("authorization", "Authorization: Bearer <token>"),
    ("authorization", "the authorization: required for bearer tokens"),
    ("cookie", "Cookie: ⟦sid=abc123; theme=dark⟧"),
    ("cookie", "Set-Cookie: sid=⟦abc123⟧; Path=/; HttpOnly"),
    ("cookie", "the cookie: a small cake"),
    ("high_entropy", f"deploy_key: ⟦{WORD[:32]}⟧"),
    ("high_entropy", f'"signature":"⟦{HEX[:40]}⟧"'),
    ("high_entropy", f"public_key: {WORD[:32]}"),
    ("high_entropy", f"commit: {HEX[:40]}"),
    ("high_entropy", "cache_key=orders-2024-01-01-page-1-sorted"),
    ("high_entropy", "sort_key: customer_name_then_created"),
    ("kubernetes", 'data:\n  user: ⟦YWRtaW4=⟧\n  pw: "⟦aHVudGVyMg==⟧"\nkind: Secret\nx: YWRtaW4=\n'),
    ("kubernetes", "stringData:\n  user: ⟦admin⟧\nkind: Secret\n"),
    ("kubernetes", '  "data": {\n    "pw": "⟦aHVudGVyMg==⟧"\n  },\n  "kind": "Secret"\n'),
    ("kubernetes", '{"data":{"pw":"⟦aHVudGVyMg==⟧"},"kind":"Secret"}'),
    ("kubernetes", '{"kind":"Secret","data":{"a":"⟦aHVudGVyMg==⟧","b":"⟦YWRtaW4=⟧"}}'),
    ("kubernetes", "data:\n  level: info\n  url: http://x\n  mode: true\nkind: ConfigMap\n"),
    ("kubernetes", '{"data":{"level":"info"},"kind":"ConfigMap"}'),
    ("kubernetes", "metadata:\n  name: YWRtaW4=\n"),
    ("kubernetes", "kubeadm join --token ⟦abcdef.0123456789abcdef⟧ x"),
    ("vault", f"X-Vault-Token: ⟦s.{WORD[:24]}⟧ VAULT_TOKEN=⟦s.{WORD[:24]}⟧ this.s.{WORD[:24]} token.s.x"),
    ("gcp", f"⟦ya29.c.{WORD[:60]}⟧"),
    ("docker", ".dockerconfigjson: ⟦eyJhdXRocyI6eyJhIjp7ImF1dGgiOiJZVHBpIn19fQ==⟧"),
    ("authorization", 'Authorization: Hawk ⟦id="dh37", ts="13538", mac="6R4rV5iE+NPoym"⟧'),
    ("authorization", "--allow-interactive-authorization=no --augment-creds=no"),
    ("cookie", f"#HttpOnly_.corp.net\tTRUE\t/\tTRUE\t1767139200\tsid\t⟦{WORD[:24]}⟧"),
    ("cookie", f'{{"name": "sessionid", "value": "⟦{WORD[:24]}⟧"}} {{"name": "theme", "value": "{WORD[:24]}"}}'),
    ("cookie", '{"name":"Cookie","value":"⟦sid=abc123; theme=dark⟧"}'),
]


@pytest.mark.parametrize(("name", "marked"), CASES)
def test_tokens(check: Callable[[str, str], None], name: str, marked: str) -> None:
    check(name, marked)
