"""Networks, losses, the input reader and the training loop; no Spark."""

import os

# TensorFlow reads it once, when it is imported: oneDNN makes the products and the softmax 1.6 times as fast.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
