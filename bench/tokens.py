"""Tokens of services, made up in the form that each service gives its own; written down apart from what finds them."""

from __future__ import annotations

import random
import string
import uuid
from collections.abc import Callable, Mapping

_ALNUM = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
_URL = _ALNUM + "-_"
_LOW = string.ascii_lowercase + string.digits
_UP = string.ascii_uppercase + string.digits


def _s(dice: random.Random, signs: str, count: int) -> str:
    return "".join(dice.choices(signs, k=count - 1)) + dice.choice([one for one in signs if one.isalnum()])


def _id(dice: random.Random) -> str:
    return str(uuid.UUID(int=dice.getrandbits(128), version=4))


MAKERS: Mapping[str, Callable[[random.Random], str]] = {
    "1password": lambda d: f"A3-{_s(d, _UP, 6)}-{_s(d, _UP, 6)}-{'-'.join(_s(d, _UP, 5) for _ in 'abcd')}",
    "adafruit": lambda d: "aio_" + _s(d, _ALNUM, 28),
    "age": lambda d: "AGE-SECRET-KEY-1" + _s(d, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    "airtable": lambda d: f"pat{_s(d, _ALNUM, 14)}.{_s(d, _HEX, 64)}",
    "alibaba": lambda d: "LTAI" + _s(d, _ALNUM, 20),
    "artifactory": lambda d: "AKCp" + _s(d, _ALNUM, 69),
    "atlassian": lambda d: "ATATT3xFfGF0" + _s(d, _URL + "=", 180),
    "azure devops": lambda d: f"{_s(d, _ALNUM, 76)}AZDO{_s(d, _ALNUM, 4)}",
    "bitbucket": lambda d: "ATBB" + _s(d, _ALNUM, 32),
    "brevo": lambda d: f"xkeysib-{_s(d, _HEX, 64)}-{_s(d, _LOW, 16)}",
    "buildkite": lambda d: "bkua_" + _s(d, _LOW, 40),
    "circleci": lambda d: f"CCIPAT_{_s(d, _ALNUM, 22)}_{_s(d, _HEX, 40)}",
    "clojars": lambda d: "CLOJARS_" + _s(d, _LOW, 60),
    "contentful": lambda d: "CFPAT-" + _s(d, _URL, 43),
    "databricks": lambda d: "dapi" + _s(d, _HEX, 32) + d.choice(["", "-2"]),
    "digitalocean": lambda d: d.choice(["dop_v1_", "doo_v1_", "dor_v1_"]) + _s(d, _HEX, 64),
    "discord": lambda d: f"{d.choice('MNO')}{_s(d, _ALNUM, 25)}.{_s(d, _ALNUM, 6)}.{_s(d, _URL, 38)}",
    "discord hook": lambda d: f"https://discord.com/api/webhooks/{_s(d, string.digits, 18)}/{_s(d, _URL, 68)}",
    "doppler": lambda d: "dp.pt." + _s(d, _ALNUM, 43),
    "dropbox": lambda d: "sl." + _s(d, _URL, 136),
    "duffel": lambda d: "duffel_live_" + _s(d, _URL, 43),
    "dynatrace": lambda d: f"dt0c01.{_s(d, _UP, 24)}.{_s(d, _UP, 64)}",
    "easypost": lambda d: "EZAK" + _s(d, _LOW, 54),
    "facebook": lambda d: "EAACEdEose0cBA" + _s(d, _ALNUM, 120),
    "figma": lambda d: f"figd_{_s(d, _URL, 40)}",
    "flutterwave": lambda d: f"FLWSECK-{_s(d, _HEX, 32)}-X",
    "fly": lambda d: "FlyV1 fm2_" + _s(d, _ALNUM + "+/", 150),
    "grafana": lambda d: f"glsa_{_s(d, _ALNUM, 32)}_{_s(d, _HEX, 8)}",
    "groq": lambda d: "gsk_" + _s(d, _ALNUM, 52),
    "harness": lambda d: f"pat.{_s(d, _URL, 22)}.{_s(d, _HEX, 24)}.{_s(d, _ALNUM, 20)}",
    "heroku": lambda d: "HRKU-AA" + _s(d, _URL, 58),
    "hubspot": lambda d: f"pat-na1-{_id(d)}",
    "hugging face": lambda d: "hf_" + _s(d, string.ascii_letters, 34),
    "infracost": lambda d: "ico-" + _s(d, _ALNUM, 32),
    "langsmith": lambda d: f"lsv2_pt_{_s(d, _HEX, 32)}_{_s(d, _HEX, 10)}",
    "linear": lambda d: "lin_api_" + _s(d, _ALNUM, 40),
    "mailchimp": lambda d: f"{_s(d, _HEX, 32)}-us{d.randint(1, 21)}",
    "mailgun": lambda d: d.choice([f"key-{_s(d, _HEX, 32)}", f"{_s(d, _HEX, 32)}-{_s(d, _HEX, 8)}-{_s(d, _HEX, 8)}"]),
    "mapbox": lambda d: f"sk.eyJ1Ijoi{_s(d, _ALNUM, 60)}.{_s(d, _URL, 22)}",
    "netlify": lambda d: "nfp_" + _s(d, _ALNUM, 36),
    "new relic": lambda d: d.choice(["NRAK-" + _s(d, _UP, 27), f"eu01xx{_s(d, _HEX, 30)}NRAL"]),
    "notion": lambda d: d.choice([f"ntn_{_s(d, string.digits, 11)}{_s(d, _ALNUM, 35)}", "secret_" + _s(d, _ALNUM, 43)]),
    "nuget": lambda d: "oy2" + _s(d, _LOW, 43),
    "nvidia": lambda d: "nvapi-" + _s(d, _URL, 64),
    "octopus": lambda d: "API-" + _s(d, _UP, 26),
    "openrouter": lambda d: "sk-or-v1-" + _s(d, _HEX, 64),
    "openshift": lambda d: "sha256~" + _s(d, _URL, 43),
    "perplexity": lambda d: "pplx-" + _s(d, _ALNUM, 48),
    "pinecone": lambda d: f"pcsk_{_s(d, _ALNUM, 6)}_{_s(d, _ALNUM, 63)}",
    "plaid": lambda d: f"access-production-{_id(d)}",
    "planetscale": lambda d: "pscale_tkn_" + _s(d, _URL, 43),
    "postman": lambda d: f"PMAK-{_s(d, _HEX, 24)}-{_s(d, _HEX, 34)}",
    "prefect": lambda d: "pnu_" + _s(d, _LOW, 36),
    "pulumi": lambda d: "pul-" + _s(d, _HEX, 40),
    "readme": lambda d: "rdme_" + _s(d, _LOW, 70),
    "replicate": lambda d: "r8_" + _s(d, _ALNUM, 37),
    "resend": lambda d: f"re_{_s(d, _ALNUM, 8)}_{_s(d, _ALNUM, 24)}",
    "rubygems": lambda d: "rubygems_" + _s(d, _HEX, 48),
    "salesforce": lambda d: f"00D{_s(d, _ALNUM, 12)}!{_s(d, _ALNUM + '._', 96)}",
    "sendgrid": lambda d: f"SG.{_s(d, _URL, 22)}.{_s(d, _URL, 43)}",
    "sentry": lambda d: "sntryu_" + _s(d, _HEX, 64),
    "shippo": lambda d: "shippo_live_" + _s(d, _HEX, 40),
    "shopify": lambda d: d.choice(["shpat_", "shpss_", "shpca_", "shppa_"]) + _s(d, _HEX, 32),
    "sonar": lambda d: d.choice(["sqp_", "squ_", "sqa_"]) + _s(d, _HEX, 40),
    "sourcegraph": lambda d: f"sgp_{_s(d, _HEX, 16)}_{_s(d, _HEX, 40)}",
    "square": lambda d: d.choice(["sq0atp-" + _s(d, _URL, 22), "sq0csp-" + _s(d, _URL, 43), "EAAAE" + _s(d, _URL, 59)]),
    "supabase": lambda d: "sbp_" + _s(d, _HEX, 40),
    "tailscale": lambda d: f"tskey-auth-{_s(d, _ALNUM, 12)}CNTRL-{_s(d, _ALNUM, 32)}",
    "teams hook": lambda d: (
        f"https://corp.webhook.office.com/webhookb2/{_id(d)}@{_id(d)}/IncomingWebhook/{_s(d, _HEX, 32)}/{_id(d)}"
    ),
    "telegram": lambda d: f"{_s(d, '123456789', 10)}:AA{_s(d, _URL, 33)}",
    "terraform": lambda d: f"{_s(d, _ALNUM, 14)}.atlasv1.{_s(d, _ALNUM, 67)}",
    "twilio": lambda d: "SK" + _s(d, _HEX, 32),
    "twitter": lambda d: "AAAAAAAAAAAAAAAAAAAAA" + _s(d, _ALNUM + "%", 90),
    "typeform": lambda d: "tfp_" + _s(d, _URL, 59),
    "xai": lambda d: "xai-" + _s(d, _ALNUM, 80),
    "yandex": lambda d: "AQVN" + _s(d, _URL, 36),
    "zapier hook": lambda d: f"https://hooks.zapier.com/hooks/catch/{_s(d, string.digits, 7)}/{_s(d, _LOW, 7)}",
}
"""Service → what makes one of its tokens."""
