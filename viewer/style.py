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
    QPushButton:checked {{ background: {theme.raised}; border: 2px solid {theme.text}; }}
    QPushButton:disabled {{ color: {theme.dim}; border-color: {theme.raised}; }}
    QCheckBox:disabled {{ color: {theme.dim}; }}
    QCheckBox::indicator:disabled {{ border-color: {theme.border}; }}
    QToolButton::menu-indicator {{ image: none; }}
    QComboBox::drop-down {{ border: none; width: 18px; }}
    QComboBox::down-arrow {{ image: none; }}
    QComboBox QAbstractItemView, QMenu {{ background: {theme.panel}; border: 1px solid {theme.border};
        selection-background-color: {theme.raised}; selection-color: {theme.text}; }}
    QMenu::item {{ padding: 5px 22px; }}
    QMenu::item:selected {{ background: {theme.raised}; }}
    QLineEdit {{ background: {theme.panel}; border: 1px solid {theme.border}; border-radius: 5px;
        padding: 4px 8px; }}
    QScrollBar:vertical {{ background: {theme.window}; border: none; width: 10px; margin: 0; }}
    QScrollBar::handle:vertical {{ background: {theme.border}; border-radius: 4px; min-height: 30px;
        margin: 1px; }}
    QScrollBar::handle:vertical:hover {{ background: {theme.dim}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; width: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: none; }}
    QPushButton:disabled, QComboBox:disabled {{ color: {theme.dim}; background: {theme.window}; }}
    QPushButton:focus, QToolButton:focus, QComboBox:focus {{ border: 2px solid {theme.text};
        padding: 3px 9px; }}
    QLineEdit:focus {{ border: 2px solid {theme.text}; padding: 3px 7px; }}
    QListWidget:focus, QDoubleSpinBox:focus {{ border: 2px solid {theme.text}; padding: 3px; }}
    QTableView:focus {{ border: 2px solid {theme.text}; }}
    QCheckBox {{ border: 2px solid transparent; border-radius: 4px; padding: 1px 2px; }}
    QCheckBox:focus {{ border-color: {theme.text}; }}
    QSlider {{ border: 2px solid transparent; border-radius: 5px; padding: 2px; min-height: 26px; }}
    QSlider:focus {{ border-color: {theme.text}; }}
    QSlider::groove:horizontal {{ height: 4px; background: {theme.border}; border-radius: 2px; }}
    QSlider::handle:horizontal {{ width: 14px; margin: -6px 0; border-radius: 7px;
        background: {theme.text}; }}
    QCheckBox::indicator {{ width: 13px; height: 13px; border: 1px solid {theme.dim}; border-radius: 3px;
        background: {theme.panel}; }}
    QCheckBox::indicator:checked {{ width: 9px; height: 9px; background: {theme.text};
        border: 3px solid {theme.panel}; outline: 1px solid {theme.dim}; }}
    QRadioButton {{ border: 2px solid transparent; border-radius: 4px; padding: 1px 2px; }}
    QRadioButton:focus {{ border-color: {theme.text}; }}
    QRadioButton::indicator {{ width: 13px; height: 13px; border: 1px solid {theme.dim}; border-radius: 7px;
        background: {theme.panel}; }}
    QRadioButton::indicator:checked {{ width: 7px; height: 7px; border: 4px solid {theme.panel};
        border-radius: 7px; background: {theme.text}; outline: 1px solid {theme.dim}; }}
    QTableView {{ background: {theme.panel}; alternate-background-color: {theme.window};
        border: 1px solid {theme.border}; selection-background-color: {theme.raised};
        selection-color: {theme.text}; gridline-color: {theme.grid}; }}
    QTableView QLineEdit {{ padding: 0 3px; border-radius: 0; }}
    QHeaderView::section {{ background: {theme.window}; color: {theme.dim}; border: none;
        border-bottom: 1px solid {theme.border}; padding: 3px 6px; }}
    QSplitter::handle {{ background: {theme.border}; }}
    QListWidget, QDoubleSpinBox {{ background: {theme.panel}; border: 1px solid {theme.border};
        border-radius: 5px; padding: 4px; }}
    QListWidget::item {{ padding: 3px; }}
    QListWidget::item:selected {{ background: {theme.raised}; color: {theme.text}; }}
    """
