# The service in an image: CPU build of torch, no root, nothing to write but /data.
#
#   docker build -t foretaste --build-arg TORCH_INDEX=<the address that pytorch.org prints for "CPU"> .
#   docker run -p 127.0.0.1:8000:8000 -v ./bundles:/models:ro -v events:/data -e FORETASTE_KEYS=… foretaste \
#       serve /models/sasrec --host 0.0.0.0 --events /data/events.db
FROM python:3.11-slim AS build
ARG TORCH=torch==2.13.0+cpu
ARG TORCH_INDEX
WORKDIR /source
COPY constraints.txt ./
RUN test -n "$TORCH_INDEX" || { echo "Give --build-arg TORCH_INDEX=<the address pytorch.org prints for CPU>"; exit 1; } \
    && python -m venv /opt/foretaste \
    && /opt/foretaste/bin/pip install --no-cache-dir --extra-index-url "$TORCH_INDEX" "$TORCH"
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN /opt/foretaste/bin/pip install --no-cache-dir -c constraints.txt '.[serve,postgres,text,qdrant]'

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home foretaste && install -d -o foretaste /data /models
COPY --from=build /opt/foretaste /opt/foretaste
ENV PATH=/opt/foretaste/bin:$PATH PYTHONUNBUFFERED=1 HOME=/tmp OMP_NUM_THREADS=1
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["foretaste"]
CMD ["serve", "--help"]
