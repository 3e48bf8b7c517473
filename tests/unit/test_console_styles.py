"""The console's templates and its style sheet know the same classes."""

from __future__ import annotations

import re
from pathlib import Path

WEB = Path(__file__).parents[2] / "dialer" / "web"
HOOKS = {"drop-name", "drop-hint"}
"""Classes by which the console's script finds what it fills in; they look like what is around them."""
JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


def classes(template: str) -> set[str]:
    """Every class that a template names outright; what it makes of values (`d-{{ … }}`) is left out."""
    named = re.findall(r'class="([^"]*)"', JINJA.sub("\0", template))
    return {name for value in named for name in value.split() if "\0" not in name}


def test_every_class_of_a_template_has_a_style() -> None:
    selectors = re.findall(r"([^{}]+)\{", (WEB / "static" / "console.css").read_text())
    styled = {name for selector in selectors for name in re.findall(r"\.([a-z][\w-]*)", selector)}
    used = {name for path in (WEB / "templates").rglob("*.html") for name in classes(path.read_text())}

    assert len(used) > 50
    assert used - styled == HOOKS
