"""Tokens: issue, list and revoke; for admins."""

from __future__ import annotations

from guardcli.api.context import Api, Who
from guardcli.api.routing import new_router
from guardcli.api.store.database import now
from guardcli.api.store.tokens import TokenKind
from guardcli.api.token_bodies import NewToken, TokenIssued, TokenList, TokenView

router = new_router(prefix="/tokens", tags=["tokens"])


@router.post("", status_code=201)
def issue_token(body: NewToken, api: Api, who: Who) -> TokenIssued:
    """Issue a service token; its text is in this answer and nowhere else."""
    who.may_manage()
    found, text = api.store.tokens.issue(
        body.name,
        body.role,
        body.groups,
        body.days * 86400,
        who.owner,
        scopes=body.scopes,
        owner=body.owner,
    )
    return TokenIssued(token=TokenView.of(found, now()), text=text.reveal())


@router.get("")
def list_tokens(api: Api, who: Who, kind: TokenKind | None = None) -> TokenList:
    """List the tokens of services and logins, never their text."""
    who.may_manage()
    at = now()
    return TokenList(tokens=[TokenView.of(token, at) for token in api.store.tokens.all(kind)])


@router.delete("/{id}", status_code=204)
def revoke_token(id: str, api: Api, who: Who) -> None:
    """End a token now."""
    who.may_manage()
    api.store.tokens.revoke(id, who.owner)
