"""git: commands, refspecs, configuration, and every program that a call would make git run.

================  ================================================================================================
``inspector``     `GitInspector`: one call, its aliases followed, its environment and what stands before the command
``call``          one command to be judged, with its surroundings, and the words in which judges answer
``globals``       what stands before the command: global options, and the name that git was called by
``options``       options as git reads them, by the tables in ``data/options.json``
``simple``        commands whose options say it all
``places``        what makes a repository or a working tree where its words say
``worktree``      commands that move branches and overwrite files
``groups``        commands with subcommands: stash, worktree, reflog, notes, submodule and their like
``remotes``       ``git remote`` and ``git config``
``push``          ``git push``, one operation a ref; ``refspecs`` reads which refs those are
``publish``       ``git commit``, and what a commit or a push would publish: the scan for secrets
``preview``       what a push would change, for whoever is asked: commits, lost commits, the diff
``refspecs``      which refs of the remote a push changes
``plumbing``      commands that serve, send, keep credentials or run other programs
``environment``   what the environment tells git to run, to trust or to reveal
``keys``          what a configuration variable does once it is set
``programs``      values that name a program for git to run
``urls``          what a repository's address makes git do
``data/``         written from git itself by ``scripts/generate-git-options``
================  ================================================================================================
"""

from __future__ import annotations

from guardcli.inspectors.git.inspector import GitInspector

__all__ = ["GitInspector"]
