# One image for every process; docker-compose.yml says which command each container runs.
FROM python:3.11-slim AS build
WORKDIR /src
COPY . .
RUN pip install --no-cache-dir build==1.6.1 && python -m build --wheel

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 dialer && mkdir /data && chown dialer /data
COPY --from=build /src/dist/*.whl /src/constraints.txt /tmp/
RUN pip install --no-cache-dir --constraint /tmp/constraints.txt /tmp/*.whl && rm -r /tmp/*
USER dialer
ENV DIALER_DATA_DIR=/data PYTHONUNBUFFERED=1
VOLUME /data
ENTRYPOINT ["dialer"]
