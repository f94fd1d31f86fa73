"""The controls of NIST SP 800-53 rev. 5 that a record of guard's says something about: what it shows, and what not."""

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
        ("tokens_issued", "tokens_revoked", "logins", "sessions_revoked"),
        "Tokens issued and revoked, logins, and sessions ended by an administrator.",
        "Accounts in the identity provider and in the target systems, and whether each is still needed.",
    ),
    Control(
        "AC-3",
        "Access Enforcement",
        ("calls", "allowed", "asked", "denied"),
        "Every call was judged by a policy before it ran.",
        "Calls that never passed guard: by other users, other machines, or an agent that ran without isolation.",
    ),
    Control(
        "AC-6",
        "Least Privilege",
        ("denied", "asked", "policies"),
        "What the policy in force denied or put before a person.",
        "What the credentials behind guard are allowed to do in the target systems.",
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
        ("votes", "approvals_requested"),
        "Requests that people reviewed before the act.",
        "That anybody read the record afterwards.",
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
        ("votes", "approvals_decided"),
        "Votes and decisions stand in a hash chain under the reviewer's identity.",
        "A signature made with a key of the reviewer's own: there is none.",
    ),
    Control(
        "AU-11",
        "Audit Record Retention",
        ("earliest_session", "recordings_deleted", "sessions_held"),
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
        "Service tokens issued.",
        "Whether the services behind guard prove who they are.",
    ),
    Control(
        "SC-8", "Transmission Confidentiality", (), "Nothing is counted.", "TLS in front of the API, and to targets."
    ),
    Control(
        "SC-13",
        "Cryptographic Protection",
        ("keys_rotated", "identities_rotated"),
        "SHA-256 chains; Ed25519 signatures of heads and of this bundle; recordings sealed with age (X25519).",
        "FIPS validation.",
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
