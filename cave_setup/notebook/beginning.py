"""What a cell shows before the wizard is there, and wherever it never comes: a frame at once, then how to go on.

Loads nothing but words, so that it is drawn while the rest is being loaded. True at any time: it is saved with the
notebook, and looked at where there is no kernel and no style.
"""

from __future__ import annotations

from html import escape
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display

from cave_setup import words

NOTHING = {"text/html": ""}
BOX = (
    "max-width:720px;border:1px solid var(--jp-border-color2,#d0d4da);border-radius:10px;padding:14px 18px;"
    "font:14px/1.55 var(--jp-ui-font-family,system-ui,sans-serif)"
)
LINES = "white-space:pre-wrap;word-break:break-word"

# The frame has no text of its own, so that none is left where styles are taken out. It gives way to guidance unless a
# wizard comes, which is drawn in the output below. JupyterLab's “Loading widget...” and “model not found” there say
# less. Nothing but classes stands in “:has”, or the browser would judge the whole page anew with every element that
# comes. Where outputs are other ones than JupyterLab's, the wizard itself says that it lives.
_STYLE = """
@keyframes cave-setup-hidden { from, to { position: absolute; visibility: hidden } }
.cave-setup-begins {
  box-sizing: border-box; max-width: 720px; height: 350px; padding: 14px 18px; border-radius: 12px;
  border: 1px solid var(--jp-border-color2, #d0d4da); font: 12.5px/1.6 var(--jp-ui-font-family, system-ui, sans-serif);
  animation: cave-setup-hidden 1s 2s forwards;
}
.cave-setup-begins::before { content: "PRODUCT"; display: block; font-size: 16px; font-weight: 650 }
.cave-setup-begins::after { content: "LOOKING"; opacity: .75 }
.cave-setup-instead { animation: cave-setup-hidden 2s }
.jp-OutputArea-child:has(.cave-setup-begins) + .jp-OutputArea-child:not(:has(.cave-setup)) {
  position: absolute; visibility: hidden;
}
.jp-OutputArea-child:has(.cave-setup-begins):has(+ .jp-OutputArea-child .cave-setup),
.cave-setup-lives :is(.cave-setup-begins, .cave-setup-instead) { display: none }
"""


def begin() -> Any:  # noqa: ANN401 - a handle of IPython's, which has no types
    """Show the frame as an output of the cell that runs, and give what changes it; None where there is no notebook."""
    shell: Any = get_ipython()
    return display(instead(), raw=True, display_id=True) if getattr(shell, "kernel", None) is not None else None


def instead() -> dict[str, Any]:
    """Give the frame and what takes its place; beside a wizard that lives neither is to be seen."""
    style = _STYLE.replace("PRODUCT", words.PRODUCT).replace("LOOKING", words.LOOKING)
    html = f'<style>{style}</style><div class="cave-setup-begins"></div>{guidance_as_html(words.RUN_THIS_CELL)}'
    return {"text/html": html, "text/plain": f"{words.PRODUCT}\n\n{guidance_as_text(words.RUN_THIS_CELL)}"}


def guidance_as_text(sentences: str, found: str = "") -> str:
    """Give sentences, the ways on without a wizard, and what was found."""
    ways = [f"{where}\n{code}" for where, code in words.WITHOUT_WIDGETS]
    return "\n\n".join([sentences, *ways, *([found] if found else [])])


def guidance_as_html(sentences: str, found: str = "") -> str:
    """Give the same in a box."""
    ways = "".join(
        f'<div style="margin-top:8px">{escape(where)}</div><pre style="margin:2px 0 0">{escape(code)}</pre>'
        for where, code in words.WITHOUT_WIDGETS
    )
    block = f'<pre style="margin:12px 0 0;{LINES}">{escape(found)}</pre>' if found else ""
    text = f"<div><b>{words.PRODUCT}</b></div><div>{escape(sentences)}</div>"
    return f'<div class="cave-setup-instead" style="{BOX}">{text}{ways}{block}</div>'
