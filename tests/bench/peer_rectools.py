"""RecTools' SASRec trained on given histories; runs in the environment of conf/requirements-bench-peer.lock.

python tests/bench/peer_rectools.py order.json

The order: `histories` (item numbers, oldest first), `tokens`, `batch_users`, `threads`, `workers`, `epochs`,
`max_steps` (-1: none), `dim`, `layers`, `heads`, `dropout`, `learning_rate`, `seed`. Standard output's last line is
JSON: `steps` with targets, mean loss and seconds since the start of each, and `versions`. Padding is no target.
"""

import json
import os
import sys
import time
import warnings
from importlib import metadata
from pathlib import Path
from typing import Any

ORDER = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
# Before torch is imported: its pool of threads takes the number once.
os.environ["OMP_NUM_THREADS"] = str(ORDER["threads"])

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import torch  # noqa: E402
from pytorch_lightning import Trainer, seed_everything  # noqa: E402
from rectools import Columns  # noqa: E402
from rectools.dataset import Dataset  # noqa: E402
from rectools.models import SASRecModel  # noqa: E402
from rectools.models.nn.transformers.lightning import TransformerLightningModule  # noqa: E402

_STDDEV = 0.02  # of initial weights, as in interest_spark.models.networks.parameters


class RecordedTraining(TransformerLightningModule):
    """RecTools' own training step, with the initial weights and the optimiser of interest_spark, and a record."""

    steps: tuple[list[float], ...] = ()

    def on_train_start(self) -> None:
        self.steps, self._started = (), time.perf_counter()
        for parameter in self.torch_model.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter.data, std=_STDDEV)

    def configure_optimizers(self) -> torch.optim.Adam:
        return torch.optim.Adam(self.torch_model.parameters(), lr=self.lr, betas=(0.9, 0.999))

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        targets = int(torch.count_nonzero(batch["y"]))
        self.steps += ([targets, float(outputs["loss"]), time.perf_counter() - self._started],)


def main() -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(ORDER["threads"])
    seed_everything(ORDER["seed"])
    model = SASRecModel(
        n_blocks=ORDER["layers"],
        n_heads=ORDER["heads"],
        n_factors=ORDER["dim"],
        dropout_rate=ORDER["dropout"],
        session_max_len=ORDER["tokens"],
        batch_size=ORDER["batch_users"],
        dataloader_num_workers=ORDER["workers"],
        loss="softmax",
        lr=ORDER["learning_rate"],
        lightning_module_type=RecordedTraining,
        get_trainer_func=quiet_trainer,
        pos_encoding_kwargs={"use_scale_factor": True},
    )
    model.fit(dataset_of(ORDER["histories"]))
    versions = {name: metadata.version(name) for name in ("rectools", "torch", "pytorch-lightning")}
    print(json.dumps({"steps": model.lightning_model.steps, "versions": versions}))


def quiet_trainer() -> Trainer:
    """Nothing that costs time beside the training itself."""
    return Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=ORDER["epochs"],
        max_steps=ORDER["max_steps"],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def dataset_of(histories: list[list[int]]) -> Dataset:
    """RecTools orders a user's items by their time."""
    lengths = np.array([len(history) for history in histories])
    places = np.concatenate([np.arange(length) for length in lengths])
    interactions = {
        Columns.User: np.repeat(np.arange(len(histories)), lengths),
        Columns.Item: np.concatenate(histories),
        Columns.Datetime: pd.to_datetime(places, unit="s"),
        Columns.Weight: 1.0,
    }
    return Dataset.construct(pd.DataFrame(interactions))


if __name__ == "__main__":
    main()
