"""What a container runtime does with a network: libcni's order, libcni's injections, libcni's cache.

CNI specification, section 4 ("Execution of Network Configurations"). Results are plain objects here, of whatever
version the plugins speak.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nuage_chain.cni.runtime import execute, process
from nuage_chain.cni.runtime.attachment import Attachment
from nuage_chain.cni.runtime.cache import Cache, Cached
from nuage_chain.cni.runtime.conflist import Network, Plugin
from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, CheckFailed, NuageChainError

__all__ = ["Attachment", "Runtime"]

CLEANING_SECONDS = 10.0
PREV_RESULT_SINCE = "0.4.0"
STATUS_AND_GC_SINCE = "1.1.0"


def _as_it_is(result: dict[str, Any], _version: str) -> dict[str, Any]:
    return result


class Runtime:
    """Runs plugins from `plugin_dirs` as a container runtime does.

    environment: what the plugins inherit. run: starts a process, as process.run. convert: makes a cached result one of
    another version of the specification, for a configuration that was changed meanwhile.

    Every method raises BadConfig (a plugin that is not there, an ID that is none), PluginFailed, DeadlineExceeded.
    """

    def __init__(
        self,
        plugin_dirs: Sequence[Path],
        cache_dir: Path = Path("/var/lib/cni"),
        *,
        environment: Mapping[str, str] = MappingProxyType({}),
        run: execute.Run = process.run,
        convert: Callable[[dict[str, Any], str], dict[str, Any]] = _as_it_is,
    ) -> None:
        self._folders = list(plugin_dirs)
        self._cache = Cache(cache_dir)
        self._environment = environment
        self._run = run
        self._convert = convert

    def add(self, network: Network, attachment: Attachment, deadline: Deadline) -> dict[str, Any]:
        """ADD of each plugin in order; the last result, which is cached. On an error the caller has to `delete`."""
        attachment.check()
        programs = [execute.find_plugin(plugin.type, self._folders) for plugin in network.plugins]
        result: dict[str, Any] = {}
        for plugin, program in zip(network.plugins, programs, strict=True):
            config = _config(network, plugin, attachment, result)
            printed = self._execute(program, "ADD", attachment, config, deadline)
            result = execute.result_of(printed, plugin.type, network.version)
        self._cache.write(network, attachment, result)
        return result

    def add_or_clean(self, network: Network, attachment: Attachment, deadline: Deadline) -> dict[str, Any]:
        """As `add`; when it fails, DEL of every plugin, and what that cannot do is added to the error."""
        try:
            return self.add(network, attachment, deadline)
        except NuageChainError as error:
            for problem in self._clean(network, attachment, deadline.extended(CLEANING_SECONDS)):
                error.add(f"Besides: {problem.message}")
            raise

    def delete(self, network: Network, attachment: Attachment, deadline: Deadline) -> None:
        """DEL of each plugin in reverse order with the cached result; an error ends it, and may be repeated."""
        attachment.check()
        previous = self._previous(network, attachment)
        for plugin in reversed(network.plugins):
            self._call(network, plugin, "DEL", attachment, previous, deadline)
        self._cache.remove(network.name, attachment)

    def check(self, network: Network, attachment: Attachment, deadline: Deadline) -> None:
        """CHECK of each plugin in order, unless the list says `disableCheck`. Raises CheckFailed where never added."""
        attachment.check()
        if not network.has(PREV_RESULT_SINCE):
            raise BadConfig(
                f"{network.source}: `cniVersion` {network.version} has no CHECK; 0.4.0 is the first that has."
            )
        if network.disable_check:
            return
        previous = self._previous(network, attachment)
        if previous is None:
            raise CheckFailed(
                f"Nothing is known of container {attachment.container_id} with {attachment.ifname} in network "
                f"{network.name}: it was never added, or deleted since."
            )
        for plugin in network.plugins:
            self._call(network, plugin, "CHECK", attachment, previous, deadline)

    def status(self, network: Network, deadline: Deadline) -> None:
        """STATUS of each plugin in order, where the list's version has it. Raises the first error."""
        if network.has(STATUS_AND_GC_SINCE):
            for plugin in network.plugins:
                self._call(network, plugin, "STATUS", None, None, deadline)

    def gc(self, network: Network, valid: Collection[tuple[str, str]], deadline: Deadline) -> None:
        """DEL of every cached attachment that is not among `valid`, then GC of each plugin; all of it is tried.

        valid: (container ID, ifname) of what is to stay, complete. Does nothing where the list says `disableGC`.
        Raises the first error, with what else went wrong in its message.
        """
        if network.disable_gc:
            return
        stale = [one for one in self.attachments() if one.network == network.name and _key(one) not in valid]
        problems: list[NuageChainError] = []
        for one in stale:
            _try(problems, self.delete, network, one.attachment, deadline)
        if network.has(STATUS_AND_GC_SINCE):
            attachments = [{"containerID": container_id, "ifname": ifname} for container_id, ifname in valid]
            # The specification's name, and the one that libcni used before it.
            extra = {"cni.dev/valid-attachments": attachments, "cni.dev/attachments": attachments}
            for plugin in network.plugins:
                _try(problems, self._call, network, plugin, "GC", None, None, deadline, extra)
        _raise_all(problems)

    def attachments(self, container_id: str | None = None) -> list[Cached]:
        """What the cache knows of, whoever added it."""
        return self._cache.attachments(container_id)

    def _previous(self, network: Network, attachment: Attachment) -> dict[str, Any] | None:
        if not network.has(PREV_RESULT_SINCE):
            return None
        cached = self._cache.result(network.name, attachment)
        return cached if cached is None else self._convert(cached, network.version)

    def _clean(self, network: Network, attachment: Attachment, deadline: Deadline) -> list[NuageChainError]:
        problems: list[NuageChainError] = []
        try:
            attachment.check()
            for plugin in network.plugins:
                execute.find_plugin(plugin.type, self._folders)
        except BadConfig:
            # Nothing was run, so there is nothing to clean.
            return []
        for plugin in reversed(network.plugins):
            _try(problems, self._call, network, plugin, "DEL", attachment, None, deadline)
        _try(problems, self._cache.remove, network.name, attachment)
        return problems

    def _call(
        self,
        network: Network,
        plugin: Plugin,
        command: str,
        attachment: Attachment | None,
        previous: dict[str, Any] | None,
        deadline: Deadline,
        extra: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        program = execute.find_plugin(plugin.type, self._folders)
        config = {**_config(network, plugin, attachment, previous), **extra}
        self._execute(program, command, attachment, config, deadline)

    def _execute(
        self, program: Path, command: str, attachment: Attachment | None, config: dict[str, Any], deadline: Deadline
    ) -> bytes:
        environment = execute.variables(command, attachment, self._folders, self._environment)
        return execute.execute(program, environment, config, deadline, self._run)


def _config(
    network: Network, plugin: Plugin, attachment: Attachment | None, previous: dict[str, Any] | None
) -> dict[str, Any]:
    """A plugin's configuration as it goes to its stdin."""
    config = {**plugin.config, "name": network.name, "cniVersion": network.version}
    if previous:
        config["prevResult"] = previous
    given = attachment.capability_args if attachment else {}
    wanted = {name: given[name] for name in plugin.capabilities if name in given}
    if wanted:
        config["runtimeConfig"] = wanted
    return config


def _key(cached: Cached) -> tuple[str, str]:
    return cached.attachment.container_id, cached.attachment.ifname


def _try(problems: list[NuageChainError], what: Callable[..., None], *args: object) -> None:
    try:
        what(*args)
    except NuageChainError as problem:
        problems.append(problem)


def _raise_all(problems: list[NuageChainError]) -> None:
    if not problems:
        return
    first, *others = problems
    for problem in others:
        first.add(problem.message)
    raise first
