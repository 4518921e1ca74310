"""Reads a CSV file of sales and writes report/summary.json and report/chart.svg."""

import csv
import json
import sys
import time
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

STEP = 500  # rows between two lines of progress
BAR, GAP, HEIGHT = 72, 28, 220


def read_sales(path):
    """Adds up the turnover by store and by month, and says how far it is."""
    by_store = defaultdict(Decimal)
    by_month = defaultdict(Decimal)
    total, rows = Decimal(0), 0
    with open(path, newline="", encoding="utf-8") as file:
        for rows, row in enumerate(csv.DictReader(file), start=1):
            amount = int(row["units"]) * Decimal(row["price"])
            by_store[row["store"]] += amount
            by_month[row["date"][:7]] += amount
            total += amount
            if rows % STEP == 0:
                print(f"{rows:>6,} rows  {total:>12,.2f} EUR  (up to {row['date']})")
                time.sleep(0.1)  # stands for real work, so that the stream can be seen
    return rows, total, by_store, by_month


def draw_chart(totals):
    """Draws one bar for each name."""
    top = max(totals.values())
    width = GAP + len(totals) * (BAR + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT + 60}"'
        ' font-family="sans-serif" font-size="13" text-anchor="middle">'
    ]
    for index, (name, amount) in enumerate(totals.items()):
        x = GAP + index * (BAR + GAP)
        height = int(amount / top * HEIGHT)
        y = 30 + HEIGHT - height
        parts.append(f'  <rect x="{x}" y="{y}" width="{BAR}" height="{height}" fill="#3b7dd8"/>')
        parts.append(f'  <text x="{x + BAR // 2}" y="{y - 8}">{amount:,.0f}</text>')
        parts.append(f'  <text x="{x + BAR // 2}" y="{HEIGHT + 50}">{name}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: report.py SALES.csv")
    rows, total, by_store, by_month = read_sales(sys.argv[1])
    stores = dict(sorted(by_store.items(), key=lambda item: item[1], reverse=True))
    summary = {
        "rows": rows,
        "total": f"{total:.2f}",
        "byStore": {name: f"{amount:.2f}" for name, amount in stores.items()},
        "byMonth": {month: f"{amount:.2f}" for month, amount in sorted(by_month.items())},
    }

    report = Path("report")
    report.mkdir(exist_ok=True)
    text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
    (report / "summary.json").write_text(text, encoding="utf-8")
    (report / "chart.svg").write_text(draw_chart(stores), encoding="utf-8")

    print(f"Done: {rows:,} rows, {total:,.2f} EUR in all, {next(iter(stores))} sold the most.")
    print("Wrote report/summary.json and report/chart.svg")


main()
