"""The 80 objects of COCO as a caption names them, and the words that name them.

The way from a caption to its objects is that of LisaAnne/Hallucination@6e4d33c utils/chair.py, slips included. The
words are a choice of our own, of common English nouns; `vocabulary` also reads the authors' longer list.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache

Vocabulary = Mapping[str, str]  # a word or two-word name, and its object

# What else an object is called, besides its own name; a comma between two.
_ALSO = {
    "person": "man, woman, boy, girl, child, kid, baby, people, adult, lady, gentleman, guy, male, female, player, "
    "rider, skier, snowboarder, skateboarder, skater, biker, bicyclist, walker, worker, driver, passenger, student, "
    "teenager, shopper, chef, baker, officer, cop, policeman, soldier, doctor, patient, cowboy, bride, groom, mother, "
    "father, sister, pitcher, camper, traveler",
    "bicycle": "bike",
    "car": "automobile, van, minivan, sedan, suv, jeep, cab, taxi, taxicab, limo, hatchback, coupe",
    "motorcycle": "motorbike, motor bike, motor cycle, scooter, moped",
    "airplane": "plane, air plane, aircraft, jet, jetliner, biplane, seaplane",
    "bus": "minibus, trolley",
    "train": "locomotive, caboose",
    "truck": "pickup, lorry, firetruck",
    "boat": "ship, sailboat, motorboat, speedboat, rowboat, canoe, kayak, yacht, ferry, vessel, dinghy, "
    "catamaran, tugboat, barge, lifeboat, schooner",
    "traffic light": "traffic signal, street light, streetlight, stop light, stoplight",
    "fire hydrant": "hydrant",
    "stop sign": "",
    "parking meter": "",
    "bench": "pew",
    "bird": "duck, goose, gosling, swan, seagull, gull, pigeon, parrot, owl, crow, raven, sparrow, robin, "
    "finch, ostrich, pelican, heron, egret, flamingo, peacock, turkey, rooster, parakeet, hummingbird, woodpecker, "
    "vulture, falcon, puffin, cockatoo, mallard, quail, pheasant",
    "cat": "kitten, tabby, feline",
    "dog": "puppy, pup, doggy, hound, terrier, poodle, bulldog, collie, spaniel, retriever, beagle, dachshund, "
    "labrador, husky, pug, corgi, greyhound, sheepdog, chihuahua, canine, mutt",
    "horse": "pony, foal, colt, mare, stallion, mustang",
    "sheep": "lamb, ram, ewe, goat",
    "cow": "cattle, bull, calf, ox, heifer, buffalo, bison",
    "elephant": "",
    "bear": "panda",
    "zebra": "",
    "giraffe": "",
    "backpack": "knapsack",
    "umbrella": "",
    "handbag": "purse, wallet, briefcase",
    "tie": "bow tie, bow",
    "suitcase": "suit case, luggage",
    "frisbee": "",
    "skis": "ski",
    "snowboard": "",
    "sports ball": "ball",
    "kite": "",
    "baseball bat": "",
    "baseball glove": "",
    "skateboard": "",
    "surfboard": "longboard",
    "tennis racket": "racket",
    "bottle": "",
    "wine glass": "",
    "cup": "",
    "fork": "",
    "knife": "pocketknife",
    "spoon": "",
    "bowl": "container",
    "banana": "",
    "apple": "",
    "sandwich": "burger, hamburger, cheeseburger, sub",
    "orange": "",
    "broccoli": "",
    "carrot": "",
    "hot dog": "",
    "pizza": "",
    "donut": "doughnut, bagel",
    "cake": "cupcake, cheesecake, pancake",
    "chair": "seat, stool",
    "couch": "sofa, loveseat, futon, recliner",
    "potted plant": "houseplant",
    "bed": "",
    "dining table": "table, desk",
    "toilet": "urinal, commode",
    "tv": "television, monitor",
    "laptop": "computer, notebook, laptop computer, macbook",
    "mouse": "",
    "remote": "",
    "keyboard": "",
    "cell phone": "phone, cellphone, mobile phone, telephone, smartphone",
    "microwave": "",
    "oven": "stove, stovetop",
    "toaster": "",
    "sink": "",
    "refrigerator": "fridge, freezer",
    "book": "",
    "clock": "",
    "vase": "",
    "scissors": "",
    "teddy bear": "teddybear",
    "hair drier": "hairdryer",
    "toothbrush": "",
}
# Two words that are one name, or are only together what they are: a "train track" is no train.
_PAIRS = (
    *("motor bike", "motor cycle", "air plane", "traffic light", "street light", "traffic signal", "stop light"),
    *("fire hydrant", "stop sign", "parking meter", "suit case", "sports ball", "baseball bat", "baseball glove"),
    *("tennis racket", "wine glass", "hot dog", "cell phone", "mobile phone", "teddy bear", "hair drier"),
    *("potted plant", "laptop computer", "home plate", "train track"),
)
_ANIMALS = (*("bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "animal", "cub"),)
# Two words and what they count as: a "baby bird" is no person. The singular of "glass" is "glas" (see `singular`).
_TOGETHER = {
    **{pair: pair for pair in _PAIRS},
    **{f"{young} {animal}": animal for animal in _ANIMALS for young in ("baby", "adult")},
    **{f"passenger {vehicle}": vehicle for vehicle in ("jet", "train")},
    "bow tie": "tie",
    "toilet seat": "toilet",
    "wine glas": "wine glass",
}


@cache
def vocabulary(listed: str = "") -> Vocabulary:
    """The words of a list (an object a line, its name and what else it is called with commas between), or our own."""
    lines = listed.splitlines() if listed else [f"{name}, {also}" for name, also in _ALSO.items()]
    words: dict[str, str] = {}
    for line in lines:
        names = [name.strip() for name in line.split(", ") if name.strip()]
        words |= {name: names[0] for name in names}
    return words


# What the authors' tokeniser (NLTK's for the treebank) parts from words: punctuation, but neither "-" nor "/" in them.
_APART = re.compile(
    r"""(\.{2,}|--|[][(){}<>;@#$%&?!*`"“”«»]|[:,](?=\D|$)|n't\b|'(?:s|m|d|ll|re|ve)\b|(?<!\w)'|'(?!\w)"""
    r"""|\.(?=[])}>"'”’\s]*$|[])}>"'”’]*\s))"""
)


def named_objects(caption: str, words: Vocabulary) -> list[str]:
    """The objects that a caption names, in order and as often as it names them.

    >>> named_objects("Two men and a baby elephant at a table, near a bus.", vocabulary())
    ['person', 'elephant', 'dining table']
    """
    tokens = [singular(word) for word in _APART.sub(r" \1 ", caption.lower()).split()]
    names = list(_joined(tokens))
    if "toilet" in names and "seat" in names:
        names = [name for name in names if name != "seat"]
    return [words[name] for name in names if name in words]


def _joined(tokens: list[str]) -> Iterable[str]:
    at = 0
    while at < len(tokens):
        pair = " ".join(tokens[at : at + 2])
        yield _TOGETHER.get(pair, tokens[at])
        at += 2 if pair in _TOGETHER else 1


_ODD_PLURALS = {
    "people": "person",
    "mice": "mouse",
    "geese": "goose",
    "oxen": "ox",
    "calves": "calf",
    "kine": "cow",
    "scissors": "scissors",
    "doggies": "doggies",
}
_ENDINGS = (
    *(("children", "child"), ("women", "woman"), ("men", "man"), ("knives", "knife"), ("wives", "wife")),
    *(("buses", "bus"), ("xes", "x"), ("ches", "ch"), ("sses", "ss"), ("shes", "sh"), ("oes", "o")),
)
_TO_Y = re.compile(r"(?<=[^aeiouy])ies$")


def singular(word: str) -> str:
    """The singular, for the words that matter here; the authors' package (pattern) makes more of a plain s.

    It takes it off singulars too: a "bus" is no bus there, but "buses" are, and "ties" are no ties.

    >>> [singular(word) for word in ("dogs", "glass", "bus", "buses", "women", "puppies", "benches")]
    ['dog', 'glas', 'bu', 'bus', 'woman', 'puppy', 'bench']
    """
    if word in _ODD_PLURALS:
        return _ODD_PLURALS[word]
    for plural, one in _ENDINGS:
        if word.endswith(plural):
            return word[: -len(plural)] + one
    if _TO_Y.search(word):
        return word[:-3] + "y"
    return word.removesuffix("s")
