"""A small stand-in for LSF, so that the profile for LSF can be run where there is none.

`bsub`, `bjobs`, `bkill`, `brequeue`, `bhist`, `badmin` and `lsclusters` are real programs here, and jobs are real
processes on this machine; slots, memory and GPUs are what a settings file says there is. LSF_SHIM names the folder that
holds a cluster. It needs neither root nor a package.

What it knows of LSF is LSF's documentation (10.1), messages that users have reported, and what the plugin of Snakemake
sends: it is not LSF. It has one host, and what it does not know it refuses, instead of guessing. Messages are LSF's own
as far as they are known; those about GPUs and about options that there are not are only like them.
"""
