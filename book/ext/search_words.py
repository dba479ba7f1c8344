"""How search sees words: one spelling for all ways of writing a thing.

The rules are regular expressions that Python and JavaScript read alike. They travel in the index,
so that a question is rewritten by the very rules by which the book was.
"""

from __future__ import annotations

import re
import unicodedata

GREEK = {"α": "alpha", "β": "beta", "γ": "gamma", "ε": "epsilon", "μ": "mu", "σ": "sigma"}
# Pattern and replacement, in this order, on lower-case text without accents.
RULES = [
    # Signs.
    ("×", "x"),
    *((sign, f" {name} ") for sign, name in GREEK.items()),
    ("([0-9]) ?(?:x|by) ?(?=[0-9])", "$1x"),  # 1×1, 224 x 224
    ("['’]s?(?![a-z])", ""),  # the paper's
    # Words for the same thing.
    (r"\bbatch[- ]?norm(?:ali[sz]\w*)?(?:2d)?\b|\bbn\b", "batch norm"),
    (r"\bnormali[sz]\w*", "norm"),
    (r"\b(?:skip|residual) connections?\b|\bskips?\b", "shortcut"),
    (r"\bfully[- ]connected\b|\bfc\b|\blinear layer\b", "dense"),
    (r"\bconvs?(?:2d)?\b|\bconvolve[sd]?\b|\bconvolving\b", "convolution"),
    (r"\bcnns?\b|\bconvnets?\b", "convolution network"),
    (r"\berf\b", "effective receptive field"),
    (r"\bfield of view\b", "receptive field"),
    (r"\bmultiply-accumulates?\b|\bmultiplications?\b", "mac"),
    (r"\bim2col\b", "unfold"),
    (r"\bfilters?\b", "kernel"),
    (r"\bsymbols?\b", "notation"),
    (r"\b(?:image|photo|photograph)(s?)\b", "picture$1"),
    (r"\b(?:(?:train|learn)able )?param(?:eter)?s?\b", "parameter"),
    (r"\blr\b", "learning rate"),
    (r"\bfine-?tun(?:e|ed|ing)\b", "fine tuning"),
    (
        r"\bcalculat\w+|\bcomput(?:e|es|ed|ing|ation)\b|\bformulae\b|\bequations?\b|\brecursions?\b",
        "formula",
    ),
    # Joined words are found by their parts and as a whole: ResNet-50, channels_last.
    (r"([a-z0-9]+)[-_]([a-z0-9]+)", "$1 $2 $1$2"),
    ("[^a-z0-9]+", " "),
    # British and American.
    (r"([a-z]{3})our(?=s|ed|ing|hood|\b)", "$1or"),
    (r"([a-z]{3})tre(s?)\b", "$1ter$2"),
    (r"([a-z]{3})is(?=e|ed|es|er|ers|ing|ation|ations\b)", "$1iz"),
    (r"([a-z]{2})ll(?=ed|ing|er)", "$1l"),
    (r"\bgrey\b", "gray"),
    # Endings: plurals first, then what makes nouns and adjectives of verbs.
    (r"([a-z]{2})ies\b", "$1y"),
    (r"([a-z](?:ss|sh|ch|x|z))es\b", "$1"),
    (r"([a-z]{2}[^aisu ])s\b", "$1"),
    (r"([a-z]{3}ion)al(?:ly)?\b", "$1"),
    (r"([a-z]{4})(?:ion|ly)\b", "$1"),
    (r"([a-z]{5})(?:ance|ant|ence|ent)\b", "$1"),
    (r"([a-z]{3})(?:ing|ed)\b", "$1"),
    (r"([a-z]{3})e\b", "$1"),
    (r"([bdfgmnprt])\1\b", "$1"),
]
STOP = (
    "a about after all also an and any are as at be because been before both but by can could did "
    "do does each for from get had has have how i if in into is it its just like many more most "
    "much my no not of off on one only or other our out over so some such than that the their "
    "them then there these they this those to too up us use used very was we were what when where "
    "which while who why will with without would you your"
)
# Words of Chinese questions that are no terms; terms and their names stand in the glossary.
CHINESE = {
    "捷径": "shortcut",
    "跳连": "shortcut",
    "归一化": "normalization",
    "计算量": "MAC",
    "参数量": "parameter count",
    "计算": "formula",
    "公式": "formula",
    "输出": "output",
    "输入": "input",
    "大小": "size",
    "尺寸": "size",
    "网络": "network",
    "层": "layer",
    "训练": "training",
    "准确率": "accuracy",
    "梯度": "gradient",
    "权重": "weight",
    "图像": "picture",
    "习题": "exercise",
    "代码": "code",
}
COMPILED = [
    (re.compile(pattern, re.ASCII), re.sub(r"\$(\d)", r"\\\1", replacement))
    for pattern, replacement in RULES
]


def rewritten(text: str) -> str:
    """Text by the rules: 'Two 3×3 for one 5×5' -> 'two 3x3 for one 5x5'."""
    text = unicodedata.normalize("NFKD", text)
    text = "".join(sign for sign in text if not unicodedata.category(sign).startswith("M")).lower()
    for pattern, replacement in COMPILED:
        text = pattern.sub(replacement, text)
    return text


STOPPED = frozenset(rewritten(STOP).split())


def words(text: str) -> list[str]:
    """The words that count: no stop words, no single letters or digits."""
    return [word for word in rewritten(text).split() if len(word) > 1 and word not in STOPPED]
