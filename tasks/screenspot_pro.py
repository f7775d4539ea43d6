"""ScreenSpot-Pro, small elements of professional software on large screens
paper: arXiv 2504.07981
year: 2025
family: gui
modality: image
size: 1581
split: test
groups: gui, grounding
aliases: screenspotpro
licence: see the data set's card
metric: clicks within the element's box, over all elements
official: likaixin2000/ScreenSpot-Pro-GUI-Grounding@bd8bbbb eval_screenspot_pro.py
judge: none
prompt: the toolkit's two texts, which ask for `pyautogui.click(x=?, y=?)`, on two lines; the official wrapper would
    send the bare instruction, which asks for no place
differs: boxes are corners in pixels, edges included, for all. VLMEvalKit reads "x=1, y=2" alone, divides both by the
    image's sides where one is above 1, and takes anything else for a click at the origin; here that is unread and
    wrong. It prints no overall value of its six files together, and its text, icon and category means repeat a group
    once a member (3 of 3 texts and 0 of 1 give 90 % there, 75 % here). The authors have an adapter a model; official
    reads as those for InternVL, GPT and SeeClick do: thousandths in <box> tags or double brackets, else exactly two
    or four numbers as shares of the image. lmms-eval reads many more forms, but thousandths as pixels.
"""

from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Sample

from ._screenspot import box, size, task

TSVS = "https://opencompass.openxlab.space/utils/benchmarks/GUI/ScreenSpot_Pro/ScreenSpot_Pro_{}.tsv"
PARTS = {
    "Development": "45b93df1d5814885011d682fe1b0f959",
    "Creative": "a15867fee82ba8cd95581895c55f03cd",
    "CAD": "0faa3bc29eba359766c3a7ca2c4d8917",
    "Scientific": "edc2e1f2b53af5fff6480b77c4986b81",
    "Office": "8756c128cf567274c2647423ccc4eaf0",
    "OS": "49c3eaaa7df6d22475c39120fe8f1c06",
}


def read(row: Row) -> Sample:
    kind, part = row.text("ui_type", "data_type"), row.part.rpartition("_")[2]
    group = {"group": row.text("group", "category", default=part), "ui_type": kind}
    group |= {"application": row.text("application"), "platform": row.text("platform")}
    if group["group"]:
        group["cell"] = f"{group['group']} {kind}"
    return Sample(
        id=row.text("id") or "/".join(one for one in (row.part, row.text("index", default=str(row.number))) if one),
        question=row.text("question", "instruction"),
        target=box(row),
        media=row.images("image") or row.images("image_path", "img_filename"),
        group={name: place for name, place in group.items() if place},
        extra={"size": size(row)},
    )


TASK = task(
    read=read,
    sources=(
        Hub(repo="TIGER-Lab/ScreenSpot-Pro", split="test"),
        *(Tsv(url=TSVS.format(part), md5=md5) for part, md5 in PARTS.items()),
    ),
)
