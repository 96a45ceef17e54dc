# syntax=docker/dockerfile:1
# The service in a read-only container: loops are compiled while the image is built, so that it starts with them at once.
FROM python:3.11-slim-bookworm AS build
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements.lock requirements-node.lock pyproject.toml ./
RUN python -m venv /build \
    && /build/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock \
    && /build/bin/pip install --no-cache-dir --require-hashes --requirement requirements-node.lock
COPY . .
RUN PATH=/build/bin:$PATH /build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /dist .
# What only tests and development need stays behind; the versions are those of the lock.
RUN python -m venv --without-pip /opt/mca \
    && /build/bin/uv pip compile --quiet --generate-hashes --extra oidc --constraint requirements.lock --output-file /dist/run.txt pyproject.toml \
    && /build/bin/uv pip install --no-cache --compile-bytecode --python /opt/mca/bin/python --require-hashes --requirement /dist/run.txt \
    && /build/bin/uv pip install --no-cache --compile-bytecode --python /opt/mca/bin/python --no-deps /dist/*.whl

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin mca \
    && install --directory --owner mca --group mca --mode 0700 /data
COPY --from=build /opt/mca /opt/mca
ENV PATH=/opt/mca/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MCA_HOST=0.0.0.0 \
    MCA_PORT=8000 \
    MCA_DATABASE_URL=sqlite:////data/mca.db
USER mca
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["mca"]
CMD ["serve"]
