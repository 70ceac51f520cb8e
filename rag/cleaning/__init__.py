"""Text -> text: what is not the story goes, and every removal is kept.

clean       the rules, one after another     clean_ends   heads and feet of a page
units       paragraphs, lines and items      clutter*     the patterns, by rule
repeats     lines that a publisher repeats   plain        line ends, spaces, Markdown marks
"""
