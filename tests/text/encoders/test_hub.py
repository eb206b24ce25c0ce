"""Names on the hub, read from its cache on a machine without a network."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from tiny_encoders import tiny_bert

CODE = """
import sys
from foretaste.core.errors import ConfigError
from foretaste.text.encoders.config import EncoderConfig
from foretaste.text.encoders.opening import open_encoder
encoder = open_encoder(EncoderConfig(encoder="someone/tiny"))
print(encoder.describe(), encoder.encode(["red soap"]).shape)
try:
    open_encoder(EncoderConfig(encoder="someone/nothing"))
except ConfigError as error:
    print(error)
"""


@pytest.mark.slow
def test_a_cached_model_opens_by_name_and_a_missing_one_says_so(tmp_path):
    snapshot = tmp_path / "models--someone--tiny" / "snapshots" / "abc"
    tiny_bert(tmp_path / "made")
    shutil.copytree(tmp_path / "made", snapshot)
    kinds = ["Transformer", "Pooling"]
    modules = [{"path": path, "type": f"x.{kind}"} for path, kind in zip(["", "1_Pooling"], kinds, strict=True)]
    (snapshot / "modules.json").write_text(json.dumps(modules))
    (snapshot / "1_Pooling").mkdir()
    (snapshot / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    refs = tmp_path / "models--someone--tiny" / "refs"
    refs.mkdir()
    (refs / "main").write_text("abc")
    env = {**os.environ, "HF_HUB_CACHE": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    assert "tiny: " in done.stdout
    assert "cls pooling" in done.stdout
    assert "(1, 16)" in done.stdout
    assert "no language model could be read from 'someone/nothing'" in done.stdout
    assert "without a network" in done.stdout
