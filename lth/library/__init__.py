"""The library: what `import lth` offers. It runs the jobs of the workflow, in this process and on data in memory."""
