"""How the bundled checkpoint sailvl2-nano is made: drawn scenes, a small SAIL-VL2, the paper's stages in miniature.

`python -m recipes.nano train` does all of it; README.md has the table of what each stage gains.
"""
