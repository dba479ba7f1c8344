"""What a reader moves: explorers and quizzes, which need no kernel, and live labs, which do."""

from backbones.explorers.controls import Axis
from backbones.explorers.explorer import Explorer
from backbones.explorers.labs import Upload, lab
from backbones.explorers.quizzes import Question, Quiz

__all__ = ["Axis", "Explorer", "Question", "Quiz", "Upload", "lab"]
