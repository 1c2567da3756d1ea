"""What VSD computes, refuses and cleans up for single resources, as one table."""

from __future__ import annotations

from collections.abc import Mapping

from nuage_chain.vsp.vsd.rules import domains, interfaces, networks, people, vports, workloads
from nuage_chain.vsp.vsd.unit import Rules

RULES: Mapping[str, Rules] = {
    "enterprise": Rules(settle=people.make_groups, guard=people.keep_system_enterprise, leave=people.empty_enterprise),
    "user": Rules(prepare=people.hide_password, settle=people.keep_password, guard=people.keep_system_user),
    "permission": Rules(prepare=people.name_group),
    "domaintemplate": Rules(leave=domains.release_instances),
    "l2domaintemplate": Rules(prepare=networks.check_l2, leave=domains.release_instances),
    "domain": Rules(prepare=domains.check_template),
    "l2domain": Rules(prepare=networks.instantiate_l2),
    "subnet": Rules(prepare=networks.check_subnet),
    "addressrange": Rules(prepare=networks.check_range),
    "ipreservation": Rules(prepare=networks.check_reservation),
    "policygroup": Rules(prepare=domains.number_group, guard=domains.keep_used_group),
    "vport": Rules(prepare=vports.locate, guard=vports.keep_attached, leave=vports.detach),
    "container": Rules(prepare=workloads.check, settle=workloads.attach_interfaces),
    "vm": Rules(prepare=workloads.check, settle=workloads.attach_interfaces),
    "containerinterface": Rules(prepare=interfaces.plug, settle=interfaces.settle, leave=interfaces.unplug),
    "vminterface": Rules(prepare=interfaces.plug, settle=interfaces.settle, leave=interfaces.unplug),
}
