"""Questions with explained answers, which need no kernel."""

import html
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from zlib import crc32

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

    Right answers stand in places spread over a quiz: each one where the fewest stood so far, and
    among such places where a checksum of its question says. The other options keep their order.
    Without scripts the answers are folded.

    Args:
        questions: In order; their options in any order.
        title: Heading of the quiz.

    Raises:
        ValueError: If there is no question.
    """

    def __init__(self, questions: Sequence[Question], title: str = "Check yourself") -> None:
        if not questions:
            raise ValueError("questions must hold at least one question")
        self.questions, self.title = tuple(_spread(questions)), title

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


def _spread(questions: Sequence[Question]) -> Iterator[Question]:
    """The questions with their right answers moved."""
    taken: Counter[int] = Counter()
    for question in questions:
        places = range(len(question.options))
        fewest = min(taken[place] for place in places)
        free = [place for place in places if taken[place] == fewest]
        place = free[crc32(question.text.encode()) % len(free)]
        taken[place] += 1
        order = [option for option in question.options if option != question.answer]
        order.insert(place, question.answer)
        yield replace(question, options={option: question.options[option] for option in order})


def _reason(option: str, reason: str, right: bool) -> str:
    mark, attribute = ("✓", " data-right") if right else ("✗", "")
    return (
        f"<li{attribute}><strong>{mark} {_inline(option)}</strong> "
        f'<span class="bb-reason">{_inline(reason)}</span></li>'
    )


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
