"""All that is known: the tables of patterns, one after the other."""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.pattern import Pattern
from outwait.diagnosis.patterns_apps import APPS
from outwait.diagnosis.patterns_browsers import BROWSERS
from outwait.diagnosis.patterns_chinese import CHINESE
from outwait.diagnosis.patterns_clocks import CLOCKS
from outwait.diagnosis.patterns_clouds import CLOUDS
from outwait.diagnosis.patterns_codes import CODES
from outwait.diagnosis.patterns_gateways import GATEWAYS
from outwait.diagnosis.patterns_go import GO
from outwait.diagnosis.patterns_middleboxes import MIDDLEBOXES
from outwait.diagnosis.patterns_mishaps import MISHAPS
from outwait.diagnosis.patterns_node import NODE
from outwait.diagnosis.patterns_phrases import PHRASES
from outwait.diagnosis.patterns_protocols import PROTOCOLS
from outwait.diagnosis.patterns_providers import PROVIDERS
from outwait.diagnosis.patterns_python import PYTHON
from outwait.diagnosis.patterns_runtimes import RUNTIMES
from outwait.diagnosis.patterns_sentences import SENTENCES
from outwait.diagnosis.patterns_servers import SERVERS
from outwait.diagnosis.patterns_serving import SERVING
from outwait.diagnosis.patterns_system import SYSTEM
from outwait.diagnosis.patterns_tongues import TONGUES
from outwait.diagnosis.patterns_words import WORDS

PATTERNS: Final[tuple[Pattern, ...]] = (
    *SYSTEM,
    *PYTHON,
    *NODE,
    *BROWSERS,
    *GO,
    *RUNTIMES,
    *PROTOCOLS,
    *MIDDLEBOXES,
    *CLOUDS,
    *CLOCKS,
    *PROVIDERS,
    *SERVING,
    *SERVERS,
    *CODES,
    *GATEWAYS,
    *APPS,
    *MISHAPS,
    *SENTENCES,
    *PHRASES,
    *TONGUES,
    *CHINESE,
    *WORDS,
)
