"""Memory of the process: how much it took, and keeping what is freed.

Freed memory is kept because a step asks for the same sizes again a moment later.

glibc gives large blocks back to the system at once and takes them anew, page by page, at every step: zeroing fresh
pages then costs more than some of the arithmetic. Raising two thresholds ends that. Other C libraries are left alone.
"""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEEP = 1 << 30


def keep_freed_memory() -> bool:
    """Tells glibc to hold on to freed blocks up to 1 GiB; says whether that was possible."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _KEEP)) and bool(mallopt(_TRIM_THRESHOLD, _KEEP))


def peak_memory_mb() -> int:
    """Largest resident memory of this process so far, in MB; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak >> (20 if sys.platform == "darwin" else 10)
