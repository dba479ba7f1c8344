"""Questions with answers to choose from."""

from backbones.explorers import Question, Quiz


def quiz() -> Quiz:
    """A quiz: code, short and long answers."""
    return Quiz(
        [
            Question(
                "What does `nn.Conv2d(64, 128, 3, padding=1)` do to a map of 56 × 56?",
                {
                    "56 × 56": "With F = 3 and P = 1 the size stays: `(56 - 3 + 2) / 1 + 1`.",
                    "54 × 54": "That would be so without padding.",
                    "28 × 28": "That takes a stride of 2.",
                },
                "56 × 56",
            ),
            Question(
                "Why is a stack of small filters not simply richer than one large filter?",
                {
                    "Because its weights, of which there are fewer, cannot express every large "
                    "filter, while its ReLU makes functions that no single filter is": "So it is.",
                    "Because it has more weights": "It has fewer: 18C² against 25C².",
                },
                "Because its weights, of which there are fewer, cannot express every large "
                "filter, while its ReLU makes functions that no single filter is",
            ),
        ]
    )
