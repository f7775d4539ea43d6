"""We-Math's knowledge concepts by domain, and its options, which the hub has in one text.

The table is We-Math/We-Math@a57a0e8 data/knowledge_structure_nodes.json, as open-compass/VLMEvalKit@e8e78f05
vlmeval/dataset/utils/wemath.py (Apache-2.0) has it.
"""

import re

DOMAINS = {
    "Understanding and Conversion of Units": (
        "Conversion Rates and Calculations Between Area Units; Conversion Rates and Calculations Between "
        "Volume Units (Including Liters and Milliliters); Conversion Rates and Calculations Between Length "
        "Units"
    ),
    "Angles and Length": ("Understanding Angles (Using a Protractor); Understanding Length (Using a Ruler)"),
    "Calculation of Plane Figures": (
        "Sum of Interior Angles of Other Polygons; Sum of Interior Angles of Triangles; Calculation and "
        "Comparison of Angles; Area of Parallelograms; Area of Triangles; Area of Sectors; Area of "
        "Trapezoids; Area of Circles; Area of Rectangles; Area of Squares; Perimeter of Parallelograms; "
        "Perimeter of Triangles; Perimeter of Trapezoids; Circumference of Circles; Perimeter of Rectangles; "
        "Perimeter of Squares"
    ),
    "Understanding of Plane Figures": (
        "Properties and Understanding of Parallelograms; Properties and Understanding of Triangles; "
        "Properties and Understanding of Trapezoids; Properties and Understanding of Rectangles; Properties "
        "and Understanding of Squares; Understanding Triangular Rulers; Understanding and Representing "
        "Angles; Distance Between Two Points; Understanding Line Segments, Lines, and Rays; perpendicularity; "
        "Parallel; Understanding Sectors; Understanding Circles; Observing Figures"
    ),
    "Calculation of Solid Figures": (
        "Surface Area of Cylinders; Surface Area of Rectangular Cuboids; Surface Area of Cubes; Volume and "
        "Capacity of Cylinders; Volume and Capacity of Cones; Volume and Capacity of Rectangular Cuboids; "
        "Volume and Capacity of Cubes"
    ),
    "Understanding of Solid Figures": (
        "Expanded View of Cylinders; Expanded View of Rectangular Cuboids; Expanded View of Cubes; Properties "
        "of Cylinders; Properties of Cones; Properties and Understanding of Rectangular Cuboids; Properties "
        "and Understanding of Cubes; Observing Objects"
    ),
    "Basic Transformations of Figures": ("Axial Symmetry; Translation; Rotation"),
    "Cutting and Combining of Figures": (
        "Combining and Dividing Solids; Division of Plane Figures; Combining Plane Figures; Tessellation of "
        "Figures; Folding Problems of Figures"
    ),
    "Direction": (
        "Southeast, Southwest, Northeast, Northwest Directions; Cardinal Directions (East, South, West, North)"
    ),
    "Position": ("Front-Back Position; Up-Down Position; Left-Right Position"),
    "Route Map": (
        "Determining the Positions of Objects Based on Direction, Angle, and Distance; Describing Simple "
        "Routes Based on Direction and Distance"
    ),
    "Correspondence of Coordinates and Positions": (
        "Representing Positions Using Ordered Pairs; Finding Positions Based on Ordered Pairs"
    ),
}
CONCEPTS = {domain: concepts.split("; ") for domain, concepts in DOMAINS.items()}

_LABEL = re.compile(r"(?:;\s*|\s+|^)(?=[A-H]\s*[.．])")


def options(text: str) -> dict[str, str]:
    """Options by letter from "A. 1 cm;B. 2 cm; C. No correct answer".

    A label opens an option only in its turn (the last may skip letters); elsewhere it is part of a text, where the
    hub has semicolons too many: "to get Shape ;C.; B. Shape A is".
    """
    found: dict[str, str] = {}
    pieces = [piece for piece in _LABEL.split(text.strip()) if piece]
    for at, piece in enumerate(pieces):
        label, words = piece[0], piece[1:].lstrip(" .．")
        due = chr(ord("A") + len(found))
        comes = any(later[0] == due for later in pieces[at + 1 :])
        if words.strip(" ;") and (label == due or (label > due and not comes)):
            found[label] = words
        elif found:
            found[next(reversed(found))] += piece
    return {label: words.strip(" ;") for label, words in found.items()}
