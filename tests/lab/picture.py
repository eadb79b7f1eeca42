# SPDX-License-Identifier: MIT
"""Who lost what for how long, as SVG: a bar a case, bird's own timers under it; the scale is logarithmic."""

import math
from xml.sax.saxutils import escape

WIDTH, LEFT, ROW, LEAST, MOST = 900, 330, 46, 0.01, 1000


def at(seconds):
    return LEFT + (WIDTH - LEFT - 70) * math.log10(max(seconds, LEAST) / LEAST) / math.log10(MOST / LEAST)


def bar(y, seconds, colour):
    return (f'<rect x="{LEFT}" y="{y}" width="{at(seconds) - LEFT:.1f}" height="14" fill="{colour}"/>'
            f'<text x="{at(seconds) + 6:.1f}" y="{y + 12}">{seconds:.2f} s</text>')


def draw(rows):
    """rows: case -> (who, seconds, seconds with bird's timers or None)."""
    height = 60 + ROW * len(rows)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
             '<text x="10" y="20" font-size="14">Outages: the rendered profile (blue), bird\'s own timers (grey)</text>']
    for power in range(-2, 4):
        x = at(10.0**power)
        parts.append(f'<line x1="{x:.1f}" y1="34" x2="{x:.1f}" y2="{height - 16}" stroke="#ddd"/>'
                     f'<text x="{x - 10:.1f}" y="{height - 4}" fill="#666">{10.0**power:g} s</text>')
    for number, (case, (who, ours, theirs)) in enumerate(rows.items()):
        y = 40 + ROW * number
        parts.append(f'<text x="10" y="{y + 12}">{escape(case)}: {escape(who)}</text>' + bar(y, ours, "#2b6cb0"))
        if theirs is not None:
            parts.append(bar(y + 17, theirs, "#a0aec0"))
    return "\n".join(parts) + "\n</svg>\n"
