"""Sums the sales of a file, slowly, and writes a report."""

import csv
import sys
import time

source = sys.argv[1]
with open(source, newline="") as file:
    rows = list(csv.DictReader(file))

print(f"reading {source}")
time.sleep(2)  # stands for work that takes its time
total = sum(int(row["amount"]) for row in rows)
with open("report.txt", "w") as report:
    report.write(f"{len(rows)} sales, {total} in all\n")
print(f"{total} in all")
