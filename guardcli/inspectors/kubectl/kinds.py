"""What the kinds of a cluster are called, and which of them a change is graver for.

A kind may be written as its singular, plural or short name or as its Kind, in any case, with a version and a group
behind dots (``deployments.v1.apps``, ``crd.apiextensions.k8s.io``, ``ClusterRole.rbac.authorization.k8s.io``). The
names are those of Kubernetes 1.32's own API (``kubectl api-resources``). A kind of somebody else's that shares the
name of a built-in one is taken for it, which can only make a call look graver than it is.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from guardcli.model.effects import Effect

_BUILT_IN = """
apiservice apiservices
binding bindings
certificatesigningrequest certificatesigningrequests csr
clusterrole clusterroles
clusterrolebinding clusterrolebindings
clustertrustbundle clustertrustbundles
componentstatus componentstatuses cs
configmap configmaps cm
controllerrevision controllerrevisions
cronjob cronjobs cj
csidriver csidrivers
csinode csinodes
csistoragecapacity csistoragecapacities
customresourcedefinition customresourcedefinitions crd crds
daemonset daemonsets ds
deployment deployments deploy
deviceclass deviceclasses
endpoint endpoints ep
endpointslice endpointslices
event events ev
flowschema flowschemas
horizontalpodautoscaler horizontalpodautoscalers hpa
ingress ingresses ing
ingressclass ingressclasses
ipaddress ipaddresses ip
job jobs
lease leases
limitrange limitranges limits
localsubjectaccessreview localsubjectaccessreviews
mutatingadmissionpolicy mutatingadmissionpolicies
mutatingadmissionpolicybinding mutatingadmissionpolicybindings
mutatingwebhookconfiguration mutatingwebhookconfigurations
namespace namespaces ns
networkpolicy networkpolicies netpol
node nodes no
persistentvolume persistentvolumes pv
persistentvolumeclaim persistentvolumeclaims pvc
pod pods po
poddisruptionbudget poddisruptionbudgets pdb
podsecuritypolicy podsecuritypolicies psp
podtemplate podtemplates
priorityclass priorityclasses pc
prioritylevelconfiguration prioritylevelconfigurations
replicaset replicasets rs
replicationcontroller replicationcontrollers rc
resourceclaim resourceclaims
resourceclaimtemplate resourceclaimtemplates
resourceslice resourceslices
resourcequota resourcequotas quota
role roles
rolebinding rolebindings
runtimeclass runtimeclasses
secret secrets
selfsubjectaccessreview selfsubjectaccessreviews
selfsubjectreview selfsubjectreviews
selfsubjectrulesreview selfsubjectrulesreviews
service services svc
serviceaccount serviceaccounts sa
servicecidr servicecidrs
statefulset statefulsets sts
storageclass storageclasses sc
subjectaccessreview subjectaccessreviews
tokenrequest tokenrequests
tokenreview tokenreviews
validatingadmissionpolicy validatingadmissionpolicies
validatingadmissionpolicybinding validatingadmissionpolicybindings
validatingwebhookconfiguration validatingwebhookconfigurations
volumeattachment volumeattachments
volumeattributesclass volumeattributesclasses vac
volumesnapshot volumesnapshots vs
volumesnapshotclass volumesnapshotclasses vsclass
volumesnapshotcontent volumesnapshotcontents vsc
securitycontextconstraint securitycontextconstraints scc
"""
"""Singular, plural and short names, a kind a line; the last four lines are widespread extensions."""

_POWER = frozenset(
    {
        "api-extensions",
        "apiservice",
        "certificatesigningrequest",
        "clusterpolicy",
        "clusterrole",
        "clusterrolebinding",
        "clustertrustbundle",
        "constrainttemplate",
        "mutatingadmissionpolicy",
        "mutatingadmissionpolicybinding",
        "mutatingwebhookconfiguration",
        "podsecuritypolicy",
        "role",
        "rolebinding",
        "securitycontextconstraint",
        "tokenrequest",
        "validatingadmissionpolicy",
        "validatingadmissionpolicybinding",
        "validatingwebhookconfiguration",
    }
)
"""Kinds that say who may do what, or stand between a request and what it does: any change is a privilege."""

_SHAPE = frozenset({"customresourcedefinition", "apiservice", "api-extensions"})
"""Kinds that change what kinds there are."""

_ROOTS = frozenset(
    {
        "cluster",
        "machine",
        "machinedeployment",
        "machinepool",
        "machineset",
        "namespace",
        "node",
        "persistentvolume",
        "persistentvolumeclaim",
        "project",
        "volumesnapshotcontent",
    }
)
"""Kinds whose deletion takes more than themselves: all that is inside, all that runs there, the data.

Clusters and machines are those of Cluster API and of operators for databases, projects are OpenShift's namespaces.
"""

REVIEWS = frozenset(
    {
        "localsubjectaccessreview",
        "selfsubjectaccessreview",
        "selfsubjectreview",
        "selfsubjectrulesreview",
        "subjectaccessreview",
    }
)
"""Kinds that ask a question by being created and are not stored."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind by its singular name where it is built in, else as it was written, its group included."""

    name: str
    base: str

    @property
    def secret(self) -> bool:
        """Return whether its objects hold secrets; whatever has the word in its name does."""
        return "secret" in self.base

    @property
    def built_in(self) -> bool:
        """Return whether it has the name of a kind of Kubernetes' own."""
        return self.base in _names()

    def change(self) -> frozenset[Effect]:
        """Return what any change adds for this kind."""
        added = {Effect.PRIVILEGE} if self.base in _POWER else set()
        if self.base in _SHAPE:
            added.add(Effect.DEFINE)
        if self.base == "networkpolicy":
            added.add(Effect.NETWORK)
        return frozenset(added)

    def deletion(self) -> frozenset[Effect]:
        """Return what a deletion adds for this kind."""
        return self.change() | {Effect.DEFINE} if self.base in _ROOTS else self.change()


@functools.cache
def _names() -> dict[str, str]:
    return {name: line.split()[0] for line in _BUILT_IN.strip().splitlines() for name in line.split()}


@functools.lru_cache(maxsize=1024)
def kind_named(written: str) -> Kind:
    """Return the kind that `written`, an argument's part before ``/``, names."""
    lowered = written.lower()
    base = lowered.partition(".")[0]
    name = _names().get(base)
    if name:
        return Kind(name, name)
    singular = next((kind for kind in _POWER | _ROOTS if base in (kind, kind + "s", kind[:-1] + "ies")), "")
    return Kind(singular or lowered, singular or base)


def kind_of(api_version: str, kind: str) -> Kind:
    """Return the kind of a manifest's ``apiVersion`` and ``kind``."""
    group = api_version.rpartition("/")[0]
    return kind_named(f"{kind}.{group}" if group and kind.lower() not in _names() else kind)
