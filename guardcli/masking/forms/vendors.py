"""What the tokens of services look like that have no detector of their own: a prefix, its alphabet, its least length.

Facts from the services' own documentation and from the formats that their consoles hand out.
"""

from __future__ import annotations

from collections.abc import Sequence

_HEX = b"0-9a-f"
_LOW = b"0-9a-z"
_UP = b"0-9A-Z"
_WORD = b"0-9A-Za-z"
_URL = b"0-9A-Za-z_-"
_DOT = b"0-9A-Za-z_.=-"
_B64 = b"0-9A-Za-z+/=_-"

PREFIXED: Sequence[tuple[bytes, bytes, int]] = (
    (b"hf_", b"A-Za-z", 34), (b"api_org_", b"A-Za-z", 34), (b"dop_v1_", _HEX, 64), (b"doo_v1_", _HEX, 64),
    (b"dor_v1_", _HEX, 64),
    (b"dapi", b"0-9a-f-", 32), (b"dose", _HEX, 32), (b"shpat_", b"0-9a-fA-F", 32), (b"shpca_", b"0-9a-fA-F", 32),
    (b"shppa_", b"0-9a-fA-F", 32),
    (b"shpss_", b"0-9a-fA-F", 32), (b"shptka_", b"0-9a-fA-F", 32), (b"glsa_", b"0-9A-Za-z_", 32),
    (b"glc_", _B64, 32), (b"sntrys_", _B64, 40),
    (b"sntryu_", _HEX, 64), (b"lin_api_", _WORD, 40), (b"lin_oauth_", _HEX, 32), (b"pscale_tkn_", _DOT, 32),
    (b"pscale_pw_", _DOT, 32),
    (b"pscale_oauth_", _DOT, 32), (b"dp.pt.", _WORD, 40), (b"dp.st.", b"0-9A-Za-z._-", 40), (b"dp.ct.", _WORD, 40),
    (b"dp.sa.", _WORD, 40),
    (b"dp.scim.", _WORD, 40), (b"dp.audit.", _WORD, 40), (b"NRAK-", _UP, 27), (b"NRJS-", _HEX, 19),
    (b"NRII-", _URL, 32), (b"NRSP-", _WORD, 30),
    (b"sbp_", _HEX, 40), (b"sb_secret_", _URL, 20), (b"FlyV1 fm", b"0-9A-Za-z+/=,_-", 40),
    (b"fm2_", b"0-9A-Za-z+/=,_-", 40), (b"fo1_", _URL, 43),
    (b"cfut_", _WORD, 40), (b"cfat_", _WORD, 40), (b"cfk_", _WORD, 40), (b"bedrock-api-key-", _B64, 60),
    (b"vercel_blob_rw_", b"0-9A-Za-z_", 30), (b"vci_", _URL, 24), (b"vcr_", _URL, 24), (b"tgp_v1_", _URL, 40),
    (b"sk-", _HEX, 32), (b"sk_", _HEX, 48), (b"fw_", _WORD, 22), (b"napi_", _LOW, 60), (b"EAAA", _URL, 60),
    (b"hcaik_", _LOW, 50), (b"hcbik_", _LOW, 50), (b"hcxik_", _LOW, 50), (b"hcxlk_", _LOW, 50), (b"hcamk_", _LOW, 50),
    (b"signkey-prod-", _HEX, 32), (b"signkey-test-", _HEX, 32), (b"signkey-branch-", _HEX, 32),
    (b"tr_prod_", _WORD, 20), (b"tr_stg_", _WORD, 20), (b"tr_dev_", _WORD, 20), (b"tr_pat_", _WORD, 30),
    (b"polar_oat_", _WORD, 30), (b"polar_pat_", _WORD, 30),
    (b"PMAK-", b"0-9a-f-", 59),
    (b"AGE-SECRET-KEY-1", _UP, 58), (b"AGE-PLUGIN-", b"0-9A-Z-", 40), (b"ops_eyJ", _B64, 200), (b"aio_", _WORD, 28),
    (b"p8e-", _URL, 32), (b"LTAI", _WORD, 20),
    (b"AKCp", _WORD, 69), (b"cmVmdGtu", _WORD, 56), (b"ATATT3xFfGF0", _DOT, 100), (b"ATCTT3xFfGN0", _DOT, 100),
    (b"ATBB", _WORD, 32),
    (b"ABSK", b"0-9A-Za-z+/=", 100), (b"xkeysib-", b"0-9A-Za-z-", 64), (b"xsmtpsib-", b"0-9A-Za-z-", 64),
    (b"bkua_", _LOW, 40), (b"csk-", _LOW, 48),
    (b"CCIPAT_", b"0-9A-Za-z_", 60), (b"CLOJARS_", _LOW, 60), (b"v1.0-", b"0-9a-f-", 150), (b"CFPAT-", _URL, 43),
    (b"CFPAT_", _URL, 43),
    (b"sl.", b"0-9A-Za-z_-", 130), (b"duffel_live_", _URL, 43), (b"duffel_test_", _URL, 43), (b"EZAK", _WORD, 54),
    (b"EZTK", _WORD, 54),
    (b"figd_", _URL, 40), (b"figu_", _URL, 40), (b"EAACEdEose0cBA", _WORD, 20), (b"EAAG", _WORD, 100),
    (b"EAAB", _WORD, 100), (b"EAAC", _WORD, 100), (b"EAAM", _WORD, 100),
    (b"FLWSECK-", b"0-9a-zA-Z-", 32), (b"FLWSECK_TEST-", b"0-9a-zA-Z-", 12), (b"fio-u-", _DOT, 64),
    (b"gsk_", _WORD, 48), (b"HRKU-", _URL, 36),
    (b"pat-na1-", b"0-9a-f-", 36), (b"pat-eu1-", b"0-9a-f-", 36), (b"ico-", _WORD, 32), (b"s-s4t2ud-", _HEX, 64),
    (b"u-s4t2ud-", _HEX, 64),
    (b"jina_", _URL, 60), (b"sdk-", b"0-9a-f-", 36), (b"mob-", b"0-9a-f-", 36), (b"lsv2_pt_", b"0-9a-f_", 43),
    (b"lsv2_sk_", b"0-9a-f_", 43), (b"sk-lf-", b"0-9a-f-", 36),
    (b"lip_", _WORD, 20), (b"live_", _URL, 35), (b"key-", _HEX, 32), (b"mdb_sa_sk_", _URL, 40),
    (b"nfp_", _WORD, 36), (b"ntn_", _WORD, 43),
    (b"secret_", _WORD, 43), (b"oy2", _LOW, 43), (b"nvapi-", _URL, 60), (b"API-", _UP, 25),
    (b"sk-or-v1-", _HEX, 64), (b"sk-or-", _HEX, 48), (b"sha256~", _URL, 43),
    (b"pplx-", _WORD, 48), (b"pcsk_", b"0-9A-Za-z_", 60), (b"access-sandbox-", b"0-9a-f-", 36),
    (b"access-production-", b"0-9a-f-", 36),
    (b"access-development-", b"0-9a-f-", 36), (b"phx_", _WORD, 40), (b"pnu_", _WORD, 36), (b"pul-", _HEX, 40),
    (b"rdme_", _LOW, 70), (b"r8_", _WORD, 37),
    (b"re_", b"0-9A-Za-z_", 32), (b"rubygems_", _HEX, 48), (b"rnd_", _WORD, 28), (b"SCW", _UP, 17),
    (b"tk-us-", _URL, 48), (b"tk-eu-", _URL, 48), (b"sgp_", b"0-9A-Za-z_", 40),
    (b"shippo_live_", _HEX, 40), (b"shippo_test_", _HEX, 40), (b"sqp_", _HEX, 40), (b"squ_", _HEX, 40),
    (b"sqa_", _HEX, 40), (b"slk_", _HEX, 64),
    (b"sq0atp-", _URL, 22), (b"sq0csp-", _URL, 43), (b"sq0idp-", _URL, 22), (b"tskey-", b"0-9A-Za-z-", 20),
    (b"SK", _HEX, 32),
    (b"AAAAAAAAAAAAAAAAAAAAA", b"0-9A-Za-z%", 80), (b"tfp_", _URL, 40), (b"vcp_", _URL, 24), (b"vca_", _URL, 24),
    (b"vck_", _URL, 24), (b"xai-", _WORD, 70), (b"AQVN", _URL, 35),
    (b"y0_", _URL, 50), (b"t1.9eu", b"0-9A-Za-z_.=-", 80), (b"AKID", _WORD, 32), (b"AKLT", _WORD, 40),
    (b"MFRGG", _UP, 60), (b"ghv_", _WORD, 36), (b"django-insecure-", rb"\x21-\x7e", 40),
    (b"sm_pat_", _WORD, 16), (b"sm_aat_", _WORD, 16), (b"sm_sat_", _WORD, 16), (b"key_live_", _WORD, 20),
    (b"wandb_v1_", b"0-9A-Za-z_", 40), (b"uptr_", _URL, 30),
    (b"cio-", _WORD, 32), (b"pa-", _URL, 43), (b"apify_api_", _WORD, 36), (b"dvc_server_", b"0-9A-Za-z_-", 36),
    (b"e2b_", _HEX, 40), (b"fc-", _HEX, 32), (b"tvly-", _URL, 32),
    (b"sk_ant", _URL, 40), (b"eyJrIjoi", b"0-9A-Za-z+/=", 60), (b"nsec1", _LOW, 58), (b"xprv9", _WORD, 100),
    (b"cloudinary://", b"0-9A-Za-z_:-", 30), (b"sbac_", _URL, 30),
    (b"hvb.", _URL, 100), (b"op_", _WORD, 60), (b"ds-api-", _WORD, 32),
    (b"amzn.mws.", b"0-9a-f-", 36), (b"plane_api_", _HEX, 32), (b"cal_live_", _HEX, 32), (b"rootly_", _HEX, 64),
    (b"APP_USR-", b"0-9a-f-", 56), (b"endr+", _URL, 16),
    (b"mlsn.", _HEX, 60), (b"xau_", _WORD, 40), (b"bkpat_", _LOW, 40), (b"sk-helicone-", b"0-9a-z-", 32),
    (b"statsapi_", _WORD, 30), (b"bb_live_", _URL, 32), (b"ak_live_", _WORD, 30), (b"tok_live_", _WORD, 24),
)  # fmt: skip
"""Prefix, alphabet, and how many characters of it follow at the least."""

