"""The serving runtime: one process, one model version, answered over the Open Inference Protocol.

`http` speaks HTTP and knows no models, `v2` turns bodies into columns and answers into bodies, `batch` sends whatever
one turn of the event loop has parsed through the model in one call, `backends` are the model, `load` brings it here
verified, and `lifecycle` is the process from start to drain.
"""
