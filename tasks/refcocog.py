"""RefCOCOg, boxes of long referring expressions
paper: arXiv 1511.02283
year: 2015
family: grounding_counting
modality: image
size: 14498
split: val (4896), test (9602)
groups: paper, grounding
licence: images of COCO train2014 (Flickr's terms), carried by the TSV
metric: expressions whose box shares half of what it and the gold box cover (IoU at least 0.5), mean over the splits
official: none that reads text: lichengunc/refer has splits and boxes only, so VLMEvalKit's rule
    (open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/refcoco.py) is the only one here
judge: none
published: SAIL-VL2-2B 53.28, SAIL-VL2-AnyRes-2B 57.82, SAIL-VL2-8B 74.02, SAIL-VL2-A3B 79.28,
    one number for the family (see differs)
prompt: the TSV's question as it is, as the official wrapper sends it: "Please provide the bounding box coordinate of
    the region this sentence describes: <ref>...</ref>", known of public rows and the pull request that added them.
    The paper says that its prompt asks for coordinates from 0 to 1000 and that outputs from 0 to 1 are guarded
differs: the first four numbers in square brackets count, else the first four anywhere, so that the digits of "x1="
    are read. Their scale is guessed by the largest: up to 1.5 shares, up to 1000 thousandths, else pixels; the TSV
    has no image sizes, so pixels above 1000 are cut to the edge (no image of COCO has such). Corners in the wrong
    order are swapped. InternVL's script (OpenGVLab/InternVL evaluate_grounding.py) takes numbers as thousandths when
    they sum to 4 or more and swaps nothing. lmms-eval scores the best of all boxes in the reply, in pixels and in
    thousandths, one row an object with all its expressions: an oracle, not comparable. Rows in the columns of its
    hub sets are asked about by their first expression, their image's size tells the scale. The paper's RefCOCO
    average is over refcoco testA and testB, a third set that it calls refcoco "test" (RefCOCO has none, RefCOCOg
    has), and refcoco+ testA and testB: metrics testA, testB and test of the three tasks. VLMEvalKit's own average is
    over all eight splits. Metric mean_iou is in percent.
"""

from ._refcoco import task

TASK = task("RefCOCOg", tests=("test",))
