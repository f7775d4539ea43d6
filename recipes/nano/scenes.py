"""Scenes and what may be asked about them: a picture or several, questions with answers, and the scene told in words.

Everything comes from the random generator that is passed in: the same seed gives the same scene.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from recipes.nano.draw import COLOURS, NAMES, PAPERS, PATCH, SHAPES, SIDE, Box, Canvas, Type, faces

LETTERS = "ABCD"
WORDS = (  # noqa: SIM905 (one word a line is harder to read)
    "apple bird boat book cake card cat clock cloud coat corn cup desk dog door duck fish flag fork frog glass hand "
    "hat house jar key kite lamp leaf lemon lion milk moon mouse nut pen pig plum queen rain ring rose sand shoe "
    "snow spoon sun tent train tree van wolf yard zebra"
).split()
PLACES = ("top left", "top right", "bottom left", "bottom right")
MOVES = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
FRAMES = 4
DRILL = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A question of a task with its answer; `thought` is the reasoning behind it, where there is some.

    `wording` is the question as the model is given it; `facts` are more columns of the task's row.
    """

    task: str
    wording: str
    answer: str
    thought: str = ""
    options: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`words` tell what is seen, picture by picture, for a reader who cannot see."""

    pictures: tuple[Canvas, ...]
    words: tuple[str, ...]
    asks: tuple[Ask, ...]
    video: bool = False


Draw = Callable[[random.Random], Scene]


def blank(rng: random.Random) -> Canvas:
    return Canvas(rng.choice(PAPERS))


def lettering(rng: random.Random, length: int) -> Type:
    """A face at a size at which `length` glyphs fit in."""
    most = {1: 44, 2: 40, 3: 34, 4: 30, 5: 25}[length]
    return Type(rng.choice(faces()), rng.randint(max(most - 8, 21), most), rng.choice((0.0, rng.uniform(-10, 10))))


def choose(rng: random.Random, task: str, question: str, right: str, wrong: Sequence[str], **facts: str) -> Ask:
    """A question with four lettered options, answered by the text of one: letters are beyond so small a model."""
    options = [right, *rng.sample([each for each in wrong if each != right], 3)]
    rng.shuffle(options)
    lines = "\n".join(f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=True))
    wording = f"{question}\n{lines}\nAnswer with the right option."
    facts = {"letter": LETTERS[options.index(right)], **facts}
    return Ask(task=task, wording=wording, answer=right, options=tuple(options), facts=facts)


def paired(rng: random.Random, asked: str, pairs: Sequence[tuple[str, str]], times: int = 1) -> Ask:
    """What belongs together, in any order: teaches to look a thing up by its name.

    Told several `times`, each in another order, it is a drill that asks dozens of times in a hundred tokens.
    """
    orders = (rng.sample(pairs, len(pairs)) for _ in range(times))
    told = "; ".join(", ".join(f"{name}{value}" for name, value in order) for order in orders)
    return Ask(task="drill" if times > 1 else "pairs", wording=asked, answer=told)


def lettered(rng: random.Random, ask: Ask, times: int = 1) -> Ask:
    """The letters of a question's options."""
    wording = ask.wording.rpartition("\n")[0] + "\nList the options with their letters."
    return paired(
        rng, wording, [(option, f" {letter}") for option, letter in zip(ask.options, LETTERS, strict=True)], times
    )


def writing(rng: random.Random) -> Scene:
    """A word or a number of up to three digits."""
    is_word = rng.random() < 0.5
    text = rng.choice(WORDS) if is_word else str(rng.randint(0, 10 ** rng.randint(1, 3) - 1))
    canvas, colour = blank(rng), rng.choice(NAMES)
    canvas.write(text, colour, lettering(rng, len(text)), rng)
    kind = "word" if is_word else "number"
    asks = (
        Ask(task="ocr", wording=f"What {kind} is written here?", answer=text, facts={"kind": kind}),
        Ask(task="spell", wording="Spell what is written here.", answer=" ".join(text)),
        Ask(task="name", wording="What colour is the text?", answer=colour),
    )
    return Scene(pictures=(canvas,), words=(f"{colour} text: {' '.join(text)}",), asks=asks)


