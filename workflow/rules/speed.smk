# What lets Snakemake plan thousands of jobs in seconds. No result depends on it, and any of it may go once Snakemake does
# without (docs/LOG.md has what each brought).
import atexit
import gc
from functools import cache

from snakemake import sourcecache

# A graph is millions of objects that live until the end. Python looked through them for garbage whenever there were 700
# new ones, and once more on leaving.
gc.set_threshold(250_000, 20, 20)
atexit.register(gc.freeze)

# Three times a job Snakemake asks what kind of address its script has, and each answer makes a class of its own.
if hasattr(sourcecache, "parse_uri"):
    sourcecache.parse_uri = cache(sourcecache.parse_uri)
