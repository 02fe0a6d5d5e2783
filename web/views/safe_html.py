"""An e-mail's HTML as a document that can do nothing: sanitised, and served under a policy that loads nothing.

Two walls, each enough by itself: nh3 leaves formatting and text only, and the policy (with the iframe's sandbox)
forbids scripts, forms, frames and every load, from the network or from here.
"""

import base64
import hashlib

import nh3

# the frame's document has an origin of its own, so a stylesheet of the desk would be another origin's to it
_STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:12px;overflow-wrap:anywhere}"
    "blockquote{margin:0 0 0 8px;padding-left:12px;border-left:3px solid #8888}"
    "table{border-collapse:collapse}td,th{padding:2px 8px}pre{white-space:pre-wrap}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; sandbox; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'"
)
"""`sandbox` without a word more: an origin of its own, no script, no form, no popup, no navigation of the page."""

_TAGS = frozenset(
    {
        *("a", "abbr", "b", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del"),
        *("div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "ins", "kbd"),
        *("li", "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "table"),
        *("tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var"),
    }
)
_ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align", "scope"},
    "ol": {"start"},
}
# what is inside these is no text that anybody read
_DROPPED_WHOLE = frozenset(
    {"script", "style", "title", "head", "noscript", "template", "iframe", "object", "embed", "svg", "math", "textarea"}
)


def sanitised(html: str) -> str:
    """Formatting and text; no link leads anywhere, nothing is loaded, no attribute styles or scripts."""
    return nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED_WHOLE),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        strip_comments=True,
        link_rel=None,
        url_schemes=set(),
    )


def mail_document(html: str) -> str:
    """The whole document for the iframe; to be served with `CONTENT_SECURITY_POLICY` as its policy."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>E-mail as HTML</title>'
        f"<style>{_STYLE}</style></head><body>{sanitised(html)}</body></html>"
    )
