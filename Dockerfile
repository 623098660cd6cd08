# Two images from one file: `operator` (no data libraries) and `runtime` (training and serving).
# Any Debian-like image with Python 3.13 will do as a base.
ARG BASE_IMAGE=python:3.13-slim

FROM ${BASE_IMAGE} AS operator-packages
RUN python3 -m venv /opt/mooring
COPY requirements/operator.txt /tmp/requirements.txt
RUN /opt/mooring/bin/pip install --require-hashes -r /tmp/requirements.txt \
 && /opt/mooring/bin/pip uninstall -y pip

FROM ${BASE_IMAGE} AS runtime-packages
RUN python3 -m venv /opt/mooring
COPY requirements/runtime.txt /tmp/requirements.txt
# Byte code is part of the image: the root file system is read-only, and compiling at each start takes seconds.
# What only other programs need (tests, headers, sources of extensions, Arrow's servers and clients) is left out.
RUN /opt/mooring/bin/pip install --no-compile --require-hashes -r /tmp/requirements.txt \
 && /opt/mooring/bin/pip uninstall -y pip \
 && cd /opt/mooring/lib/python3*/site-packages \
 && find . -type d \( -name tests -o -name include \) -prune -exec rm -rf {} + \
 && find . -type f \( -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.h' -o -name '*.a' \) -delete \
 && rm -f pyarrow/*flight* pyarrow/libarrow_python*.so pyarrow/libarrow_python*.so.*.* \
 && /opt/mooring/bin/python3 -m compileall -q .

FROM ${BASE_IMAGE} AS operator
COPY --from=operator-packages /opt/mooring /opt/mooring
ENV PATH=/opt/mooring/bin:$PATH PYTHONPATH=/opt/mooring/src PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
ENTRYPOINT ["python3", "-m", "mooring.control"]
COPY operator/mooring /opt/mooring/src/mooring

FROM ${BASE_IMAGE} AS runtime
COPY --from=runtime-packages /opt/mooring /opt/mooring
ENV PATH=/opt/mooring/bin:$PATH PYTHONPATH=/opt/mooring/src PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
USER 65532:65532
CMD ["python3", "-m", "mooring.serving"]
COPY operator/mooring /opt/mooring/src/mooring
