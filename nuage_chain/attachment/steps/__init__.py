"""The steps of ADD, in the order in which the plan has them; DEL is their undo."""

from __future__ import annotations

from nuage_chain.attachment.plan import Step
from nuage_chain.attachment.settings import SPLIT, Settings
from nuage_chain.attachment.steps.container import AddressContainer, Announce
from nuage_chain.attachment.steps.end import CompleteResult, Confirm
from nuage_chain.attachment.steps.host import FindHostVeth, LeaveBridge
from nuage_chain.attachment.steps.port import PlugIntoVrs, WaitUntilForwarding
from nuage_chain.attachment.steps.registration import RegisterWithVsd


def plan(settings: Settings) -> list[Step]:
    """The steps of ADD for these settings: `metadata` leaves VSD to the VSP."""
    return [
        FindHostVeth(),
        LeaveBridge(),
        *([RegisterWithVsd()] if settings.activation == SPLIT else []),
        PlugIntoVrs(),
        WaitUntilForwarding(),
        AddressContainer(),
        Announce(),
        CompleteResult(),
        Confirm(),
    ]


def everything() -> list[Step]:
    """Whatever an earlier call may have done, under whatever settings; its record tells what there is to undo."""
    return [
        FindHostVeth(), LeaveBridge(), RegisterWithVsd(), PlugIntoVrs(), WaitUntilForwarding(), AddressContainer(),
        Announce(), CompleteResult(), Confirm(),
    ]  # fmt: skip
