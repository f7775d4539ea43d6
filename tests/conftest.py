"""Where the shared recordings lie, and one thread for the tensor library: small layers are ten times slower on two."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
SHARED = Path(__file__).resolve().parents[2] / "shared"


def _folder(name):
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"the shared folder {name} is not here")
    return folder


@pytest.fixture(scope="session")
def parity():
    """What the official implementation computes on small checkpoints."""
    return _folder("parity")


@pytest.fixture(scope="session")
def one_thread():
    import torch

    torch.set_num_threads(1)