FORMS: Sequence[tuple[bytes, bytes]] = (
    (rb"\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32}", rb"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}"),
    (rb"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}", rb"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])"),
    (rb"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60}", rb"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,80}"),
    (rb"\bpat[A-Za-z0-9]{14}\.[a-f0-9]{64}", rb"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    (
        rb"\b[MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27}",
        rb"[MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}",
    ),
    (
        rb"\bA3-[A-Z0-9]{6}-[A-Z0-9]{6}-[A-Z0-9]{5}-[A-Z0-9]{5}",
        rb"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-(?:[A-Z0-9]{5}-){2}[A-Z0-9]{5}",
    ),
    (rb"\bdt0[a-z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}", rb"dt0[a-z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    (
        rb"\b(?:pat|sat)\.[A-Za-z0-9_-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20}",
        rb"(?:pat|sat)\.[A-Za-z0-9_-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20}",
    ),
    (rb"\b[0-9a-f]{32}-us[0-9]{1,2}\b", rb"[0-9a-f]{32}-us[0-9]{1,2}(?![0-9A-Za-z])"),
    (b"", rb"[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}(?![0-9A-Za-z-])"),
    (rb"\bsk\.eyJ[A-Za-z0-9_-]{20,200}\.[A-Za-z0-9_-]{20}", rb"sk\.eyJ[A-Za-z0-9_-]{20,400}\.[A-Za-z0-9_-]{20,60}"),
    (rb"\b[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk\b", rb"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk"),
    (rb"\b00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]{40}", rb"00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]{40,200}"),
    (rb"\bAAAA[A-Za-z0-9_-]{7}:[A-Za-z0-9_-]{140}", rb"AAAA[A-Za-z0-9_-]{7}:[A-Za-z0-9_-]{140,200}"),
    (b"", rb"[0-9a-f]{24}:[0-9a-f]{64}(?![0-9a-f])"),
    (
        rb"\b[12]/[0-9]{10,20}(?:/[0-9]{10,20})?:[0-9a-f]{32}",
        rb"[12]/[0-9]{10,20}(?:/[0-9]{10,20})?:[0-9a-f]{32}(?![0-9a-f])",
    ),
    (rb"\b[A-Za-z0-9]{6}(?:[0-9a-f]{30}|[0-9A-Z]{30})NRAL\b", rb"[A-Za-z0-9]{36}NRAL"),
    (rb"\b[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}", rb"[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}"),
    (rb"[A-Za-z0-9_-]{44}AzFu[A-Za-z0-9_-]{5}[AQgw]==", rb"[A-Za-z0-9_-]{44}AzFu[A-Za-z0-9_-]{5}[AQgw]=="),
    (
        rb"[A-Za-z0-9+/]{76}(?:\+AStA|ACDb)[A-Za-z0-9+/]{5}==?",
        rb"[A-Za-z0-9+/]{76}(?:\+ASt|ACDb)[A-Za-z0-9+/]{5,6}={0,2}",
    ),
    (
        rb"\baccess_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}",
        rb"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}",
    ),
    (rb"\btoken-[a-z0-9]{5}:[a-z0-9]{54}", rb"token-[a-z0-9]{5}:[a-z0-9]{54}(?![0-9A-Za-z])"),
    (
        rb"\bsyt_[A-Za-z0-9=]{1,60}_[A-Za-z0-9]{20}_[A-Za-z0-9]{6}\b",
        rb"syt_[A-Za-z0-9=]{1,60}_[A-Za-z0-9]{20}_[A-Za-z0-9]{6}(?![0-9A-Za-z])",
    ),
    (rb"\bSSWS[ \t]{1,4}[A-Za-z0-9_-]{40}", rb"SSWS[ \t]{1,4}([A-Za-z0-9_-]{40,64})"),
    (
        rb"\bapi_(?:live|sandbox)\.[A-Za-z0-9_-]{11}\.[A-Za-z0-9_-]{32}",
        rb"api_(?:live|sandbox)\.[A-Za-z0-9_-]{11}\.[A-Za-z0-9_-]{32}",
    ),
    (rb"\bcio[A-Za-z0-9]{32}\b", rb"cio(?=[a-z0-9]*[A-Z])[A-Za-z0-9]{32}(?![A-Za-z0-9])"),
    (rb"\b4b1d[A-Za-z0-9]{38}\b", rb"4b1d[A-Za-z0-9]{38}(?![A-Za-z0-9])"),
    (rb"\bsecret-[A-Za-z0-9]{43}\b", rb"secret-(?=[a-z]*[A-Z0-9])[A-Za-z0-9]{43}(?![A-Za-z0-9])"),
    (rb"[A-Za-z0-9+/]{42}\+ACR[A-D][A-Za-z0-9]{5}", rb"[A-Za-z0-9+/]{42}\+ACR[A-D][A-Za-z0-9]{5}(?![A-Za-z0-9+/])"),
    (rb"\bA1a-[A-Za-z0-9]{16}\b", rb"A1a-[A-Za-z0-9]{16}(?![A-Za-z0-9-])"),
    (rb"\bpk_[0-9]{6,9}_[A-Z0-9]{32}\b", rb"pk_[0-9]{6,9}_[A-Z0-9]{32}"),
    (rb"\bwhsec_[A-Za-z0-9+/]{24}", rb"whsec_[A-Za-z0-9+/=]{24,100}"),
)
"""What else has a form of its own: a trigger, and the whole. Those without a literal `native` finds: no trigger."""

