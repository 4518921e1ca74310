"""Draws a page of pictures, and leaves what it needed on the way behind."""

import json
from pathlib import Path

PICTURES = 24

cache, out = Path("cache"), Path("out")
cache.mkdir(exist_ok=True)
out.mkdir(exist_ok=True)

for number in range(PICTURES):
    hue = number * 360 // PICTURES
    (cache / f"{number}.json").write_text(json.dumps({"hue": hue}))
    (out / f"{number:02}.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64">'
        f'<circle cx="32" cy="32" r="28" fill="hsl({hue} 80% 50%)"/></svg>\n'
    )

(out / "index.html").write_text("".join(f'<img src="{picture.name}">\n' for picture in sorted(out.glob("*.svg"))))
print(f"drew {PICTURES} pictures")
