"""Style sheet: how buttons, boxes, menus and tool tips look in a theme."""

from __future__ import annotations

from viewer.theme import Theme


def style_sheet(theme: Theme) -> str:
    """Return the look of buttons, boxes and tool tips."""
    return f"""
    QWidget {{ background: {theme.window}; color: {theme.text}; font-size: 12px; }}
    QToolTip {{ background: {theme.raised}; color: {theme.text}; border: 1px solid {theme.border};
        padding: 4px; }}
    QPushButton, QToolButton, QComboBox {{ background: {theme.panel}; border: 1px solid {theme.border};
        border-radius: 5px; padding: 4px 10px; }}
    QPushButton:hover, QToolButton:hover, QComboBox:hover {{ background: {theme.raised}; }}
    QToolButton::menu-indicator {{ image: none; }}
    QComboBox::drop-down {{ border: none; width: 18px; }}
    QComboBox::down-arrow {{ image: none; }}
    QComboBox QAbstractItemView, QMenu {{ background: {theme.panel}; border: 1px solid {theme.border};
        selection-background-color: {theme.raised}; selection-color: {theme.text}; }}
    QMenu::item {{ padding: 5px 22px; }}
    QMenu::item:selected {{ background: {theme.raised}; }}
    QLineEdit {{ background: {theme.panel}; border: 1px solid {theme.border}; border-radius: 5px;
        padding: 4px 8px; }}
    QLineEdit:focus {{ border-color: {theme.dim}; }}
    """
