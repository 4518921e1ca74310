import sys
from pathlib import Path

text = Path(sys.argv[1]).read_text(encoding="utf-8")
print(f"counting {sys.argv[1]}", file=sys.stderr)
for number, line in enumerate(text.splitlines(), start=1):
    print(f"line {number}: {len(line.split())} words")
Path("count.txt").write_text(f"{len(text.split())}\n", encoding="utf-8")
