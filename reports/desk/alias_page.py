"""`/paper/aliases`: what staff have taught by linking 别名, and taking it back."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from registry import decisions, queries
from reports.desk.frame import Acting, Id, SignedIn

router = APIRouter(include_in_schema=False)

PAGE = "/paper/aliases"


@router.get(PAGE)
def aliases_page(visit: SignedIn) -> Response:
    """Show every alias, the newest first, those taken back last."""
    with visit.reading() as connection:
        found = queries.aliases(connection, revoked=True)[::-1]
        ordered = sorted(found, key=lambda each: each.revoked_at is not None)
        return visit.page(connection, "aliases.html", aliases=ordered)


@router.post(PAGE + "/{alias}/revoke")
def revoke(visit: Acting, alias: Id) -> Response:
    """Take an alias back."""
    return visit.act(
        lambda connection, now: decisions.revoke_alias(
            connection, alias, who=visit.account.name, now=now
        ),
        done="已撤销。此前据此匹配的申报材料会重新核对。",
        back=PAGE,
    )
