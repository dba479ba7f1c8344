"""Questions with explained answers, which need no kernel."""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backbones.explorers.markup import embed


@dataclass(frozen=True)
class Question:
    """One multiple-choice question. `Words` between backquotes are shown as code.

    Args:
        text: The question.
        options: At least two: what can be chosen, and why it is right or wrong.
        answer: The option that is right.

    Raises:
        ValueError: If there are fewer than two options, an option or its explanation is empty,
            or the answer is not among the options.
    """

    text: str
    options: Mapping[str, str]
    answer: str

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise ValueError("text must hold a question, got an empty text")
        if len(self.options) < 2:
            raise ValueError(f"options must hold at least two, got {list(self.options)}")
        for option, reason in self.options.items():
            if not option.strip() or not reason.strip():
                raise ValueError(
                    f"options must be explained, got {option!r} with the explanation {reason!r}"
                )
        if self.answer not in self.options:
            raise ValueError(f"answer must be one of {list(self.options)}, got {self.answer!r}")


class Quiz:
    """Questions that say, after each choice, why it is right or wrong.

    The options of a question are shown in a random order, which stays when the page is loaded
    again. Without scripts they are in the order given, with their answers folded.

    Args:
        questions: In order.
        title: Heading of the quiz.

    Raises:
        ValueError: If there is no question.
    """

    def __init__(self, questions: Sequence[Question], title: str = "Check yourself") -> None:
        if not questions:
            raise ValueError("questions must hold at least one question")
        self.questions, self.title = tuple(questions), title

    def __repr__(self) -> str:
        return f"<Quiz: {self.title}; {len(self.questions)} questions>"

    def _repr_html_(self) -> str:
        body = f"<figcaption><strong>{_inline(self.title)}</strong></figcaption>"
        for number, question in enumerate(self.questions, 1):
            options = "".join(f"<li>{_inline(option)}</li>" for option in question.options)
            reasons = "".join(
                _reason(option, reason, option == question.answer)
                for option, reason in question.options.items()
            )
            body += (
                f'<fieldset class="bb-question"><legend>{number}. {_inline(question.text)}</legend>'
                f'<ul class="bb-options">{options}</ul>'
                f"<details><summary>Answer</summary><ul>{reasons}</ul></details></fieldset>"
            )
        return embed("quiz", body)


def _reason(option: str, reason: str, right: bool) -> str:
    mark, attribute = ("✓", " data-right") if right else ("✗", "")
    return (
        f"<li{attribute}><strong>{mark} {_inline(option)}</strong> "
        f'<span class="bb-reason">{_inline(reason)}</span></li>'
    )


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
