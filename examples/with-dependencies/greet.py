# /// script
# dependencies = ["humanize>=4.9,<5"]
# ///
import humanize

print(f"A year has {humanize.intcomma(365 * 24 * 3600)} seconds.")
