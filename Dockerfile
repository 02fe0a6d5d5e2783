# Two images: `strongroom` (every process of the archive) and `simulator` (a stand-in for Genesys Cloud, never for production).

FROM python:3.11-slim AS base
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /opt/strongroom

FROM base AS build
RUN python -m venv /opt/venv
COPY requirements.txt ./
RUN pip install -r requirements.txt
COPY pyproject.toml ./
COPY cli cli
COPY config config
COPY migrations migrations
COPY strongroom strongroom
COPY tasks tasks
COPY web web
COPY workers workers
# Editable: the migrations stand beside the packages and are found from there.
RUN pip install --no-deps --no-build-isolation -e .

FROM build AS build-simulator
COPY requirements-dev.txt ./
RUN pip install -r requirements-dev.txt
COPY simulator simulator

FROM base AS runtime
RUN useradd --system --uid 10001 --home-dir /var/lib/strongroom --create-home strongroom
USER strongroom

FROM runtime AS simulator
COPY --from=build-simulator /opt/venv /opt/venv
COPY --from=build-simulator /opt/strongroom /opt/strongroom
CMD ["python", "-m", "simulator", "--help"]

FROM runtime AS strongroom
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/strongroom /opt/strongroom
# Whole recordings pass through the spool: give it a disk of its own, encrypted.
ENV STRONGROOM_SPOOL_DIR=/var/lib/strongroom/spool CELERY_BEAT_SCHEDULE=/var/lib/strongroom/beat-schedule
# All that is ever written, besides /tmp: everything else may be read-only. Each container has a volume of its own.
VOLUME /var/lib/strongroom
# Each process serves its health at this port of its own container; Flower and the jobs serve none, and are not asked.
ENV STRONGROOM_METRICS_PORT=9464
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s --retries=5 CMD ["strongroom", "health"]
CMD ["strongroom", "--help"]
