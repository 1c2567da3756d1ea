"""What VSD computes, refuses and cleans up for single resources, as one table."""

from __future__ import annotations

from collections.abc import Mapping

from nuage_chain.vsp.vsd.rules import (
    dhcp,
    domains,
    floating,
    interfaces,
    macros,
    networks,
    people,
    policies,
    ports,
    routes,
    vports,
    workloads,
)
from nuage_chain.vsp.vsd.unit import Rules

RULES: Mapping[str, Rules] = {
    "enterprise": Rules(settle=people.make_groups, guard=people.keep_system_enterprise, leave=people.empty_enterprise),
    "user": Rules(prepare=people.hide_password, settle=people.keep_password, guard=people.keep_system_user),
    "permission": Rules(prepare=people.name_group),
    "domaintemplate": Rules(leave=domains.release_instances),
    "l2domaintemplate": Rules(prepare=networks.check_l2, leave=domains.release_instances),
    "domain": Rules(prepare=domains.check_template),
    "l2domain": Rules(prepare=networks.instantiate_l2),
    "subnet": Rules(prepare=networks.check_subnet, settle=networks.record_plan),
    "addressrange": Rules(prepare=networks.check_range, settle=networks.search_again, leave=networks.search_again),
    "ipreservation": Rules(
        prepare=networks.check_reservation, settle=networks.search_again, leave=networks.search_again
    ),
    "vmipreservation": Rules(
        prepare=networks.check_machine_reservation, settle=networks.search_again, leave=networks.search_again
    ),
    "policygroup": Rules(prepare=domains.number_group, guard=domains.keep_used_group),
    "ingressacltemplate": Rules(prepare=policies.number_template),
    "egressacltemplate": Rules(prepare=policies.number_template),
    "ingressaclentrytemplate": Rules(prepare=policies.check_entry),
    "egressaclentrytemplate": Rules(prepare=policies.check_entry),
    "enterprisenetwork": Rules(prepare=macros.check_macro, settle=macros.claim_prefix),
    "publicnetwork": Rules(prepare=macros.check_macro, settle=macros.claim_prefix),
    "sharednetworkresource": Rules(prepare=floating.check_shared),
    "floatingip": Rules(prepare=floating.take, leave=floating.give_back),
    "dhcpoption": Rules(prepare=dhcp.check_option),
    "dhcpv6option": Rules(prepare=dhcp.check_option),
    "staticroute": Rules(prepare=routes.check_route),
    "vport": Rules(prepare=vports.locate, guard=vports.keep_attached, leave=vports.detach),
    "container": Rules(prepare=workloads.check, settle=workloads.attach_interfaces),
    "vm": Rules(prepare=workloads.check, settle=workloads.attach_interfaces),
    "containerinterface": Rules(prepare=interfaces.plug, settle=interfaces.settle, leave=interfaces.unplug),
    "containerresync": Rules(prepare=workloads.note_resync),
    "hostinterface": Rules(prepare=ports.plug, settle=ports.settle, leave=interfaces.unplug),
    "bridgeinterface": Rules(prepare=ports.plug, settle=ports.settle, leave=interfaces.unplug),
    "vminterface": Rules(prepare=interfaces.plug, settle=interfaces.settle, leave=interfaces.unplug),
}
