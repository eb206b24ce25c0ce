"""Ready vectors are found by id, whatever the file, and never by accident."""

import json

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.torch import save_file

from foretaste.core.errors import ConfigError, DataError
from foretaste.text.encoders.config import EncoderConfig
from foretaste.text.encoders.opening import open_encoder
from foretaste.text.encoders.ready import is_ready, open_ready, ready_matrix

IDS = ["c", "a", "b"]
VECTORS = np.array([[3, 4], [0, 2], [1, 0]], dtype=np.float32)


def npy(folder, ids=".ids.txt"):
    np.save(folder / "v.npy", VECTORS.astype(np.float64))
    if ids == ".ids.txt":
        (folder / "v.ids.txt").write_text("".join(f"{raw}\n" for raw in IDS))
    if ids == ".ids.json":
        (folder / "v.ids.json").write_text(json.dumps(IDS))
    if ids == ".ids.parquet":
        pl.DataFrame({"item_id": IDS}).write_parquet(folder / "v.ids.parquet")
    return folder / "v.npy"


def tensors(folder, name="vectors"):
    save_file({name: torch.from_numpy(VECTORS).bfloat16()}, folder / "v.safetensors", {"ids": json.dumps(IDS)})
    return folder / "v.safetensors"


def parquet(folder, kind):
    table = pl.DataFrame({"item_id": IDS, "title": IDS, "vector": VECTORS.tolist()}, schema_overrides={"vector": kind})
    table.write_parquet(folder / "v.parquet")
    return folder / "v.parquet"


FORMS = {
    "npy and txt": npy,
    "npy and json": lambda folder: npy(folder, ".ids.json"),
    "npy and parquet": lambda folder: npy(folder, ".ids.parquet"),
    "safetensors": tensors,
    "safetensors, any name": lambda folder: tensors(folder, "weight"),
    "parquet of lists": lambda folder: parquet(folder, pl.List(pl.Float64)),
    "parquet of arrays": lambda folder: parquet(folder, pl.Array(pl.Float32, 2)),
}


@pytest.mark.parametrize("form", FORMS)
def test_rows_are_found_by_id(tmp_path, form):
    path = FORMS[form](tmp_path)
    matrix = open_ready(path)
    rows = matrix.rows(["a", "b", "c", "a"])
    assert rows.dtype == np.float32
    assert rows.tolist() == [[0, 2], [1, 0], [3, 4], [0, 2]]
    assert ready_matrix(EncoderConfig(encoder=str(path))).rows(["c"])[0] == pytest.approx([0.6, 0.8])
    assert (matrix.dim, matrix.parameters, matrix.name) == (2, 0, path.name)
    assert "3 rows" in matrix.describe()


def test_missing_ids_are_counted_and_shown(tmp_path):
    with pytest.raises(DataError, match=r"2 of 3 ids have no ready vector: 'x', 'y'"):
        open_ready(npy(tmp_path)).rows(["a", "x", "y"])


def test_rows_count_as_the_catalogue_only_when_told(tmp_path):
    path = npy(tmp_path, "none")
    with pytest.raises(DataError, match="matrix_order=catalogue"):
        open_ready(path)
    matrix = ready_matrix(EncoderConfig(encoder=str(path), matrix_order="catalogue", normalize=False))
    assert (matrix.rows(["p", "q", "r"]) == VECTORS).all()
    with pytest.raises(DataError, match="3 rows without ids, but there are 2 ids"):
        matrix.rows(["p", "q"])


def test_wrong_files_are_refused(tmp_path):
    path = npy(tmp_path)
    (tmp_path / "v.ids.txt").write_text("a\nb\n")
    with pytest.raises(DataError, match="2 ids for 3 vectors"):
        open_ready(path)
    (tmp_path / "v.ids.txt").write_text("a\nb\na\n")
    with pytest.raises(DataError, match="more than once: 'a'"):
        open_ready(path)
    np.save(tmp_path / "flat.npy", np.zeros(3))
    with pytest.raises(DataError, match="shape"):
        open_ready(tmp_path / "flat.npy", positional=True)
    np.save(tmp_path / "object.npy", np.array([{"a": 1}]), allow_pickle=True)
    with pytest.raises(DataError, match="no plain array"):
        open_ready(tmp_path / "object.npy")
    pl.DataFrame({"item_id": ["a", "b"], "v": [[1.0], [1.0, 2.0]]}).write_parquet(tmp_path / "ragged.parquet")
    with pytest.raises(DataError, match="different lengths"):
        open_ready(tmp_path / "ragged.parquet")
    with pytest.raises(DataError, match="did you mean"):
        open_ready(tmp_path / "flit.npy")


def test_a_nan_is_only_an_error_where_it_is_asked_for(tmp_path):
    path = npy(tmp_path)
    np.save(path, np.array([[1, np.nan], [1, 1], [2, 2]], dtype=np.float16))
    assert open_ready(path).rows(["a", "b"]).tolist() == [[1, 1], [2, 2]]
    with pytest.raises(DataError, match="NaN or infinity: 'c'"):
        open_ready(path).rows(["a", "c"])


def test_the_fingerprint_follows_file_ids_and_scaling(tmp_path):
    path = npy(tmp_path)
    found = [open_ready(path).fingerprint, open_ready(path, normalize=True).fingerprint]
    (tmp_path / "v.ids.txt").write_text("a\nb\nc\n")
    found.append(open_ready(path).fingerprint)
    np.save(path, VECTORS + 1)
    found.append(open_ready(path).fingerprint)
    assert len(set(found)) == 4
    assert open_ready(path).fingerprint == found[-1]


def test_ready_vectors_are_no_encoder_of_texts():
    assert is_ready("x/v.npy")
    assert not is_ready("minilm")
    with pytest.raises(ConfigError, match="found by id"):
        open_encoder(EncoderConfig(encoder="x/v.npy"))
