import sys

from tally import count_words

print(count_words(" ".join(sys.argv[1:])))
