"""An endpoint's moods, played by a real server on this machine."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from foretaste.core.config import configure, to_dict
from foretaste.core.errors import ConfigError
from foretaste.text.encoders.base import Encoder, NotFinite
from foretaste.text.encoders.config import EncoderConfig
from foretaste.text.encoders.endpoint import EndpointEncoder, EndpointError
from foretaste.text.encoders.opening import open_encoder


def vector(text, size=3):
    return [float(len(text)), float(sum(map(ord, text)) % 97), 1.0, *[0.0] * (size - 3)][:size]


class Service:
    """Answers each request with the next planned mood, and normally when none is left."""

    def __init__(self):
        self.moods: list[object] = []
        self.asked: list[dict] = []
        self.keys: list[str] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                service.asked.append(body)
                service.keys.append(self.headers.get("authorization", ""))
                mood = service.moods.pop(0) if service.moods else None
                if mood == "hang up":
                    self.connection.close()
                    return
                status, answer, headers = service.answer(body, mood)
                raw = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(raw)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"

    def answer(self, body, mood):
        if isinstance(mood, int):
            return mood, {"error": {"message": f"mood {mood}", "type": "t", "code": None}}, {}
        if mood == "quota":
            return 429, {"error": {"message": "no money", "type": "t", "code": "insufficient_quota"}}, {}
        if mood == "later":
            return 429, {"error": {"message": "slow down", "type": "t", "code": None}}, {"retry-after": "7"}
        rows = [
            {"object": "embedding", "index": i, "embedding": vector(text, body.get("dimensions", 3))}
            for i, text in enumerate(body["input"])
        ]
        rows.reverse()  # the order of an answer says nothing, the index does
        if mood == "short":
            rows.pop()
        if mood == "twice":
            rows[0] = {**rows[-1]}
        if mood == "narrow":
            rows[0]["embedding"] = [1.0]
        if mood == "nan":
            rows[-1]["embedding"][1] = float("nan")
        return (
            200,
            {"object": "list", "data": rows, "model": body["model"], "usage": {"prompt_tokens": 1, "total_tokens": 1}},
            {},
        )


@pytest.fixture
def service(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SHOP_KEY", "s3cret")
    running = Service()
    yield running
    running.server.shutdown()
    running.server.server_close()


def encoder(service, sleeps=None, **keys):
    given = {"base_url": service.url, "api_key_env": "SHOP_KEY", "batch": 2, "timeout": 5.0, **keys}
    config = configure(EncoderConfig, preset={"encoder": "openai:tiny-embed", "normalize": False, "endpoint": given})
    return EndpointEncoder(config, sleep=(sleeps if sleeps is not None else []).append)


TEXTS = ["red nail polish", "", "soap", "soap", "oil"]


def test_texts_go_out_in_batches_and_come_back_in_order(service):
    model = encoder(service)
    done: list[int] = []
    got = model.encode(TEXTS, progress=done.append)
    assert isinstance(model, Encoder)
    np.testing.assert_allclose(got, [vector(text or " ") for text in TEXTS])
    assert [body["input"] for body in service.asked[1:]] == [["red nail polish", " "], ["soap", "oil"]]
    assert sum(done) == len(TEXTS)
    assert set(service.keys) == {"Bearer s3cret"}
    assert (model.dim, model.name, model.parameters) == (3, "tiny-embed", 0)
    assert "unknown number of parameters" in model.describe()
    assert "s3cret" not in json.dumps(to_dict(model.config))


def test_vectors_may_be_scaled_and_shortened(service):
    model = encoder(service, dimensions=2, max_chars=3)
    got = model.encode(["abcdef", "abc"])
    assert got[0].tolist() == got[1].tolist() == vector("abc", 2)
    assert model.truncated == 1
    assert all(body["dimensions"] == 2 for body in service.asked)


@pytest.mark.parametrize("mood", [429, 500, 503, "hang up", "later"])
def test_what_may_pass_is_tried_again(service, mood):
    sleeps: list[float] = []
    model = encoder(service, sleeps, dimensions=3, backoff=0.5)
    service.moods = [mood, mood]
    np.testing.assert_allclose(model.encode(["a"]), [vector("a")])
    assert sleeps == ([7.0, 7.0] if mood == "later" else [0.5, 1.0])
    assert len(service.asked) == 3


def test_tries_are_bounded(service):
    sleeps: list[float] = []
    service.moods = [503] * 9
    with pytest.raises(EndpointError, match=r"failed 3 times in a row, at last with: .*503"):
        encoder(service, sleeps, retries=2, dimensions=3).encode(["a"])
    assert len(service.asked) == 3
    assert len(sleeps) == 2


@pytest.mark.parametrize(
    ("mood", "said"),
    [(401, "SHOP_KEY"), (403, "may use this model"), (404, "tiny-embed"), (400, "limits"), ("quota", "no quota")],
)
def test_a_refusal_stops_at_once(service, mood, said):
    service.moods = [mood]
    sleeps: list[float] = []
    with pytest.raises(EndpointError, match=said) as caught:
        encoder(service, sleeps, dimensions=3).encode(["a", "b", "c"])
    assert len(service.asked) == 1
    assert not sleeps
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("mood", "said"), [("short", "1 vectors for 2"), ("twice", "numbered"), ("narrow", r"length \[1, 3\]")]
)
def test_nonsense_is_never_taken_for_vectors(service, mood, said):
    service.moods = [mood]
    with pytest.raises(EndpointError, match=said):
        encoder(service, dimensions=3).encode(["a", "b"])


def test_a_dimension_that_changes_is_noticed(service):
    model = encoder(service)
    model.encode(["a", "b"])
    service.answer = lambda body, mood: Service.answer(service, body | {"dimensions": 2}, mood)
    with pytest.raises(EndpointError, match=r"length \[2\], but 3 is asked for or came before"):
        model.encode(["c"])


def test_a_nan_names_its_text(service):
    service.moods = ["nan"]
    with pytest.raises(NotFinite, match="'bad'"):
        encoder(service, dimensions=3).encode(["bad", "good"])


def test_the_fingerprint_holds_the_model_but_not_the_key(service, monkeypatch):
    first = encoder(service).fingerprint
    monkeypatch.setenv("SHOP_KEY", "another")
    assert encoder(service, batch=9).fingerprint == first
    assert encoder(service, dimensions=2).fingerprint != first


def test_no_key_no_service(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        open_encoder(EncoderConfig(encoder="openai:text-embedding-3-small"))
