from collections import Counter

from tally.show import show


def count_words(text):
    return show(Counter(text.lower().split()))
