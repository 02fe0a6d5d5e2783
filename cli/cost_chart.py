"""The bill of each profile over the years, as an SVG that stands alone: no script, no font, nothing loaded."""

from xml.etree import ElementTree

import pygal
from pygal.style import Style

from strongroom.vault.cost.comparison import Comparison
from strongroom.vault.profiles import YEAR_MONTHS

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Okabe and Ito's colours, which people who don't see all colours can tell apart."""
_STYLE = Style(
    background="white",
    plot_background="white",
    foreground="#333333",
    foreground_strong="#111111",
    foreground_subtle="#333333",
    guide_stroke_color="#e2e2e2",
    major_guide_stroke_color="#c8c8c8",
    guide_stroke_dasharray="1,0",
    major_guide_stroke_dasharray="1,0",
    opacity="1",
    colors=_COLOURS,
    font_family="sans-serif",
    title_font_size=17,
    legend_font_size=13,
    label_font_size=12,
    major_label_font_size=12,
    stroke_width=2.5,
)


def chart(comparison: Comparison, subtitle: str) -> str:
    """An SVG of USD a month over the years. Genesys's own storage is left out: beside it the others are one line."""
    years = len(comparison.configured.bills) // YEAR_MONTHS
    plot = pygal.XY(
        style=_STYLE,
        js=[],
        width=960,
        height=520,
        margin=20,
        title=f"What the vault costs a month\n{subtitle}",
        x_title="years since the first day",
        x_labels=list(range(years + 1)),
        x_value_formatter="{:g}".format,
        value_formatter=_usd,
        xrange=(0, years),
        range=(0, _highest_usd(comparison) * 1.05),
        show_dots=False,
        show_x_guides=False,
        legend_at_bottom=True,
        legend_at_bottom_columns=len(comparison.rows),
        truncate_legend=-1,
        truncate_label=-1,
    )
    for projection in comparison.rows:
        points = [(bill.month / YEAR_MONTHS, float(bill.total_usd)) for bill in projection.bills]
        if projection.keeps_promises:
            plot.add(projection.name, points)
        else:
            dashes = {"width": 2.5, "dasharray": "7, 5"}
            plot.add(f"{projection.name} (breaks a promise)", points, stroke_style=dashes)
    plot.add_xml_filter(_without_scripts)
    rendered: str = plot.render(is_unicode=True)
    return rendered


def _without_scripts(root: ElementTree.Element) -> ElementTree.Element:
    """Without what pygal adds for tooltips: a document that may be mailed must not run anything."""
    parents = [(parent, child) for parent in root.iter() for child in parent if child.tag == "script"]
    for parent, child in parents:
        parent.remove(child)
    return root


def _usd(usd: float) -> str:
    return f"${usd:,.0f}" if usd == 0 or usd >= 10 else f"${usd:,.4f}".rstrip("0")


def _highest_usd(comparison: Comparison) -> float:
    return max(float(bill.total_usd) for projection in comparison.rows for bill in projection.bills)
