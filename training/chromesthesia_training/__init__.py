"""Training, evaluation and export of the models that Chromesthesia plays."""

import os

# Read when ONNX Runtime is imported, which some modules do first of all: it would report from this machine.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