BEGUN = (
    rb"SG\.[A-Za-z0-9_-]{4,32}(?:\.[A-Za-z0-9_-]*)?|[0-9]{8,10}:AA[A-Za-z0-9_-]*"
    rb"|[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]*"
    rb"|A3-[A-Z0-9]{6}-[A-Z0-9-]*|dt0[a-z][0-9]{2}\.[A-Z0-9]{4,24}(?:\.[A-Z0-9]*)?"
    rb"|(?:pat|sat)\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9.]*"
    rb"|[MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{4,6}(?:\.[A-Za-z0-9_-]*)?|sk\.eyJ[A-Za-z0-9_.-]*"
    rb"|pat[A-Za-z0-9]{14}\.[a-f0-9]*"
    rb"|00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]*|[12]/[0-9]{10,20}(?:/[0-9]*)?(?::[0-9a-f]*)?|AAAA[A-Za-z0-9_-]{7}:[A-Za-z0-9_-]*"
    rb"|access_token\$(?:production|sandbox)\$[0-9a-z$]*|token-[a-z0-9]{5}:[a-z0-9]*|syt_[A-Za-z0-9_=]*"
    rb"|SSWS[ \t]{1,4}[A-Za-z0-9_-]*"
)
"""What the end of an unfinished line may be the beginning of, of these forms."""

