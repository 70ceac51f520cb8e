"""Notes beside a text: which day "on Monday" is, who "he" is. The text itself stays as it is.

when       times in an article          period     the days that a question restricts to
speakers   who "he said" speaks of      people     names with their roles
time_*     the grammar of times         days, tense, times   what it shares
"""
