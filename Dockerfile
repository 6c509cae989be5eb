# docker build -t lth .
# docker run --rm -v "$PWD/results:/project/results" lth make demo
FROM python:3.11-slim

RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /project

# torch's CPU build; leave it empty for the one with the libraries of CUDA. Checksums are those of the locks either way.
ARG PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
COPY Makefile requirements.lock requirements-build.lock requirements-torch-cpu.lock requirements-torch.lock ./
RUN make setup

COPY pyproject.toml README.md LICENSE CITATION.cff Snakefile config.yaml ./
COPY lth lth
COPY workflow workflow
COPY config config
COPY envs envs
COPY examples examples
COPY tools/checkout.py tools/
RUN ln -s workflow/profiles profiles

ENV PATH=/project/.venv/bin:$PATH PYTHONPATH=/project
CMD ["make", "demo"]