HOOKS: Sequence[tuple[bytes, bytes]] = (
    (
        rb"discord(?:app)?\.com/api/(?:v[0-9]{1,2}/)?webhooks/[0-9]{17,20}/[A-Za-z0-9_-]{50}",
        rb"discord(?:app)?\.com/api/(?:v[0-9]{1,2}/)?webhooks/([0-9]{17,20}/[A-Za-z0-9_-]{50,8192})",
    ),
    (
        rb"\.webhook\.office\.com/webhookb?2?/[A-Za-z0-9@-]{36}",
        rb"\.webhook\.office\.com/webhookb?2?/([A-Za-z0-9@/-]{36,8192})",
    ),
    (
        rb"hooks\.zapier\.com/hooks/catch/[0-9]{4,10}/[A-Za-z0-9]{5}",
        rb"hooks\.zapier\.com/hooks/catch/([0-9]{4,10}/[A-Za-z0-9]{5,40})",
    ),
    (
        rb"maker\.ifttt\.com/trigger/[^/\s]{1,60}/(?:json/)?with/key/[A-Za-z0-9_-]{20}",
        rb"/with/key/([A-Za-z0-9_-]{20,8192})",
    ),
    (
        rb"chat\.googleapis\.com/v1/spaces/[^/\s]{1,40}/messages\?key=[A-Za-z0-9_-]{20}",
        rb"/messages\?(key=[A-Za-z0-9_&=%-]{20,8192})",
    ),
    (rb"\bapi\.telegram\.org/bot[0-9]{8,10}:[A-Za-z0-9_-]{35}", rb"/bot([0-9]{8,10}:[A-Za-z0-9_-]{35})"),
    (rb"/hooks/[a-z0-9]{26}\b", rb"https?://[^\s/]{1,200}/hooks/([a-z0-9]{26})(?![A-Za-z0-9])"),
    (
        rb"outlook\.office(?:365)?\.com/webhook/[A-Za-z0-9@-]{36}",
        rb"outlook\.office(?:365)?\.com/webhook/([A-Za-z0-9@/-]{36,8192})",
    ),
    (
        rb"\.logic\.azure\.com(?::443)?/workflows/[0-9a-f]{32}[^\s\"']{0,200}[?&]sig=[A-Za-z0-9%_-]{20}",
        rb"[?&]sig=([A-Za-z0-9%_-]{20,8192})",
    ),
    (
        rb"https://[0-9a-f]{32}(?::[0-9a-f]{32})?@(?:[a-z0-9.-]{1,60}\.)?sentry\.io/",
        rb"https://[0-9a-f]{32}:([0-9a-f]{32})@",
    ),
)
"""Addresses of which a part is the key."""
