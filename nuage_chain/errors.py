"""Every error this project raises: one tree, each with its CNI code, a sentence, and what to do next.

Codes below 100 are those of the CNI specification, section 5 ("Error"); 100 and above are ours.
A subclass says once what a person should do (`hint`); an instance may say it more precisely.
"""

from __future__ import annotations

from typing import ClassVar


class NuageChainError(Exception):
    """The root of the tree.

    message: one sentence that says what is wrong and where.
    hint: what to do next; the class's own where None.
    """

    code: ClassVar[int] = 199
    hint: str = "This is a fault of nuage-chain itself: please report it with the lines above."

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if hint is not None:
            self.hint = hint

    def add(self, more: str) -> None:
        """Appends what went wrong besides, as when cleaning up after this error was not complete."""
        self.message = f"{self.message.rstrip('.')}. {more.rstrip('.')}."
        self.args = (self.message,)


class ProtocolError(NuageChainError):
    """What the runtime sent does not follow the CNI specification."""


class IncompatibleVersion(ProtocolError):
    """The cniVersion is one that we do not speak."""

    code = 1
    hint = "Set cniVersion to one that this plugin supports: 0.3.0, 0.3.1, 0.4.0, 1.0.0 or 1.1.0."


class BadEnvironment(ProtocolError):
    """A CNI_* variable is missing or malformed."""

    code = 4
    hint = "The runtime sets these variables; by hand, use `nuage-chain run` instead."


class InvalidNetns(ProtocolError):
    """Code 8 is libcni's (pkg/types), not the specification's."""

    code = 8
    hint = "CNI_NETNS is the path of the container's network namespace, never the plugin's own."


class DecodeFailure(ProtocolError):
    """Standard input, or a part of it, cannot be read."""

    code = 6
    hint = "The plugin reads one JSON object, the network configuration, on standard input."


class BadConfig(NuageChainError):
    """A configuration, from whatever source, that is wrong and stays wrong until someone edits it."""

    code = 7
    hint = "Correct the configuration and try again."


class IOFailure(NuageChainError):
    """A file or folder that cannot be read or written."""

    code = 5
    hint = "Check that the path exists and that root may write to it."


class TryAgainLater(NuageChainError):
    """Something is down or slow now; the same call may work later."""

    code = 11
    hint = "Try again later."


class DeadlineExceeded(TryAgainLater):
    """The time budget of the call is used up."""

    hint = "Raise `timeout` in the configuration if this machine is slow, or find out what hangs."


class CallEnded(DeadlineExceeded):
    """Whoever made the call has ended it."""

    hint = "Nothing is left of it that the journal does not know; call again."


class OvsdbUnreachable(TryAgainLater):
    """No connection to OVSDB, or it broke."""

    hint = "Check that Open vSwitch (ovsdb-server) runs and that `ovsdb` names its socket."


class VsdUnreachable(TryAgainLater):
    """No connection to VSD, or no usable answer from it."""

    hint = "Check that VSD is up and that `vsd.url` and the network to it are right."


class VsdReplyLost(VsdUnreachable):
    """The request was sent and no usable answer came: whether VSD has carried it out is not known."""


class OrchestratorUnreachable(TryAgainLater):
    """No connection to nuagekubemon or the Kubernetes API server: nothing was sent."""

    hint = "Check that it runs, and that kubemon.url or the kubeconfig names it and the network to it is right."


class OrchestratorReplyLost(OrchestratorUnreachable):
    """The request was sent and no usable answer came: whether it has been carried out is not known."""


class NotForwarding(TryAgainLater):
    """The port is in the switch but VRS did not report it as resolved in time."""

    hint = "Check the controller connection of VRS and that the subnet exists in VSD."


class NotAvailable(NuageChainError):
    """STATUS: no container can be attached now (specification, code 50)."""

    code = 50
    hint = "See the message; ADD will fail until it is mended."


class LimitedConnectivity(NuageChainError):
    """STATUS: no container can be attached, and those attached may be cut off (specification, code 51)."""

    code = 51
    hint = "See the message; containers that run already may be affected too."


class VsdLoginRefused(NuageChainError):
    """VSD refused the credentials."""

    code = 100
    hint = "Check vsd.user, vsd.password or vsd.certificate, and vsd.organization."


class VsdNotVerified(NuageChainError):
    """VSD's TLS certificate could not be verified."""

    code = 101
    hint = "Give the CA that signed VSD's certificate as `vsd.ca`; the name in vsd.url has to match it."


class VsdRefused(NuageChainError):
    """VSD answered, and said no; the message carries its own words.

    status: of HTTP; internal_code: VSD's `internalErrorCode`, None where it gave none.
    """

    code = 102
    hint = "VSD's own words are in the message."

    def __init__(self, message: str, *, status: int, internal_code: int | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.internal_code = internal_code

    @property
    def not_found(self) -> bool:
        """Whether VSD has no object there."""
        return self.status == 404


class HostVethNotFound(NuageChainError):
    """The container's interface has no other end that we could plug in."""

    code = 103
    hint = "A plugin that makes a veth pair (bridge or ptp) has to come before nuage-chain in the list."


class SwitchRefused(NuageChainError):
    """OVSDB answered, and refused the transaction, or the switch could not open the port."""

    code = 104
    hint = "Open vSwitch's own words are in the message."


class AlreadyAttached(NuageChainError):
    """There is a port of that name in the switch already."""

    code = 105
    hint = "Delete the attachment (CNI DEL) before it is added again."


class CheckFailed(NuageChainError):
    """CHECK found an attachment that is not as ADD left it."""

    code = 106
    hint = "The runtime should delete and recreate the container."


class KernelRefused(NuageChainError):
    """A netlink or ioctl call failed; the message says which, on what, and the errno's text."""

    code = 107
    hint = "Check that the plugin runs as root in the host's network namespace."


class PluginFailed(NuageChainError):
    """A CNI plugin that we ran as a runtime does printed an error, or nothing that makes sense.

    plugin: its type; command: ADD, DEL, …; plugin_code, plugin_message, details: its own words, None and "" where none.
    """

    code = 108
    hint = "The words are the plugin's own; correct its part of the configuration, or see its documentation."

    def __init__(
        self, plugin: str, command: str, message: str, *, plugin_code: int | None = None, details: str = ""
    ) -> None:
        shown = message if not details or details in message else f"{message} ({details})"
        super().__init__(f"Plugin {plugin!r} failed ({command}): {shown}")
        self.plugin = plugin
        self.command = command
        self.plugin_code = plugin_code
        self.plugin_message = message
        self.details = details


class OrchestratorRefused(NuageChainError):
    """nuagekubemon or the Kubernetes API server answered, and said no.

    status: of HTTP; 0 where TLS refused our certificate.
    """

    code = 109
    hint = "Its own words are in the message; 401 and 403 are about the token or certificate that we showed."

    def __init__(self, message: str, *, status: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class OrchestratorNotVerified(NuageChainError):
    """The TLS certificate of nuagekubemon or the Kubernetes API server could not be verified."""

    code = 110
    hint = "Give the CA that signed it (kubemon.ca, the kubeconfig); the name in the URL has to be in the certificate."
