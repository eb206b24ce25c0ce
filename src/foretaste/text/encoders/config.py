"""What turns texts into vectors, and how."""

from __future__ import annotations

from dataclasses import dataclass

from foretaste.core.config import option

MINILM = "minilm"
TFIDF = "tfidf"
ENDPOINT = "openai:"
MATRIX_SUFFIXES = (".npy", ".safetensors", ".parquet")


@dataclass(frozen=True)
class EndpointConfig:
    """An OpenAI-compatible endpoint for embeddings; the key itself never stands in a config."""

    base_url: str = option("", "address of the service up to /v1; empty: the client's own default")
    api_key_env: str = option("OPENAI_API_KEY", "name of the environment variable that holds the key")
    dimensions: int = option(0, "length of the vectors to ask for; 0: the model's own", low=0)
    batch: int = option(128, "texts in one request", low=1)
    max_chars: int = option(0, "characters kept of a text; 0: all", paper="LLM-ESR cuts at 4,095", low=0)
    retries: int = option(6, "further attempts after a 408, 409, 429, 5xx, a timeout or a broken connection", low=0)
    timeout: float = option(60.0, "seconds to wait for an answer", low=0.001)
    backoff: float = option(1.0, "seconds before the first further attempt; doubles each time, up to 60", low=0.0)


@dataclass(frozen=True)
class TfidfConfig:
    """Words counted and reduced: an encoder without a language model."""

    dim: int = option(256, "length of the vectors", low=1)
    min_count: int = option(2, "texts that a word must occur in", low=1)
    max_share: float = option(0.5, "largest share of texts that a word may occur in", low=0.0, high=1.0)
    max_words: int = option(50_000, "words kept, the most frequent ones", low=1)
    bigrams: bool = option(False, "whether pairs of neighbouring words count as words too")


@dataclass(frozen=True)
class EncoderConfig:
    """Which encoder reads the texts; what it is given and what is done with its states."""

    encoder: str = option(
        MINILM,
        "`minilm` (all-MiniLM-L6-v2, needs no network), `tfidf`, a folder, GGUF file or hub name of a language model, "
        "`openai:MODEL` for an endpoint, or a file of ready vectors (.npy, .safetensors, .parquet)",
        paper="LLMEmb: LLaMA-7B; LLM-ESR: text-embedding-ada-002",
    )
    pooling: str = option(
        "auto",
        "which states of a text's tokens become its vector; auto: what the model's folder says, else mean",
        paper="LLMEmb: mean",
        choices=("auto", "mean", "last", "cls"),
    )
    layers: str = option(
        "last",
        "states of the last layer, or of all layers side by side: many times the dimensions, for adapters that need "
        "room to tell items apart where the model itself is narrow",
        paper="LLMEmb: last, 4,096 dimensions",
        choices=("last", "all"),
    )
    max_tokens: int = option(128, "tokens kept of a text", paper="LLMEmb: 1,023", low=1)
    append_eos: bool = option(False, "whether the end token is put after each text", paper="LLMEmb: yes")
    prefix: str = option("", "put before each text, as `query: ` for models trained so")
    normalize: bool = option(True, "whether vectors are scaled to length 1")
    batch_tokens: int = option(2048, "tokens of one batch, padding included", low=1)
    runtime: str = option(
        "torch", "what computes the states; onnx: ONNX Runtime, a little faster on a CPU", choices=("torch", "onnx")
    )
    int8: bool = option(
        False, "whether products are in 8-bit integers, by ONNX Runtime: faster on a CPU, vectors near the exact ones"
    )
    precision: str = option("fp32", "number format of the weights", choices=("fp32", "bf16"))
    device: str = option(
        "auto", "where the model runs; auto: a GPU where there is one", choices=("auto", "cpu", "cuda")
    )
    matrix_order: str = option(
        "ids",
        "whether a file of ready vectors has ids, or row i is item i of the catalogue",
        choices=("ids", "catalogue"),
    )
    tfidf: TfidfConfig = option(TfidfConfig(), "keys of the encoder `tfidf`")
    endpoint: EndpointConfig = option(EndpointConfig(), "keys of an encoder `openai:MODEL`")
