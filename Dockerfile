# One image for all of iotsim's processes; docker-compose.yml says which runs which.
FROM python:3.12-slim AS build
WORKDIR /app
COPY pyproject.toml requirements.lock requirements-dev.lock package.json package-lock.json .npmrc Makefile ./
COPY iotsim/bootstrap.py iotsim/bootstrap.py
COPY static static
# Packages and front end by their hashes, as `make run` fetches them.
RUN python3 -I iotsim/bootstrap.py run && rm -rf node_modules
COPY . .

FROM python:3.12-slim
# Pango draws the PDF reports, libgomp1 is what the numeric packages thread with.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        fonts-dejavu-core libgomp1 libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 iotsim \
    && install --directory --owner=iotsim /data
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 DATA_DIR=/data HOST=0.0.0.0
USER iotsim
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "iotsim.server", "--bind=0.0.0.0", "--port=8000", "--verbosity=0", "iotsim.asgi:application"]
