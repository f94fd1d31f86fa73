"""kubectl: verbs, objects and manifests, and where a call goes and as whom.

================  ================================================================================================
``inspector``     `KubectlInspector`: one call, and the grave operations of its flags and environment
``flags``         the command line as kubectl takes it apart, by the tables in ``data/flags.json``
``call``          what the words and files of a call name: the ground that all verbs stand on
``verbs``         which judge has which verb
``reads``         the verbs that look
``changes``       the verbs that change objects
``preview``       the objects that a call changes, for whoever is asked about it
``exec``          the verbs that reach into what runs: exec, attach, debug, run, cp, port-forward, proxy
``config``        ``kubectl config``: the caller's own kubeconfig
``raw``           ``--raw``: a path of the Kubernetes API
``identity``      where a call goes and as whom, when the call itself says so
``kinds``         what the kinds of a cluster are called, and which of them a change is graver for
``objects``       what applying one object gives away
``manifests``     YAML and JSON as kubectl reads them, bounded
``kustomize``     kustomizations, as far as they can be followed
``parts``         parts of objects that a flag brings: --patch, --overrides and their files
``data/``         written from kubectl itself by ``scripts/generate-kubectl-flags``
================  ================================================================================================
"""

from __future__ import annotations

from guardcli.inspectors.kubectl.inspector import KubectlInspector

__all__ = ["KubectlInspector"]
