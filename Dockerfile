# Two images from one file: `operator` (no data libraries) and `runtime` (training and serving).
# Any Debian-like image with Python 3.13 will do as a base.
ARG BASE_IMAGE=python:3.13-slim

FROM ${BASE_IMAGE} AS operator-packages
RUN python3 -m venv /opt/mooring
COPY requirements/operator.txt /tmp/requirements.txt
RUN /opt/mooring/bin/pip install --no-compile --require-hashes -r /tmp/requirements.txt \
 && /opt/mooring/bin/pip uninstall -y pip

FROM ${BASE_IMAGE} AS runtime-packages
RUN python3 -m venv /opt/mooring
COPY requirements/runtime.txt /tmp/requirements.txt
RUN /opt/mooring/bin/pip install --no-compile --require-hashes -r /tmp/requirements.txt \
 && /opt/mooring/bin/pip uninstall -y pip \
 && find /opt/mooring -type d -name tests -path '*/site-packages/*' -prune -exec rm -rf {} +

FROM ${BASE_IMAGE} AS operator
COPY --from=operator-packages /opt/mooring /opt/mooring
COPY operator/mooring /opt/mooring/src/mooring
ENV PATH=/opt/mooring/bin:$PATH PYTHONPATH=/opt/mooring/src PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
ENTRYPOINT ["python3", "-m", "mooring.control"]

FROM ${BASE_IMAGE} AS runtime
COPY --from=runtime-packages /opt/mooring /opt/mooring
COPY operator/mooring /opt/mooring/src/mooring
ENV PATH=/opt/mooring/bin:$PATH PYTHONPATH=/opt/mooring/src PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
USER 65532:65532
CMD ["python3", "-m", "mooring.serving"]
