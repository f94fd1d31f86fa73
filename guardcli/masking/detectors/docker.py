"""Docker: access tokens of the Hub, the logins that `config.json` keeps in base64, and pull secrets."""

from __future__ import annotations

from collections.abc import Sequence

from guardcli.masking.compiled.judges import Judge
from guardcli.masking.compiled.native import Question
from guardcli.masking.detector import Detector
from guardcli.masking.forms.tokens import TokenDetector


class Docker(TokenDetector):
    """Find tokens by their prefix; its other part finds logins."""

    name = "docker"
    label = "DOCKER_AUTH"
    triggers = (rb"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20}",)
    behind = (29,)
    prefix = rb"(?<![A-Za-z0-9])dckr_"
    token = rb"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,8192}"
    opening = rb"(?<![A-Za-z0-9])(dckr_(?:pat|oat)_[A-Za-z0-9_-]{0,200})"

    @classmethod
    def parts(cls) -> Sequence[Detector]:
        """Return this one, which finds tokens, and the one for logins."""
        return cls(), Login()


class Login(TokenDetector):
    """Find what decodes to ``user:password``, and pull secrets."""

    name = Docker.name
    label = Docker.label
    triggers = (
        rb"\\?\"auth\\?\"[ \t]{0,8}:[ \t]{0,8}\\?\"[A-Za-z0-9+/]{4}",
        rb"\.docker(?:configjson|cfg)\\?\"?[ \t]{0,8}[:=][ \t]{0,8}\\?[\"']?ey[A-Za-z0-9+/]{10}",
    )
    prefix = rb"\"auth\\?\"|\.docker(?:configjson|cfg)"
    token = (
        rb"\"auth\\?\"[ \t]{0,8}:[ \t]{0,8}\\?\"([A-Za-z0-9+/]{4,8192}={0,2})"
        rb"|\.docker(?:configjson|cfg)\\?\"?[ \t]{0,8}[:=][ \t]{0,8}\\?[\"']?(ey[A-Za-z0-9+/]{10,8192}={0,2})"
    )
    confirm = Judge(Question.PAIR)
