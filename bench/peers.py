"""Runs detect-secrets and Presidio over the lines of a file and prints bytes and processor seconds of each as JSON.

`bench/masking.py --peers PYTHON` calls it with the Python of an environment that has them:

    python3 -m venv peers && peers/bin/pip install detect-secrets presidio-analyzer presidio-anonymizer

With a model of spaCy named in SPACY_MODEL Presidio uses it; without, it recognises patterns alone, which is faster.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

SECONDS = 2.0
"""Processor time after which a peer has shown how fast it is."""


def detect_secrets() -> Callable[[str], object]:
    """Return what finds secrets in a line; it masks nothing."""
    from detect_secrets.core.scan import scan_line
    from detect_secrets.settings import default_settings

    open_settings = default_settings()
    open_settings.__enter__()

    def scan(line: str, _: object = open_settings) -> list[object]:
        return list(scan_line(line))

    if not scan("key = AKIAQ3EGPLKJH2M5N6B7"):
        raise OSError("detect-secrets finds nothing here")
    return scan


def presidio() -> Callable[[str], object]:
    """Return what finds and replaces personal data in a line."""
    import spacy
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from presidio_anonymizer import AnonymizerEngine

    logging.disable(logging.CRITICAL)
    model = os.environ.get("SPACY_MODEL", "")

    class Engine(SpacyNlpEngine):
        def load(self) -> None:
            self.nlp = {"en": spacy.load(model) if model else spacy.blank("en")}

    analyzer, anonymizer = AnalyzerEngine(nlp_engine=Engine()), AnonymizerEngine()
    return lambda line: anonymizer.anonymize(line, analyzer.analyze(line, language="en"))


def main() -> None:
    """Print ``{name: [bytes, seconds] or null where it is not installed}``."""
    lines = Path(sys.argv[1]).read_bytes().decode("utf-8", "replace").splitlines()
    result: dict[str, list[float] | None] = {}
    for make in (detect_secrets, presidio):
        try:
            work = make()
            work(lines[0])
        except (ImportError, OSError):
            result[make.__name__] = None
            continue
        done, began = 0, time.process_time()
        for line in lines:
            work(line)
            done += len(line) + 1
            if time.process_time() - began > SECONDS:
                break
        result[make.__name__] = [done, time.process_time() - began]
    print(json.dumps(result))


if __name__ == "__main__":
    main()
