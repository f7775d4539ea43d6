"""The small model's tokenizer: byte-level BPE learnt from the questions, with the official added tokens."""

import random
from collections.abc import Iterator
from pathlib import Path

from recipes.nano.scenes import KINDS, WORDS
from sailbench.models.sail.chat import SYSTEM, THINK
from sailbench.models.sail.tiny import ADDED, write_added
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
    write_added(folder, engine.get_vocab_size())
