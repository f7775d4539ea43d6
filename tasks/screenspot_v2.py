"""ScreenSpot-v2, elements of mobile, desktop and web screens
paper: arXiv 2410.23218
year: 2024
family: gui
modality: image
size: 1272
split: mobile (501), desktop (334), web (437)
groups: gui, grounding
aliases: screenspotv2
licence: Apache-2.0 (OS-Copilot/ScreenSpot-v2)
metric: clicks within the element's box, over all elements (not the mean of the platforms, which is platform_macro)
official: njucckevin/SeeClick@0ef37ac pretrain/screenspot_test.py, the authors of ScreenSpot; OS-Copilot/OS-Atlas, who
    corrected it to v2, publish no script of their own for it
judge: none
prompt: the toolkit's two texts, which ask for `pyautogui.click(x=?, y=?)`, on two lines; the official wrapper would
    send the bare instruction, which asks for no place
differs: VLMEvalKit reads "x=1, y=2" alone, divides both by the image's sides where one is above 1, and ends a box at
    its last pixel (left + width - 1). It takes anything else for a click at the origin, which hits a box in the
    corner; here that is unread and wrong. Its text and icon means repeat a group once a member where the file has a
    category; here they are plain. The authors read thousandths in <box> tags (brackets there, as SAIL-VL2 writes
    them, are read here too), else exactly two or four numbers as shares of the image, and end a box at left + width:
    the protocol for models that answer in thousandths, which pixels and VLMEvalKit's rule misplace. Boxes are left,
    top, width, height in the toolkit's files, and corners in shares in the hub's; lmms-eval guesses which, and reads
    many more forms. The authors print text and icon of each platform (group cell) and cell_macro, their mean.
"""

from sailbench.aggregate import macro
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Sample

from ._screenspot import box, size, task

PLATFORMS = {"ios": "mobile", "android": "mobile", "windows": "desktop", "macos": "desktop", "mac": "desktop"}
FILES = {"mobile": "mobile", "desktop": "desktop", "pc": "desktop", "web": "web"}
TSVS = "https://opencompass.openxlab.space/utils/benchmarks/GUI/ScreenSpot_v2/ScreenSpot_v2_{}.tsv"


def platform(row: Row) -> str:
    file = row.text("img_filename", "image_path").rpartition("/")[2].partition("_")[0]
    part = row.part.rpartition("_")[2].lower()
    return FILES.get(part) or FILES.get(file) or PLATFORMS.get(row.text("data_source").lower(), "web")


def read(row: Row) -> Sample:
    numbers, kind, where = box(row), row.text("data_type"), platform(row)
    given_by_size = len(numbers) == 4 and max(numbers) > 1
    if given_by_size:
        numbers = (numbers[0], numbers[1], numbers[0] + numbers[2], numbers[1] + numbers[3])
    return Sample(
        id="/".join(part for part in (row.part, row.text("index", default=str(row.number))) if part),
        question=row.text("question", "instruction"),
        target=numbers,
        media=row.images("image") or row.images("image_path", "img_filename"),
        group={"platform": where, "ui_type": kind, "cell": f"{where} {kind}"},
        extra={"size": size(row), "last_pixel": int(given_by_size)},
    )


TASK = task(
    read=read,
    metrics={"platform_macro": macro("platform"), "cell_macro": macro("cell")},
    sources=(
        Hub(repo="HongxinLi/ScreenSpot_v2", split="test"),
        Tsv(url=TSVS.format("Mobile"), md5="234c858ab4f0e787e8388a73df65a4b7"),
        Tsv(url=TSVS.format("Desktop"), md5="5f2aa2a497327bd33b2512a0c75cf994"),
        Tsv(url=TSVS.format("Web"), md5="01cd0877ee1b735a6d5190b053ba9482"),
    ),
)
