"""How large things may be; one place, so that editor, sandbox and sender agree.

Where the numbers come from: mrml's stack dies near 10,000 nested tags and in the child at far
fewer, so depth is checked before it (performance.md 6, decision 24); Gmail clips mail above about
102 KB and with it the unsubscribe link (reliability.md 4.2).
"""

from __future__ import annotations

SOURCE_LIMIT = 256 * 1024
DEPTH_LIMIT = 64

LOOP_LIMIT = 5_000
NAMESPACE_LIMIT = 100_000
OUTPUT_LIMIT = 300_000
NESTING_LIMIT = 20
VALUE_LIMIT = 10_000

HTML_LIMIT = 102_000
HTML_TARGET = 60_000

MEMORY_LIMIT = 512 * 1024 * 1024
WORK_SECONDS = 2.0
WALL_SECONDS = 8.0

LINES_SHOWN = 5
SHORT_NAME = 30
