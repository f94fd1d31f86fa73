"""ssh, scp and sftp: options, keywords and configuration files; the remote command goes to ``shell``.

==============  ==================================================================================================
``ssh``         `SshInspector`: the call, and the command on the other side
``scp``         `ScpInspector`: what is copied from where to where
``sftp``        `SftpInspector`: the commands of a batch, one by one
``call``        what the three have in common: options that stand for keywords, ``-F`` files, the environment
``options``     the option grammar of OpenSSH
``keywords``    what each keyword of ssh_config(5) means for a call
``settings``    collects what options and configuration files say
``targets``     destinations: ``[user@]host`` and URIs
``transport``   the one remote command that git sends over ssh
==============  ==================================================================================================
"""

from __future__ import annotations

from guardcli.inspectors.ssh.scp import ScpInspector
from guardcli.inspectors.ssh.sftp import SftpInspector
from guardcli.inspectors.ssh.ssh import SshInspector

__all__ = ["ScpInspector", "SftpInspector", "SshInspector"]
