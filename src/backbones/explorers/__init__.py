"""What a reader moves or writes: explorers, quizzes, live labs, and checks of exercises."""

from backbones.explorers.controls import Axis
from backbones.explorers.exercises import Case, Checked, check
from backbones.explorers.explorer import Explorer
from backbones.explorers.labs import Upload, lab
from backbones.explorers.quizzes import Question, Quiz

__all__ = [
    "Axis",
    "Case",
    "Checked",
    "Explorer",
    "Question",
    "Quiz",
    "Upload",
    "check",
    "lab",
]
