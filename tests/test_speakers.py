"""Who speaks in a sentence that names its speaker by a pronoun, a surname or a role."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.notes.speakers import speaker_notes

# Names are invented and generic.
TOLD = [
    # a surname
    ("Industry chief Anton Berg said little. Berg said more later.", "Berg",
     "Industry chief Anton Berg"),
    ("Anton Berg, the bloc's industry commissioner, met officials.\n\n“It works,” Berg said.",
     "Berg", "Anton Berg, the bloc's industry commissioner"),
    ("They met Professor Mia Kern.\n\n“It is simple,” said Kern.", "Kern", "Professor Mia Kern"),
    ("Mia Kern, chief executive of Foo, left.\n\nMs Kern told reporters that she was tired.",
     "Kern", "Mia Kern, chief executive of Foo"),
    ("The minister of trade & industry Ota Mori arrived. While Mori said no, others agreed.",
     "Mori", "minister of trade & industry Ota Mori"),
    ("Analyst Jo Lund spoke.\n\nPrices rose.\n\nSales rose.\n\nCosts rose.\n\nLund added one.",
     "Lund", "Analyst Jo Lund"),
    ("The plan is sound, said economist Lea Falk. Many agree. The risk is small, Falk said.",
     "Falk", "economist Lea Falk"),
    ("“We won,” said Max Hahn. “They lost,” Hahn added.", "Hahn", "Max Hahn"),
    ("Jo Lund (34) won the race. Lund said it was hard.", "Lund", "Jo Lund"),
    ("President Jan van der Meer spoke.\n\nMeer said it was over.", "Meer",
     "President Jan van der Meer"),
    ("Pat Moor scored twice.\n\n“We won,” Moor said.\n\n“It was fun,” he added.", "he", "Pat Moor"),
    # a pronoun
    ("Industry chief Anton Berg said it works. He added that it is cheap.", "He",
     "Industry chief Anton Berg"),
    ("Professor Mia Kern said so.\n\n“It is simple,” she added.", "she", "Professor Mia Kern"),
    ("Anton Berg, the firm's founder, arrived in May. He said it was cold.", "He",
     "Anton Berg, the firm's founder"),
    ("Commissioner Anton Berg said no.\n\nThe bloc has rules.\n\nFoo is to meet Berg in May.\n\n"
     "“I think it is right,” he said of Foo.", "he", "Commissioner Anton Berg"),
    ("Coach Max Hahn said they won. “Ota Mori was great,” he said.", "he", "Coach Max Hahn"),
    ("Coach Max Hahn said they won. He said so. “It was fun,” he added.", "he", "Coach Max Hahn"),
    ("Spokeswoman Lea Falk said so. She also said that it will rain.", "She",
     "Spokeswoman Lea Falk"),
    ("A government official said no. He added that it was late.", "He", "A government official"),
    ("Lawyer Jo Lund spoke in Rome. Later he told reporters that he won.", "he", "Lawyer Jo Lund"),
    ("The firm's head is wary. Anton Berg, a professor, doubts it. “It is risky,” he said.", "he",
     "Anton Berg, a professor"),
    ("The fix is near, said Anton Berg of Foo. It will be cheap, he added.", "he", "Anton Berg"),
    ("Then Pat Moor came.\n\nMoor waved at once. “It was fun,” he said.", "he", "Pat Moor"),
    ("Jo Lund, who runs a shop, came in. She said it was hard.", "She", "Jo Lund"),
    ("“No,” said Lt. Gen. Jan Vos, former deputy commander of the fleet. “It is late,” he "
     "said.", "he", "Jan Vos, former deputy commander of the fleet"),
    # a role
    ("Prime Minister Jan Vos came in.\n\nThe minister said it was late.", "The minister",
     "Prime Minister Jan Vos"),
    ("Ota Mori, the bank's governor, came in. Rates fell. The governor added that they may rise.",
     "The governor", "Ota Mori, the bank's governor"),
    ("An official close to the talks said no. The vote is near, the official said.",
     "the official", "An official"),
    ("A company spokesperson called it false. “It is wrong,” the spokesperson said.",
     "the spokesperson", "A company spokesperson"),
    ("Head coach Max Hahn looked on. “We lost,” the coach said.", "the coach",
     "Head coach Max Hahn"),
    ("Judge Lea Falk entered. The judge said that the trial goes on.", "The judge",
     "Judge Lea Falk"),
]  # fmt: skip

UNSURE = [
    "The continued sale of fake pills is a worry.",
    # two who may be meant
    "Minister Jan Vos met Minister Ota Mori. The minister said it was late.",
    "Minister Jan Vos met Coach Max Hahn. He said it was late.",
    "Coach Max Hahn said no. His brother smiled. He said it was fun.",
    "Analyst Jo Lund and Analyst Kim Lund wrote it. Lund said it was hard.",
    "Coach Max Hahn said no. Then Pat Moor came. He said it was fun.",
    "After he met Coach Max Hahn, Jan Vos said it, and she said it too.",
    "As coach Max Hahn sat down, the crowd fell quiet. This, he said, was fun.",
    "Loading Following the storm, all left. Following her talks, some came. She said so.",
    # nobody
    "He said it was late.",
    "Goldman Foo said it grew. Foo said more.",
    "The minister said it was late.",
    "Berg said it was late.",
    "The company said it grew. It said more.",
    "",
    # too far
    "Coach Max Hahn said no.\n\nIt rained.\n\nIt snowed.\n\nIt froze.\n\nHe said it was fun.",
    "Coach Max Hahn said no. It rained. It snowed. It froze. It thawed. He said it was fun.",
    # a pronoun of another
    "Spokesman Max Hahn said no. “It was fun,” she said.",
    # inside quotation marks
    "Coach Max Hahn came. “Then he said it was fun,” wrote the paper.",
    'Coach Max Hahn came. "It was fun," wrote the paper.\n\n"He said much that day, and more.',
    # no role at all
    "Minister Jan Vos spoke. The said report was late.",
    # somebody else speaks
    "Coach Max Hahn came. A source close to Hahn told the paper it was over.",
    "Coach Max Hahn came. Kim and Hahn said it was over.",
    "Coach Max Hahn came. They told Hahn it was over.",
    "Coach Max Hahn came. Hahn Foods said it grew.",
    "Coach Max Hahn, he said, was late.",
    # already said
    "“It was fun,” said coach Max Hahn.",
    "Coach Max Hahn said that Hahn said so.",
]


@pytest.mark.parametrize(("text", "words", "who"), TOLD)
def test_the_last_speaker_of_a_text_is_told(text, words, who):
    note = speaker_notes(text)[-1]
    assert (text[note.start : note.end], note.who, note.sure) == (words, who, True)


@pytest.mark.parametrize("text", UNSURE)
def test_nothing_is_told_for_sure_where_it_is_not_sure(text):
    assert not any(note.sure for note in speaker_notes(text))


PERHAPS = [
    ("Minister Jan Vos met Coach Max Hahn. He said it was late.", "Minister Jan Vos"),
    ("Coach Max Hahn came.\n\nPat Moor and Coach Max Hahn won. “It was fun,” he said.",
     "Coach Max Hahn"),
    ("Coach Max Hahn came. Vos said no. “It was late,” he added.", "Vos"),
    ("Coach Max Hahn left.\n\nIt rained.\n\nIt rained on.\n\nIt stopped. He said it was late.",
     "Coach Max Hahn"),
    ("Spokeswoman Lea Falk spoke of Coach Max Hahn and Minister Jan Vos. She said no.",
     "Spokeswoman Lea Falk"),
    ("While Coach Max Hahn did not like it, he said it was late.", "Coach Max Hahn"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "who"), PERHAPS)
def test_who_was_spoken_of_last_is_told_as_perhaps(text, who):
    note = speaker_notes(text)[-1]
    assert (note.who, note.sure) == (who, False)


NOBODY = [
    "It was late, he said.",
    "The firm grew. He said it was late.",
    "They met in Turf Moor. “It was late,” he said.",
    "Spokeswoman Lea Falk came. Spokesman Jo Lund left. They ate.\n\n\n\nA\n\nB\n\nC\n\nD\n\nE\n\nF"
    "\n\nHe said no.",
]


@pytest.mark.parametrize("text", NOBODY)
def test_nobody_is_told_where_nobody_was_named(text):
    assert speaker_notes(text) == ()


def test_each_sentence_is_told_with_its_range():
    text = "Industry chief Anton Berg arrived.\n\n“It works,” Berg said. He added that it is cheap."
    notes = speaker_notes(text)
    sentences = [text[note.sentence_start : note.sentence_end] for note in notes]
    assert sentences == ["“It works,” Berg said.", "He added that it is cheap."]


def test_a_pronoun_fixes_what_later_ones_may_mean():
    text = "Coach Max Hahn said no. He said so. “It was fun,” she said."
    assert [text[note.start : note.end] for note in speaker_notes(text)] == ["He"]


_SCRAPS = st.lists(
    st.sampled_from(
        [
            *'Anton Berg Coach Minister the a An official He she said told added “ ” " , .'.split(),
            *"( 34 ) of for and Mr. Dr founder chief executive — 🙂 İ ’s O’Neil van de".split(),
            *("\n", "\n\n", "\u00a0"),
        ]
    ),
    max_size=40,
).map(" ".join)


@given(st.one_of(_SCRAPS, st.text(max_size=200)))
def test_ranges_are_exact_ordered_and_apart(text):
    notes = speaker_notes(text)
    assert all(text[note.who_start : note.who_end] == note.who for note in notes)
    assert all(note.sentence_start <= note.start < note.end <= note.sentence_end for note in notes)
    assert all(one.sentence_end <= other.sentence_start for one, other in pairwise(notes))
    assert all(note.who.strip() for note in notes)


@pytest.mark.parametrize(
    "words", ["He said. ", "Abc Def, chief, ", "“a ", "Minister Anton Berg said no. "]
)
def test_long_texts_take_time_in_proportion(words):
    text = (words * 60_000)[:60_000]
    speaker_notes("Warm up.")
    started = time.process_time()
    speaker_notes(text)
    assert time.process_time() - started < 4.0
