"""Answers a few requests with an engine and prints them: run by the interpreter of an environment that has it."""

import io
import json
import random
import sys

from PIL import Image

from sailbench.models.engines import Choice, load
from sailbench.types import MEDIA_MARK, Media, Request, Sampling


def picture(seed, size):
    held = io.BytesIO()
    Image.frombytes("RGB", size, random.Random(seed).randbytes(3 * size[0] * size[1])).save(held, "PNG")
    return Media.image(held.getvalue())


def requests():
    """Text, one image, several images, several turns, a broken image."""
    one, two, three = (picture(i, size) for i, size in enumerate([(112, 112), (300, 90), (60, 200)]))
    asked = [(("hello there",), ()), (("What?",), (two,)), ((f"{MEDIA_MARK} or {MEDIA_MARK}?",), (one, two))]
    asked += [(("First?", "Second?"), (three,)), (("x",), (Media.image(b"no"),))]
    return [Request(turns=turns, media=media, sampling=Sampling(max_tokens=12)) for turns, media in asked]


def answers(model):
    asked = requests()
    found = {id(request): response for request, response in model.answer(asked)}
    responses = [found[id(request)] for request in asked]
    return [[list(r.texts), r.tokens_in, r.tokens_out, r.finish, r.error] for r in responses]


if __name__ == "__main__":
    engine, folder, device, dtype = sys.argv[1:]
    model = load(Choice(folder, engine=engine, device=device, dtype=dtype, workers=1))
    sys.stdout.write(f"ANSWERS{json.dumps(answers(model))}\n")
