# The project in a box: the locked packages, the data packages, the code.
FROM python:3.11-slim
RUN apt-get update && apt-get install --yes --no-install-recommends git libgomp1 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements/all.lock requirements/data.lock requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/all.lock \
    && pip install --no-cache-dir --require-hashes --no-deps -r requirements/data.lock
COPY . .
RUN pip install --no-cache-dir --no-deps --editable . \
    && useradd --create-home runner && mkdir -p data var && chown runner . && chown -R runner configs data var .dvc .
USER runner
ENV DO_NOT_TRACK=1 DVC_NO_ANALYTICS=1 MLFLOW_DISABLE_TELEMETRY=true PREFECT_SERVER_ANALYTICS_ENABLED=false
ENTRYPOINT ["understudy"]
CMD ["--help"]
