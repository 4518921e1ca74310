def show(counts):
    return ", ".join(f"{word}: {count}" for word, count in sorted(counts.items()))
