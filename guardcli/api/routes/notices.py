"""How the channels do that people are told by; for admins."""

from __future__ import annotations

from guardcli.api.approval_bodies import ChannelList, ChannelView
from guardcli.api.context import Api, Who
from guardcli.api.routing import new_router
from guardcli.api.store.notices import ChannelStatus

router = new_router(prefix="/notices", tags=["approvals"])


@router.get("")
def list_channels(api: Api, who: Who) -> ChannelList:
    """List the channels that are configured or were ever used, with what waits and what went wrong last."""
    who.may_manage()
    used = {status.channel: status for status in api.store.notices.status()}
    names = dict.fromkeys([*(channel.name for channel in api.config.channels), *used])
    found = [used.get(name, ChannelStatus(name, 0, 0, 0, "")) for name in names]
    return ChannelList(channels=[ChannelView.model_validate(status) for status in found])
