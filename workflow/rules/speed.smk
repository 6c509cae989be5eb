# Speeds up the planning of thousands of jobs. Results do not depend on it, and each part may go once Snakemake no longer
# needs it (docs/LOG.md has measurements).
import atexit
import gc
from functools import cache

from snakemake import sourcecache

# The graph is millions of objects that live until exit. By default Python scans for garbage after every 700 new ones, and
# once more at exit.
gc.set_threshold(250_000, 20, 20)
atexit.register(gc.freeze)

# Snakemake parses the URI of each script three times per job, and each call creates a new class.
if hasattr(sourcecache, "parse_uri"):
    sourcecache.parse_uri = cache(sourcecache.parse_uri)
