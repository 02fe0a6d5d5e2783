"""The paper that reports for a court are printed on: fonts, title, page numbers, and the mark of a trial vault.

Every font is embedded. A character that none of them can draw, or that would change how others are shown, is spelt as
its code point: nothing is left out, and nothing reads otherwise than it is.
"""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from importlib.resources import as_file, files

from fpdf import FPDF
from fpdf.enums import Align, MethodReturnValue, VAlign, WrapMode, XPos, YPos
from fpdf.fonts import FontFace, TTFFont

from strongroom.evidence.facts import TRIAL_NOTE, Fact

_SANS, _MONO = "sans", "mono"
_FONTS = (
    (_SANS, "", "fontpkg_fira_sans", "files/FiraSans-Regular.ttf"),
    (_SANS, "B", "fontpkg_fira_sans", "files/FiraSans-SemiBold.ttf"),
    (_MONO, "", "fontpkg_ibm_plex_mono", "files/IBMPlexMono-Regular.ttf"),
)
# each for what those before it can't draw; loaded when there is such a character
_FALLBACKS = (
    ("arabic", "fontpkg_noto_sans_arabic", "files/NotoSansArabic[wdth,wght].ttf"),
    ("devanagari", "fontpkg_noto_sans_devanagari", "files/NotoSansDevanagari[wdth,wght].ttf"),
    ("hebrew", "fontpkg_heebo", "files/Heebo[wght].ttf"),
    ("cjk", "cvttf_NotoSansCJK_Regular", "NotoSansCJKtc-Regular.otf"),
)
# zero-width non-joiner and joiner: part of how Persian and Indian names are written
_JOINERS = "\u200c\u200d"

_BLACK, _GREY, _RED, _RULE, _SHADE = (0, 0, 0), (96, 96, 96), (176, 0, 32), (200, 200, 200), (240, 240, 240)
_MARGIN_MM, _LABEL_MM = 20.0, 30.0
_TEXT_PT, _MONO_PT, _LINE_MM = 9.5, 8.0, 4.6
_TABLE_PT, _TABLE_LINE_MM, _MARK_MM = 8.0, 3.9, 6.0


class Paper:
    """A report in the making, A4. `trial` marks every page."""

    def __init__(self, title: str, subject: str, made_at: datetime, *, trial: bool) -> None:
        self._pdf = _Pages(title, subject, trial=trial)
        self._pdf.set_title(f"{title}: {subject}")
        self._pdf.set_lang("en-GB")
        self._pdf.set_creation_date(made_at)
        self._pdf.add_page()
        self._pdf.write_line(title, size_pt=20, style="B", line_mm=10)

    def heading(self, text: str, *, small: bool = False) -> None:
        """A section begins; `small`: a part of one."""
        self._pdf.keep_together(30)
        self._pdf.ln(2 if small else 4)
        self._pdf.write_line(text, size_pt=10.5 if small else 13, style="B", line_mm=6 if small else 7)
        self._pdf.ln(1)

    def paragraph(self, text: str, *, alarming: bool = False) -> None:
        """A paragraph; `alarming` is what must not be overlooked."""
        self._pdf.write_line(text, colour=_RED if alarming else _BLACK, style="B" if alarming else "")
        self._pdf.ln(1.5)

    def facts(self, facts: Sequence[Fact], heading: str | None = None) -> None:
        """Labels with their values, kept on one page where that is possible, under a small heading."""
        heading_mm = 0.0 if heading is None else 7.0
        self._pdf.keep_together(heading_mm + sum(self._pdf.height_mm(fact) for fact in facts) + 2)
        if heading is not None:
            self._pdf.write_line(heading, size_pt=10.5, style="B", line_mm=6)
        for fact in facts:
            self._pdf.write_fact(fact)
        self._pdf.ln(2)

    def items(self, items: Sequence[str], *, numbered: bool) -> None:
        """Points, each with a number or a dot before it."""
        for number, item in enumerate(items, start=1):
            self._pdf.write_item(f"{number}." if numbered else "•", item)
        self._pdf.ln(1.5)

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> None:
        """A table over the whole width, its columns in these proportions; its headers stand on each page it reaches."""
        self._pdf.write_table(headers, rows, widths)
        self._pdf.ln(3)

    def signatures(self, signers: Sequence[str]) -> None:
        """A line to sign for each, with room for name and date; each on one page."""
        for signer in signers:
            self._pdf.write_signature(signer)

    def content(self) -> bytes:
        """The finished PDF."""
        return bytes(self._pdf.output())


