"""What the user's turns become: where pictures stand in the text, and the conversation around it. Pure text.

Layouts are those of open-compass/VLMEvalKit@e8e78f05 (vlmeval/vlm/sail_vl.py: reorganize_prompt, build_video_prompt,
chat_inner); the conversation is the official code's "univl-chat" template. Text of strangers stays `str`, what the
template writes is a `Token` or a `Picture`, so that the two cannot be confused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sailbench.errors import MediaError
from sailbench.models.sail.tiling import View
from sailbench.models.sail.tokenizer import END, START
from sailbench.types import MEDIA_MARK, Detail, Request

PROTOCOL = 1  # raised when a layout changes, so that answers to the old one are not mixed with the new
SYSTEM = "你是由抖音内容理解组开发的多模态大模型，英文名叫UniVL, 是一个有用无害的人工智能助手。"
THINK = (
    "You FIRST think about the reasoning process as an internal monologue and then provide the final answer. "
    "The reasoning process MUST BE enclosed within <think> </think> tags. "
    "The final answer MUST BE put in \\boxed{}."
)
IMAGE = "<image>"
TILES: dict[Detail, int] = {"normal": 10, "fine": 12, "page": 18, "dense": 24, "frame": 1}
TILES_IN_ALL = 64  # shared by the images of a request


@dataclass(frozen=True, slots=True)
class Token:
    """A control token, written by the template."""

    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """The place of the request's image `index`: its slots between <img> and </img>."""

    index: int


Part = str | Token | Picture
Turn = tuple[Part, ...]


def image_counts(request: Request) -> list[int]:
    """How many images each medium is: one, or a video's frames as many as asked for."""
    return [request.sampling.frames if m.kind == "video" else 1 for m in request.media]


def views(request: Request, counts: Sequence[int], multi_scale: bool) -> list[View]:
    """How finely each image is looked at. `multi_scale` is used for a single image in a single turn only.

    The toolkit shares no limit among the images of a talk of several turns, and runs past the model's last position
    when there are many; here they share it as in a single turn.
    """
    sampling, images = request.sampling, sum(counts)
    limit = max(1, min(TILES[sampling.detail], TILES_IN_ALL // max(images, 1)))
    single = images == 1 and len(request.turns) == 1
    seen: list[View] = []
    for medium, frames in zip(request.media, counts, strict=True):
        if medium.kind == "video":
            seen += [View(1)] * frames
        else:
            seen.append(View(limit, multi_scale and single, sampling.enlarge if not seen else 1))
    return seen


def question(request: Request, counts: Sequence[int] | None = None, turn: int = 0) -> str:
    """A turn as the official chat() would be given it, pictures as "<image>"."""
    parts = lay_out(request, image_counts(request) if counts is None else counts)[turn]
    return "".join(IMAGE if isinstance(part, Picture) else str(part) for part in parts)


def lay_out(request: Request, counts: Sequence[int]) -> list[Turn]:
    """Every turn of the user's with its pictures in place; `counts` as from `image_counts`."""
    front, turns = _pieces(request, counts)
    if len(turns) > 1:
        turns[0] = [*front, *turns[0]]
        laid = [_in_place(turn) for turn in turns]
    else:
        laid = [_headed(request, turns[0], sum(counts))]
    return [(*turn, "\n" + THINK) if request.sampling.thinking else turn for turn in laid]


Piece = str | tuple[int, ...]  # text, or the images of one medium


def _pieces(request: Request, counts: Sequence[int]) -> tuple[list[Piece], list[list[Piece]]]:
    """The media that no mark places, and each turn as texts and media in order."""
    media: list[Piece] = []
    images = 0
    for count in counts:
        media.append(tuple(range(images, images + count)))
        images += count
    marks = sum(turn.count(MEDIA_MARK) for turn in request.turns)
    if marks > len(media):
        raise MediaError(f"the text marks {marks} media, but the request has {len(media)}")
    waiting = iter(media)
    turns: list[list[Piece]] = []
    for turn in request.turns:
        first, *rest = turn.split(MEDIA_MARK)
        pieces: list[Piece] = [first]
        for text in rest:
            pieces += [next(waiting), text]
        turns.append([piece for piece in pieces if piece != ""])
    return list(waiting), turns


def _headed(request: Request, pieces: Sequence[Piece], images: int) -> Turn:
    """One turn: all pictures in a header, and in the text at most a mention of each."""
    texts = [piece for piece in pieces if isinstance(piece, str)]
    video = any(m.kind == "video" for m in request.media)
    if images == 0:
        return tuple(texts)
    if images == 1:
        text = "\n".join(texts)
        return Picture(0), "\n" + (_as_frames(text) if video else text)
    kind = "Frame" if video else "Image"
    header = [part for i in range(images) for part in (f"{kind}-{i + 1}: ", Picture(i), "\n")]
    return *header, _as_frames("".join(texts)) if video else _mentioned(pieces, images)


def _mentioned(pieces: Sequence[Piece], images: int) -> str:
    """The text with <Image-k> where the k-th image stood; a run of all of them says nothing and is dropped."""
    names = [f"<Image-{i + 1}>" for i in range(images)]
    text = "".join(piece if isinstance(piece, str) else "".join(names[i] for i in piece) for piece in pieces)
    return text.replace("".join(names), "")


def _as_frames(text: str) -> str:
    # The original replaces "Image-1" .. "Image-64" one by one as substrings: any number that starts so is hit.
    return re.sub(r"Image-(?=[1-9])", "Frame-", text)


def _in_place(pieces: Sequence[Piece]) -> Turn:
    """A turn of several: each picture on a line where it stood. "Image3" is spelt "Image-3" for the model."""
    parts: list[Part] = []
    for piece in pieces:
        if isinstance(piece, str):
            parts.append(hyphenated(piece))
        else:
            for i in piece:
                parts += [Picture(i), "\n"]
    return tuple(parts)


def hyphenated(text: str) -> str:
    """Image numbers as the model knows them."""
    return re.sub(r"Image(\d+)", r"Image-\1", text)


def unhyphenated(text: str) -> str:
    """Image numbers as several-turn benchmarks write them: what the toolkit does to every answer of such a talk."""
    return re.sub(r"Image-(\d+)", r"Image\1", text)


def conversation(turns: Sequence[Turn], answers: Sequence[str], system: str | None = None) -> list[Part]:
    """The prompt: a system block, the turns with the answers so far, and the opening of the next answer.

    No newline after the end of a turn, unlike stock ChatML. A turn without text gets no end token, as in the original.
    """
    parts = [*_block("system", (SYSTEM if system is None else system,)), Token(END)]
    for i, turn in enumerate(turns):
        parts += _turn("user", turn)
        if i < len(answers):
            parts += _turn("assistant", (answers[i],))
    return parts + _block("assistant", ())


def _block(role: str, body: Turn) -> list[Part]:
    return [Token(START), role + "\n", *body]


def _turn(role: str, body: Turn) -> list[Part]:
    return _block(role, body) + ([Token(END)] if any(part != "" for part in body) else [])
