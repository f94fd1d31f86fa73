"""The controls of NIST SP 800-53 rev. 5 that a record of guard's says something about: what it shows, what not."""

from __future__ import annotations

from typing import NamedTuple


class Control(NamedTuple):
    """One control: which of the counted `facts` bear on it, and what guard cannot show of it."""

    id: str
    title: str
    facts: tuple[str, ...]
    shows: str
    not_shown: str


NIST_800_53 = (
    Control(
        "AC-2",
        "Account Management",
        (
            "tokens_issued",
            "tokens_revoked",
            "logins",
            "logouts",
            "sessions_revoked",
            "grants_given",
            "grants_revoked",
        ),
        "Accounts of guard's own: tokens issued and revoked, logins and their ends, sessions that an "
        "administrator ended, standing grants given and taken back; who did it is in the trail.",
        "Accounts in the identity provider and in the target systems, who is in which of their groups, and "
        "whether each is still needed.",
    ),
    Control(
        "AC-3",
        "Access Enforcement",
        (
            "calls",
            "allowed",
            "asked",
            "denied",
            "approvals_approved",
            "approvals_denied",
            "approvals_expired",
            "approvals_cancelled",
        ),
        "Each call in a guarded session was judged by a policy before it ran, and what needed a person's yes "
        "waited for it.",
        "Calls that never passed guard: by other users, on other machines, or by an agent that ran without "
        "isolation; what the target systems themselves enforce.",
    ),
    Control(
        "AC-6",
        "Least Privilege",
        (
            "denied",
            "asked",
            "policies",
            "policies_published",
            "policies_assigned",
            "policies_rolled_back",
            "policies_withdrawn",
        ),
        "What the policies in force denied or put before a person, and who changed these policies at the "
        "centre, each change signed.",
        "What the credentials behind guard may do in the target systems; policies that machines have as files"
        " of their own, of which the record has the digest alone.",
    ),
    Control(
        "AC-17",
        "Remote Access",
        ("sessions", "hosts"),
        "Sessions, with the host that each ran on.",
        "How those hosts are reached, and remote access outside of guard.",
    ),
    Control("AU-2", "Event Logging", ("events",), "Events of every guarded session.", "Events of the target systems."),
    Control(
        "AU-3",
        "Content of Audit Records",
        ("events", "identities"),
        "Each event says what, when, in which session, under which identity, and how it ended.",
        "Who sat behind a shared token or a shared user.",
    ),
    Control(
        "AU-6",
        "Audit Record Review",
        (
            "approvals_requested",
            "votes",
            "sessions_held",
        ),
        "Requests that people reviewed before the act, with their reasons, and sessions that somebody had kept.",
        "That anybody read the record afterwards: reading is not recorded; analysis and reporting are done "
        "with the search and what goes out to a collector.",
    ),
    Control(
        "AU-9",
        "Protection of Audit Information",
        ("faults", "events", "signed_heads"),
        "Chains, digests and signed heads were recomputed for this bundle; faults are listed.",
        "That database and archive were not both set back to one earlier head: compare with one kept elsewhere.",
    ),
    Control(
        "AU-10",
        "Non-repudiation",
        (
            "votes",
            "approvals_approved",
            "approvals_denied",
            "approvals_used",
            "approvals_withdrawn",
        ),
        "Votes, decisions and uses stand in a hash chain under the identity that was authenticated, over the "
        "digest of the exact call.",
        "A signature made with a key of the reviewer's own: there is none; whoever runs the API could have "
        "written in another's name.",
    ),
    Control(
        "AU-11",
        "Audit Record Retention",
        (
            "earliest_session",
            "recordings_deleted",
            "sessions_held",
            "sessions_released",
        ),
        "The earliest session that is kept in this span; recordings deleted, each by a rule that is named, and holds.",
        "What was deleted from backups, and the retention that the organisation requires.",
    ),
    Control(
        "AU-12",
        "Audit Record Generation",
        ("sessions", "sessions_closed", "sessions_lost"),
        "Sessions whose record is complete, and those whose broker was lost.",
        "That guard was in the path of every agent; guard doctor checks one machine.",
    ),
    Control(
        "IA-2",
        "Identification and Authentication",
        ("logins", "identities"),
        "Logins, and the identities that sessions ran under.",
        "How the identity provider authenticated them, and with how many factors.",
    ),
    Control(
        "IA-4",
        "Identifier Management",
        ("identities", "tokens_issued"),
        "Identities seen, tokens issued.",
        "How identifiers are assigned and reused elsewhere.",
    ),
    Control(
        "IA-5",
        "Authenticator Management",
        ("tokens_issued", "tokens_revoked"),
        "Tokens are kept as hashes, and their issue and revocation are recorded.",
        "How the tokens, and the credentials of the target systems, are stored by those who hold them.",
    ),
    Control(
        "IA-9",
        "Service Identification and Authentication",
        ("tokens_issued",),
        "Tokens issued to services and people: the trail has the role of each.",
        "Whether the services behind guard prove who they are, beyond what a resource's TLS settings ask.",
    ),
    Control(
        "SC-8", "Transmission Confidentiality", (), "Nothing is counted.", "TLS in front of the API, and to targets."
    ),
    Control(
        "SC-13",
        "Cryptographic Protection",
        (
            "keys_rotated",
            "identities_rotated",
            "identities_retired",
            "signed_heads",
        ),
        "SHA-256 chains; Ed25519 signatures of heads, policies and this bundle; recordings sealed with age "
        "(X25519, ChaCha20-Poly1305), spools with AES-256-GCM; when keys changed.",
        "FIPS validation: X25519 and ChaCha20-Poly1305 are not approved algorithms.",
    ),
    Control(
        "SC-28",
        "Protection of Information at Rest",
        ("masked",),
        "What was masked before it was recorded; recordings are sealed with age before they are stored.",
        "Encryption of the disks, databases and backups that hold events; who has what opens recordings.",
    ),
    Control(
        "RA-3",
        "Risk Assessment",
        ("denied", "asked"),
        "How often something risky was tried.",
        "An assessment: people make it.",
    ),
    Control("RA-5", "Vulnerability Monitoring", (), "Nothing is counted.", "Vulnerabilities: guard looks for none."),
    Control(
        "SI-4",
        "System Monitoring",
        ("calls", "denied", "masked", "failed"),
        "Calls of agents were monitored as they were made.",
        "Anything outside the guarded sessions.",
    ),
)

FRAMEWORKS = {"nist-800-53": NIST_800_53}
