"""The small model's tokenizer: byte-level BPE learnt from the questions, with the official added tokens."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

from recipes.nano.scenes import KINDS, WORDS
from sailbench.models.sail.chat import SYSTEM, THINK
from sailbench.models.sail.tiny import ADDED, FRAMING, PAD, PLAIN
from sailbench.models.sail.tokenizer import SPLIT

SIZE = 768  # with bytes and added tokens


def corpus(seed: int = 0, scenes: int = 600) -> Iterator[str]:
    """What the model reads and writes; the fixed texts often enough that they become few tokens."""
    rng = random.Random(seed)
    for _ in range(scenes):
        yield from (
            (SYSTEM,) * 20
            + (THINK,) * 10
            + ("Image-1: Image-2: Frame-1: Frame-4: ", "system\n", "user\n", "assistant\n")
        )
        yield from WORDS
        for draw in KINDS.values():
            scene = draw(rng)
            yield from scene.words
            for ask in scene.asks:
                yield f"{ask.wording}\n{ask.answer}"


def write(folder: Path) -> None:
    """vocab.json, merges.txt and the files of the added tokens, as the official checkpoints have them."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

    engine = Tokenizer(models.BPE())
    engine.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(SPLIT), behavior="isolated")
    as_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    engine.pre_tokenizer = pre_tokenizers.Sequence([split, as_bytes])
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE - len(ADDED), initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    engine.train_from_iterator(corpus(), trainer)
    engine.model.save(str(folder))
    first = engine.get_vocab_size()
    ids = {text: first + i for i, text in enumerate(ADDED)}
    _write(folder / "added_tokens.json", ids)
    names = {"additional_special_tokens": FRAMING, "eos_token": "<|im_end|>", "pad_token": PAD}
    _write(folder / "special_tokens_map.json", names)
    decoder = {str(i): {"content": text, "special": text not in PLAIN} for text, i in ids.items()}
    _write(
        folder / "tokenizer_config.json",
        {"tokenizer_class": "Qwen2Tokenizer", "added_tokens_decoder": decoder, **names},
    )


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
