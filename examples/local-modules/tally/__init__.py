from .count import count_words
