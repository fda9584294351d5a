# One image for every process of the hub: docker-compose.yml says which one each container runs.
FROM python:3.11-bookworm AS compiled
WORKDIR /app
COPY requirements-dev.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements-dev.lock
COPY . .
RUN python -m roaming_hub.compile /compiled

FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock

COPY . .
# What judges CDRs, as C: beside its source, and taken before it.
COPY --from=compiled /compiled .
# The keys are for this one command: the settings want some, static files need none.
RUN HUB_SECRET_KEY=build HUB_ENCRYPTION_KEYS=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
    python manage.py collectstatic --noinput \
    && useradd --uid 10001 --no-create-home hub \
    && install --directory --owner hub --mode 0700 /var/lib/roaming-hub-metrics

USER hub
EXPOSE 8600
ENV HUB_HOST=0.0.0.0
CMD ["python", "-m", "roaming_hub.web"]
