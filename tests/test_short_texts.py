"""What is kept of short texts is what would be worked out, and long ones are not kept."""

from rag.short_texts import LONGEST, kept_for_short_texts


def test_short_texts_are_worked_on_once_and_long_ones_each_time():
    worked: list[str] = []

    @kept_for_short_texts(2)
    def length(text: str) -> int:
        worked.append(text)
        return len(text)

    long = "x" * (LONGEST + 1)
    assert [length(text) for text in ("a", "a", long, long)] == [1, 1, LONGEST + 1, LONGEST + 1]
    assert worked == ["a", long, long]
    for text in ("b", "c", "a"):
        length(text)
    assert worked[3:] == ["b", "c", "a"]