class _Pages(FPDF):
    """Pages with a running title and a number each."""

    def __init__(self, title: str, subject: str, *, trial: bool) -> None:
        super().__init__(format="A4")
        self._running = f"{title}: {subject}"
        self._trial = trial
        self._fallbacks = [_SANS]
        self._unused = list(_FALLBACKS)
        for family, style, package, name in _FONTS:
            self._load(family, style, package, name)
        self.set_fallback_fonts(self._fallbacks, exact_match=False)
        self.set_text_shaping(True)
        self.set_margins(_MARGIN_MM, 24, _MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=22)

    def header(self) -> None:
        """What stands above every page."""
        self.set_y(10)
        self._in(_SANS, "", 8, _GREY)
        self.cell(0, 5, self.clean(self._running))
        if self._trial:
            self._in(_SANS, "B", 9, _RED)
            self.set_x(self.l_margin)
            self.cell(0, 5, TRIAL_NOTE, align="R")
        self.set_draw_color(*_RULE)
        self.line(self.l_margin, 16.5, self.w - self.r_margin, 16.5)
        self.set_y(24)

    def footer(self) -> None:
        """What stands below every page."""
        self.set_y(-14)
        self._in(_SANS, "", 8, _GREY)
        self.cell(0, 5, "All times are UTC.")
        self.set_x(self.l_margin)
        self.cell(0, 5, f"page {self.page_no()} of {{nb}}", align="R")

    def write_line(
        self,
        text: str,
        *,
        size_pt: float = _TEXT_PT,
        style: str = "",
        colour: tuple[int, int, int] = _BLACK,
        line_mm: float = _LINE_MM,
    ) -> None:
        """Text over the whole width, on as many lines as it needs."""
        clean = self.clean(text)
        self._in(_SANS, style, size_pt, colour)
        self.multi_cell(0, line_mm, clean, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def write_fact(self, fact: Fact) -> None:
        """A label, and beside it its value."""
        value = self._value(fact)
        if self.will_page_break(_LINE_MM):
            self.add_page()  # so that the label stands beside its value's first line
        self._in(_SANS, "", _TEXT_PT, _GREY)
        self.cell(_LABEL_MM, _LINE_MM, fact.label)
        self._in_fact(fact)
        self.multi_cell(0, _LINE_MM, value, align="L", wrapmode=_wrap(fact), new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def write_item(self, mark: str, text: str) -> None:
        """A point, and beside its mark what it says."""
        clean = self.clean(text)
        self.keep_together(_LINE_MM)
        self._in(_SANS, "", _TEXT_PT, _BLACK)
        self.cell(_MARK_MM, _LINE_MM, self.clean(mark))
        self.multi_cell(0, _LINE_MM, clean, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(0.8)

    def write_table(self, headers: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> None:
        """A table with a rule below each row."""
        clean_rows = [[self.clean(cell) for cell in row] for row in (headers, *rows)]
        self._in(_SANS, "", _TABLE_PT, _BLACK)
        self.set_draw_color(*_RULE)
        with self.table(
            col_widths=tuple(widths),
            line_height=_TABLE_LINE_MM,
            padding=(0.7, 1.2, 0.7, 0.6),
            text_align=Align.L,
            v_align=VAlign.T,
            borders_layout="HORIZONTAL_LINES",
            headings_style=FontFace(emphasis="BOLD", fill_color=_SHADE),
        ) as table:
            for cells in clean_rows:
                row = table.row()
                for cell in cells:
                    row.cell(cell)

    def write_signature(self, signer: str) -> None:
        """A line to sign on, and below it who does, with room for the name and the date."""
        self.keep_together(24)
        self.ln(14)
        at_mm = self.get_y()
        self.set_draw_color(*_GREY)
        ends = ((0.0, 0.36), (0.4, 0.76), (0.8, 1.0))
        labels = (signer, "name", "date")
        self._in(_SANS, "", 8, _GREY)
        for (begin, end), label in zip(ends, labels, strict=True):
            left = self.l_margin + begin * self.epw
            self.line(left, at_mm, self.l_margin + end * self.epw, at_mm)
            self.set_xy(left, at_mm + 1)
            self.cell(0, _LINE_MM, self.clean(label))
        self.set_xy(self.l_margin, at_mm + 1 + _LINE_MM)

    def height_mm(self, fact: Fact) -> float:
        """How high a fact is."""
        value = self._value(fact)
        self._in_fact(fact)
        height = self.multi_cell(
            self.epw - _LABEL_MM,
            _LINE_MM,
            value,
            align="L",
            wrapmode=_wrap(fact),
            dry_run=True,
            output=MethodReturnValue.HEIGHT,
        )
        return float(height)  # type: ignore[arg-type]  # `output` decides what it returns

    def keep_together(self, height_mm: float) -> None:
        """Begin a page where what follows has no room on this one; what is higher than a page is broken."""
        if self.will_page_break(height_mm) and self.get_y() > self.t_margin:
            self.add_page()

    def clean(self, text: str) -> str:
        """The text as it can be shown, every font that it needs loaded."""
        shown = {character: self._shown(character) for character in set(text)}
        return "".join(shown[character] for character in text)

    def _shown(self, character: str) -> str:
        if unicodedata.category(character) == "Zs":
            return " "
        if (character.isprintable() or character in _JOINERS) and self._can_draw(character):
            return character
        return f"[U+{ord(character):04X}]"

    def _can_draw(self, character: str) -> bool:
        if any(ord(character) in font.cmap for font in self.fonts.values() if isinstance(font, TTFFont)):
            return True
        if not self._unused:
            return False
        family, package, name = self._unused.pop(0)
        self._load(family, "", package, name)
        self._fallbacks.append(family)
        self.set_fallback_fonts(self._fallbacks, exact_match=False)
        return self._can_draw(character)

    def _load(self, family: str, style: str, package: str, name: str) -> None:
        with as_file(files(package).joinpath(name)) as path:
            self.add_font(family, style, path)

    def _value(self, fact: Fact) -> str:
        return self.clean(fact.value) or "–"

    def _in_fact(self, fact: Fact) -> None:
        self._in(_MONO if fact.exact else _SANS, "", _MONO_PT if fact.exact else _TEXT_PT, _BLACK)

    def _in(self, family: str, style: str, size_pt: float, colour: tuple[int, int, int]) -> None:
        self.set_font(family, style, size_pt)
        self.set_text_color(*colour)


def _wrap(fact: Fact) -> WrapMode:
    return WrapMode.CHAR if fact.exact else WrapMode.WORD
