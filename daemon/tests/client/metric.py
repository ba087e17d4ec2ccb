"""Reads an exposition as Prometheus' own client library reads it: strictly."""

import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

with open(sys.argv[1], encoding="utf-8") as file:
    families = {family.name: family for family in text_string_to_metric_families(file.read())}

assert len(families) >= 20, sorted(families)
for family in families.values():
    assert family.documentation.endswith("."), family
    assert family.type in {"counter", "gauge", "histogram", "info"}, family
streams = {sample.labels["outcome"]: sample.value for sample in families["sallyport_gateway_streams"].samples}
assert streams["completed"] == 1 and len(streams) == 5, streams
durations = families["sallyport_gateway_request_duration_seconds"]
assert durations.type == "histogram" and durations.unit == "seconds", durations
models = {sample.labels["model"] for sample in durations.samples}
assert models == {"us.anthropic.claude-opus-4-8", "other"}, models
print(f"{len(families)} families")