def arithmetic(rng: random.Random) -> Scene:
    """A sum of two or three numbers below ten, never below zero on the way."""
    numbers, signs, totals = [rng.randint(0, 9)], [], []
    for _ in range(rng.randint(1, 2)):
        total = totals[-1] if totals else numbers[0]
        number = rng.randint(0, 9)
        sign = "-" if number <= total and rng.random() < 0.5 else "+"
        numbers.append(number)
        signs.append(sign)
        totals.append(total + number if sign == "+" else total - number)
    text = str(numbers[0]) + "".join(f"{sign}{number}" for sign, number in zip(signs, numbers[1:], strict=True))
    starts = [numbers[0], *totals]
    steps = [f"{a}{s}{n}={t}" for a, s, n, t in zip(starts, signs, numbers[1:], totals, strict=False)]
    canvas = blank(rng)
    canvas.write(text, rng.choice(NAMES), lettering(rng, len(text)), rng)
    question, facts = "What is the result?", {"expression": text}
    asks = (
        Ask(task="math", wording=question, answer=str(totals[-1]), facts={**facts, "mode": "direct"}),
        Ask(
            task="math",
            wording=question,
            answer=str(totals[-1]),
            thought=", ".join(steps),
            facts={**facts, "mode": "think"},
        ),
        Ask(task="read", wording="What is written here?", answer=text),
    )
    return Scene(pictures=(canvas,), words=(f"text: {' '.join(text)}",), asks=asks)


def objects(rng: random.Random) -> Scene:
    """One to three shapes, each in a quarter of its own, no shape and no colour twice."""
    n = rng.randint(1, 3)
    shapes, colours, quarters = rng.sample(SHAPES, n), rng.sample(NAMES, n), rng.sample(range(4), n)
    canvas, boxes = blank(rng), []
    for shape, colour, quarter in zip(shapes, colours, quarters, strict=True):
        boxes.append(_box_in(rng, quarter))
        canvas.shape(shape, colour, boxes[-1])
    k = rng.randrange(n)
    shape, colour, box = shapes[k], colours[k], boxes[k]
    place = PLACES[quarters[k]]
    asks = [
        choose(rng, "mcq", f"What colour is the {shape}?", colour, NAMES, skill="colour"),
        choose(rng, "mcq", f"Which shape is {colour}?", shape, SHAPES, skill="shape"),
        choose(rng, "mcq", f"Where is the {shape}?", place, PLACES, skill="position"),
        Ask(task="name", wording=f"What colour is the {shape}?", answer=colour),
        Ask(task="name", wording=f"Which shape is {colour}?", answer=shape),
        Ask(task="name", wording=f"Where is the {shape}?", answer=place),
        paired(rng, "Name each shape and its colour.", _spaced(shapes, colours)),
        paired(rng, "Name each colour and its shape.", _spaced(colours, shapes)),
        _boxed(shape, colour, box),
        *_yes_and_no(rng, shapes, colours, k),
        *_yes_and_no(rng, shapes, colours, rng.randrange(n)),
        *_mixed_up(shapes, colours),
    ]
    asks += [lettered(rng, rng.choice(asks[:3])), lettered(rng, rng.choice(asks[:3]), DRILL)]
    told = sorted(zip(quarters, colours, shapes, boxes, strict=True))
    words = "; ".join(f"{PLACES[q]} {c} {s} {_corners(b)}" for q, c, s, b in told)
    return Scene(pictures=(canvas,), words=(words,), asks=tuple(asks))


def _spaced(names: Sequence[str], values: Sequence[str]) -> list[tuple[str, str]]:
    return [(name, f" {value}") for name, value in zip(names, values, strict=True)]


