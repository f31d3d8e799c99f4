"""Reads lines of `<namespace> <pod> <container> <bytes>`, and prints what one of each takes at most, in MiB."""

import sys
from collections import defaultdict

when, namespace = sys.argv[1:]
most: dict[str, float] = defaultdict(float)
for line in sys.stdin:
    of, pod, container, *size = line.split()
    # A container that has ended meanwhile takes nothing.
    if not size or of not in (namespace, "dapr-system") or pod.startswith("tidings-test"):
        continue
    # backend-api-6d5f9-x2x9k is one of backend-api.
    what = container if container != "daprd" else f"daprd of {'-'.join(pod.split('-')[:-2])}"
    most[what] = max(most[what], int(size[0]) / 2**20)
if any(most.values()):
    print(f"Memory {when}, working set in MiB: " + ", ".join(f"{what} {size:.0f}" for what, size in sorted(most.items())) + ".")