def _box_in(rng: random.Random, quarter: int) -> Box:
    """A square box in a quarter of the picture, its edges on pixels."""
    half, size = SIDE // 2, rng.randint(26, 48)
    left, top = (half * side + rng.randint(2, half - size - 2) for side in (quarter % 2, quarter // 2))
    return left, top, left + size, top + size


def _corners(box: Box) -> str:
    """In thousandths of the picture, rounded to twenties: as fine as the model is asked to be."""
    return "[[{},{},{},{}]]".format(*(20 * round(edge * 1000 / SIDE / 20) for edge in box))


def _boxed(shape: str, colour: str, box: Box) -> Ask:
    wording = f"Give the bounding box of the {colour} {shape}."
    pixels = ",".join(str(int(edge)) for edge in box)
    return Ask(
        task="grounding",
        wording=wording,
        answer=_corners(box),
        facts={"bbox": pixels, "shape": shape, "colour": colour},
    )


def _yes_and_no(rng: random.Random, shapes: Sequence[str], colours: Sequence[str], k: int) -> list[Ask]:
    """The same question about what is there and about what is not: another colour or another shape."""
    shape, colour = shapes[k], colours[k]
    if rng.random() < 0.5:
        other = f"{rng.choice([c for c in NAMES if c != colour])} {shape}"
    else:
        other = f"{colour} {rng.choice([s for s in SHAPES if s != shape])}"
    asked = ((f"{colour} {shape}", "Yes"), (other, "No"))
    return [Ask(task="yesno", wording=_there(what), answer=answer) for what, answer in asked]


def _mixed_up(shapes: Sequence[str], colours: Sequence[str]) -> list[Ask]:
    """Is there one object's colour on another's shape? Only looking at both together tells."""
    if len(shapes) < 2:
        return []
    return [Ask(task="yesno", wording=_there(f"{colours[0]} {shapes[1]}"), answer="No")]


def _there(what: str) -> str:
    return f"Is there {'an' if what[0] == 'o' else 'a'} {what}? Answer yes or no."


def several(rng: random.Random) -> Scene:
    """One to five copies of a shape."""
    canvas, n = blank(rng), rng.randint(1, 5)
    shape, colour = _copies(rng, canvas, n)
    numbers = [str(i) for i in range(1, 7)]
    asks = (
        choose(rng, "mcq", f"How many {shape}s are there?", str(n), numbers, skill="count"),
        Ask(task="name", wording=f"How many {shape}s are there?", answer=str(n)),
        Ask(task="name", wording="Which shape is it?", answer=shape),
        *_yes_and_no(rng, [shape], [colour], 0),
    )
    return Scene(pictures=(canvas,), words=(" ".join([f"{colour} {shape}"] * n),), asks=asks)


def _copies(rng: random.Random, canvas: Canvas, n: int) -> tuple[str, str]:
    shape, colour = rng.choice(SHAPES), rng.choice(NAMES)
    for cell in rng.sample(range(9), n):
        size = rng.randint(22, 28)
        left, top = (4 + 36 * at + rng.randint(0, 31 - size) for at in (cell % 3, cell // 3))
        canvas.shape(shape, colour, (left, top, left + size, top + size))
    return shape, colour


def chart(rng: random.Random) -> Scene:
    """Bars, or the coloured points of a line, at tens from 10 to 100 on a ruled axis."""
    canvas, n, is_line = blank(rng), rng.randint(2, 4), rng.random() < 0.4
    colours, values = rng.sample(NAMES, n), [10 * rng.randint(1, 10) for _ in range(n)]
    foot, step = 106, 10
    for line in range(11):
        shade = (120, 120, 120) if line % 5 == 0 else (222, 222, 222)
        canvas.pen.line((8, foot - step * line, 110, foot - step * line), fill=shade)
    wide = 100 / n
    middles = [10 + wide * (i + 0.5) for i in range(n)]
    tops = [foot - step * value / 10 for value in values]
    if is_line:
        canvas.pen.line(list(zip(middles, tops, strict=True)), fill=(90, 90, 90), width=2)
    for colour, x, y in zip(colours, middles, tops, strict=True):
        reach = 5 if is_line else wide * 0.32
        box = (x - reach, y - reach, x + reach, y + reach) if is_line else (x - reach, y, x + reach, foot)
        (canvas.pen.ellipse if is_line else canvas.pen.rectangle)(box, fill=COLOURS[colour])
        label = (x - PATCH / 2, y - PATCH / 2, x + PATCH / 2, y + PATCH / 2) if is_line else box
        canvas.mark(2, label, 1 + NAMES.index(colour))
    what, kind = ("point", "line") if is_line else ("bar", "bars")
    asks = (
        *(
            Ask(
                task="chart",
                wording=f"What is the value of the {colours[k]} {what}?",
                answer=str(values[k]),
                facts={"kind": kind},
            )
            for k in rng.sample(range(n), n)
        ),
        Ask(task="name", wording=f"How many {what}s are there?", answer=str(n)),
        paired(rng, "Name each colour and its value.", valued := list(zip(colours, map(str, values), strict=True))),
        paired(rng, "Name each colour and its value.", valued, DRILL),
        Ask(task="list", wording="List the values from left to right.", answer=" ".join(map(str, values))),
    )
    told = " ".join(f"{colour}{value}" for colour, value in zip(colours, values, strict=True))
    return Scene(pictures=(canvas,), words=(f"{what}s: {told}",), asks=asks)


def pair(rng: random.Random) -> Scene:
    """Two pictures: of the same shape or not, of the same colour or not, with more in one of them."""
    return more(rng) if rng.random() < 0.5 else alike(rng)


def alike(rng: random.Random) -> Scene:
    """Each picture shows one shape: the same or another, in the same colour or another."""
    same_shape, same_colour = rng.random() < 0.5, rng.random() < 0.5
    shapes, colours = rng.sample(SHAPES, 2), rng.sample(NAMES, 2)
    if same_shape:
        shapes[1] = shapes[0]
    if same_colour:
        colours[1] = colours[0]
    canvases = (blank(rng), blank(rng))
    for canvas, shape, colour in zip(canvases, shapes, colours, strict=True):
        size = rng.randint(40, 64)
        left, top = rng.randint(4, SIDE - size - 4), rng.randint(4, SIDE - size - 4)
        canvas.shape(shape, colour, (left, top, left + size, top + size))
    wording = "Do the two images show the same {}? Answer yes or no."
    asks = [
        Ask(
            task="multi",
            wording=wording.format("shape"),
            answer="Yes" if same_shape else "No",
            facts={"skill": "shape"},
        ),
        Ask(
            task="multi",
            wording=wording.format("colour"),
            answer="Yes" if same_colour else "No",
            facts={"skill": "colour"},
        ),
    ]
    for i, which in enumerate(("first", "second")):
        asks.append(Ask(task="name", wording=f"What colour is the shape in the {which} image?", answer=colours[i]))
        asks.append(Ask(task="name", wording=f"Which shape is in the {which} image?", answer=shapes[i]))
    words = tuple(f"{colour} {shape}" for colour, shape in zip(colours, shapes, strict=True))
    return Scene(pictures=canvases, words=words, asks=tuple(asks))


def more(rng: random.Random) -> Scene:
    canvases, counts = (blank(rng), blank(rng)), rng.sample(range(1, 6), 2)
    told = [_copies(rng, canvas, n) for canvas, n in zip(canvases, counts, strict=True)]
    asks = (
        Ask(
            task="multi",
            wording="Does the first image show more shapes than the second? Answer yes or no.",
            answer="Yes" if counts[0] > counts[1] else "No",
            facts={"skill": "count"},
        ),
        Ask(task="name", wording="How many shapes are in the first image?", answer=str(counts[0])),
        Ask(task="name", wording="How many shapes are in the second image?", answer=str(counts[1])),
    )
    words = tuple(" ".join([f"{colour} {shape}"] * n) for (shape, colour), n in zip(told, counts, strict=True))
    return Scene(pictures=canvases, words=words, asks=asks)


def motion(rng: random.Random) -> Scene:
    """Frames of a shape that moves, or of two that show up one after the other."""
    return moving(rng) if rng.random() < 0.6 else in_order(rng)


def path(rng: random.Random, frames: int) -> tuple[str, int, list[tuple[float, float]]]:
    """A direction, a size, and where the shape's left upper corner is in each frame."""
    direction, size = rng.choice(list(MOVES)), rng.randint(26, 34)
    way, drift = rng.randint(42, 72), rng.uniform(-4, 4)
    along, across = rng.uniform(3, SIDE - size - way - 3), rng.uniform(8, SIDE - size - 8)
    x, y = MOVES[direction]
    spots = []
    for i in range(frames):
        gone = i / (frames - 1)
        at = along + way * (gone if x + y > 0 else 1 - gone)
        spots.append((at, across + drift * gone) if x else (across + drift * gone, at))
    return direction, size, spots


def moving(rng: random.Random, frames: int = FRAMES) -> Scene:
    shape, colour, paper = rng.choice(SHAPES), rng.choice(NAMES), rng.choice(PAPERS)
    direction, size, spots = path(rng, frames)
    canvases = tuple(Canvas(paper) for _ in spots)
    for canvas, (left, top) in zip(canvases, spots, strict=True):
        canvas.shape(shape, colour, (left, top, left + size, top + size))
    ask = Ask(
        task="video",
        wording=f"In which direction does the {shape} move: left, right, up or down?",
        answer=direction,
        facts={"skill": "direction"},
    )
    words = tuple(f"{colour} {shape} at {round(x / 10)},{round(y / 10)}" for x, y in spots)
    return Scene(pictures=canvases, words=words, asks=(ask,), video=True)


def in_order(rng: random.Random, frames: int = FRAMES) -> Scene:
    first, second = rng.sample(SHAPES, 2)
    colours, paper, canvases = rng.sample(NAMES, 2), rng.choice(PAPERS), []
    size = rng.randint(34, 56)
    spots = [[rng.randint(4, SIDE - size - 4) for _ in range(2)] for _ in range(2)]
    words = []
    for i in range(frames):
        late = i >= frames // 2
        canvas, (left, top), shape = Canvas(paper), spots[late], (second if late else first)
        canvas.shape(shape, colours[late], (left, top, left + size, top + size))
        canvases.append(canvas)
        words.append(f"{colours[late]} {shape}")
    named = rng.sample((first, second), 2)
    ask = Ask(
        task="video",
        wording=f"Which appears first, the {named[0]} or the {named[1]}?",
        answer=first,
        facts={"skill": "order"},
    )
    return Scene(pictures=tuple(canvases), words=tuple(words), asks=(ask,), video=True)


KINDS: Mapping[str, Draw] = {
    "writing": writing,
    "arithmetic": arithmetic,
    "objects": objects,
    "several": several,
    "chart": chart,
    "pair": pair,
    "motion": motion,
}
