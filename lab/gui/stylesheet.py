"""The whole application's style sheet: flat panels, thin borders, small radii, a focus ring one can see.

A widget asks for a variant by a dynamic property set to True: `primary`, `flat`, `link` (buttons), `caption`,
`heading`, `body`, `warning`, `problem` (labels; `problem` for fields too), `bare` (spin boxes without arrows), `card`
(frames), `chip` (a run's button). The colours are filled in by `lab.gui.theme.stylesheet`.
"""

from __future__ import annotations

from string import Template

SHEET = Template(
    """
QMainWindow, QDialog { background: $background; }
QMainWindow::separator { background: $background; width: 6px; height: 6px; }
QMainWindow::separator:hover { background: $border; }
QToolTip {
    background: $raised; color: $text; border: 1px solid $border; border-radius: 4px; padding: 6px 8px;
}

QLabel[caption="true"] { color: $muted; }
QLabel[heading="true"] { font-weight: 600; color: $text; }
QLabel[body="true"] { color: $text; }
QLabel[problem="true"] { color: $danger; }
QLabel[warning="true"] { color: $warning; }
QFrame[card="true"] { background: $surface; border: 1px solid $border; border-radius: 6px; }

QPushButton, QToolButton {
    background: $raised; color: $text; border: 1px solid $border; border-radius: 5px; padding: 4px 10px;
}
QToolButton { padding: 4px 7px; }
QPushButton:hover, QToolButton:hover { background: $hover; border-color: $handle; }
QPushButton:pressed, QToolButton:pressed { background: $pressed; }
QPushButton:checked, QToolButton:checked { background: $pressed; border-color: $accent; }
QPushButton:focus, QToolButton:focus { border-color: $accent; outline: none; }
QPushButton:disabled, QToolButton:disabled { color: $faint; background: $background; }
QPushButton[primary="true"], QToolButton[primary="true"] {
    background: $accent; color: $accent_text; border-color: $accent; font-weight: 600;
}
QPushButton[primary="true"]:hover, QToolButton[primary="true"]:hover { background: $strong; }
QPushButton[primary="true"]:focus, QToolButton[primary="true"]:focus {
    border: 2px solid $text; padding: 3px 9px;
}
QPushButton[primary="true"]:disabled, QToolButton[primary="true"]:disabled {
    background: $border; color: $faint; border-color: $border;
}
QPushButton[flat="true"], QToolButton[flat="true"] { background: transparent; border-color: transparent; }
QPushButton[flat="true"]:hover, QToolButton[flat="true"]:hover { background: $hover; }
QPushButton[flat="true"]:checked, QToolButton[flat="true"]:checked { background: $pressed; }
QPushButton[flat="true"]:focus, QToolButton[flat="true"]:focus { border-color: $accent; }
QToolButton[chip="true"] {
    background: transparent; color: $muted; border: 1px solid $border; border-radius: 11px; padding: 2px 9px 2px 7px;
}
QToolButton[chip="true"]:hover { background: $hover; }
QToolButton[chip="true"]:checked {
    background: $surface; color: $text; border-color: $handle; font-weight: 600;
}
QToolButton[chip="true"]:focus { border-color: $accent; }
QToolButton[link="true"] { background: transparent; border-color: transparent; padding: 3px; }
QToolButton[problem="true"] { color: $danger; }
QToolButton[link="true"]:hover { background: $hover; }
QToolButton[link="true"]:pressed { background: $pressed; }
QToolButton[link="true"]:focus { border-color: $accent; }
QToolButton[popupMode="1"] { padding-right: 18px; }
QToolButton[popupMode="2"] { padding-right: 18px; }
QToolButton::menu-button { border: none; width: 16px; }
QToolButton::menu-indicator, QToolButton::menu-arrow {
    image: url($icons/down-$theme.svg); width: 9px; height: 9px; right: 5px;
    subcontrol-position: right center;
}

QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit, QTextEdit {
    background: $surface; color: $text; border: 1px solid $border; border-radius: 5px; padding: 3px 7px;
    selection-background-color: $accent; selection-color: $accent_text;
}
QLineEdit:hover, QSpinBox:hover, QDoubleSpinBox:hover, QComboBox:hover { border-color: $handle; }
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus,
QTextEdit:focus {
    border-color: $accent;
}
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {
    color: $faint; background: $background;
}
QLineEdit[problem="true"], QSpinBox[problem="true"], QDoubleSpinBox[problem="true"],
QComboBox[problem="true"], QPlainTextEdit[problem="true"] {
    border-color: $danger;
}
QSpinBox, QDoubleSpinBox { padding-right: 20px; }
QSpinBox[bare="true"] { padding-right: 7px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {
    subcontrol-origin: border; width: 18px; border: none; background: transparent; margin: 1px;
}
QAbstractSpinBox::up-button { subcontrol-position: top right; border-top-right-radius: 4px; }
QAbstractSpinBox::down-button { subcontrol-position: bottom right; border-bottom-right-radius: 4px; }
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover { background: $hover; }
QAbstractSpinBox::up-arrow { image: url($icons/up-$theme.svg); width: 9px; height: 9px; }
QAbstractSpinBox::down-arrow { image: url($icons/down-$theme.svg); width: 9px; height: 9px; }
QComboBox { padding-right: 4px; }
QComboBox::drop-down { subcontrol-position: center right; width: 20px; border: none; }
QComboBox::down-arrow { image: url($icons/down-$theme.svg); width: 10px; height: 10px; }
QComboBox QAbstractItemView {
    background: $surface; color: $text; border: 1px solid $border; padding: 3px; outline: none;
    selection-background-color: $pressed; selection-color: $text;
}

QCheckBox, QRadioButton {
    spacing: 7px; color: $text; border: 1px solid transparent; border-radius: 4px; padding: 2px;
}
QCheckBox:focus, QRadioButton:focus { border-color: $accent; }
QCheckBox:disabled, QRadioButton:disabled { color: $faint; }
QCheckBox::indicator, QRadioButton::indicator {
    width: 14px; height: 14px; border: 1px solid $handle; background: $surface;
}
QCheckBox::indicator { border-radius: 4px; }
QRadioButton::indicator { border-radius: 8px; }
QCheckBox::indicator:checked {
    background: $accent; border-color: $accent; image: url($icons/check-$theme.svg);
}
QCheckBox::indicator:disabled { background: $background; border-color: $border; }
QCheckBox::indicator:checked:disabled { background: $handle; border-color: $handle; }
QRadioButton::indicator:checked { background: $surface; border: 5px solid $accent; width: 6px; height: 6px; }

QSlider:horizontal { min-height: 22px; }
QSlider:vertical { min-width: 22px; }
QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: $border; }
QSlider::groove:vertical { width: 4px; border-radius: 2px; background: $border; }
QSlider::sub-page:horizontal { height: 4px; border-radius: 2px; background: $accent; }
QSlider::add-page:vertical { width: 4px; border-radius: 2px; background: $accent; }
QSlider::handle {
    background: $surface; border: 2px solid $accent; border-radius: 7px; width: 10px; height: 10px;
}
QSlider::handle:horizontal { margin: -5px 0; }
QSlider::handle:vertical { margin: 0 -5px; }
QSlider::handle:hover, QSlider::handle:focus { background: $accent; }
QSlider::handle:disabled { border-color: $border; background: $background; }
QSlider::sub-page:disabled, QSlider::add-page:disabled { background: $border; }
QSlider:focus { border: 1px solid $accent; border-radius: 5px; }

QTabBar { background: transparent; }
QTabBar::tab {
    background: transparent; color: $muted; border: 1px solid transparent;
    border-bottom: 2px solid transparent;
    padding: 5px 11px; margin: 0;
}
QTabBar::tab:hover { color: $text; background: $hover; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; }
QTabBar::tab:focus { border-color: $accent; }
QTabBar::tab:disabled { color: $faint; }
QTabBar::scroller { width: 34px; }
QTabBar::tear { width: 0; image: none; }
QTabBar QToolButton { background: $background; border: none; border-radius: 0; padding: 0; }
QTabBar QToolButton:hover { background: $hover; }
QTabBar QToolButton::left-arrow { image: url($icons/left-$theme.svg); width: 9px; height: 9px; }
QTabBar QToolButton::right-arrow { image: url($icons/right-$theme.svg); width: 9px; height: 9px; }
QTabWidget::pane { border: 1px solid $border; border-radius: 5px; background: $surface; }
QDockWidget { color: $text; titlebar-close-icon: url($icons/close-$theme.svg);
    titlebar-normal-icon: url($icons/float-$theme.svg); }
QDockWidget::title { background: $background; padding: 5px 8px; text-align: left; }
QDockWidget::close-button, QDockWidget::float-button {
    background: transparent; border: 1px solid transparent; border-radius: 4px; padding: 1px;
}
QDockWidget::close-button:hover, QDockWidget::float-button:hover { background: $hover; }

QScrollArea { border: none; background: transparent; }
QScrollBar { background: transparent; border: none; }
QScrollBar:vertical { width: 11px; }
QScrollBar:horizontal { height: 11px; }
QScrollBar::handle { background: $border; border-radius: 4px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: $handle; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QMenuBar { background: $background; color: $text; border-bottom: 1px solid $border; padding: 2px; }
QMenuBar::item { background: transparent; padding: 4px 9px; border-radius: 4px; }
QMenuBar::item:selected { background: $pressed; }
QMenu { background: $surface; color: $text; border: 1px solid $border; padding: 4px; }
QMenu::item { padding: 5px 26px 5px 12px; border-radius: 4px; }
QMenu::item:selected { background: $pressed; }
QMenu::item:disabled { color: $faint; }
QMenu::separator { height: 1px; background: $border; margin: 4px 8px; }
QToolBar { background: $background; border: none; spacing: 4px; padding: 4px 6px; }
QToolBar::separator { background: $border; width: 1px; margin: 4px 6px; }
QStatusBar { background: $background; color: $muted; }
QStatusBar::item { border: none; }

QTableView, QTreeView, QListView {
    background: $surface; alternate-background-color: $raised; color: $text; gridline-color: $grid;
    border: 1px solid $border; border-radius: 5px;
    selection-background-color: $pressed; selection-color: $text; outline: none;
}
QTableView:focus, QTreeView:focus, QListView:focus { border-color: $accent; }
QTableView::item, QTreeView::item, QListView::item { padding: 3px 6px; }
QTableView::item:selected, QTreeView::item:selected, QListView::item:selected {
    background: $pressed; color: $text;
}
QListView::item:disabled { color: $faint; }
QHeaderView { background: $background; }
QHeaderView::section {
    background: $background; color: $muted; border: none; border-bottom: 1px solid $border; padding: 4px 6px;
}
QTableCornerButton::section { background: $background; border: none; }
QProgressBar {
    background: $grid; color: $text; border: none; border-radius: 4px; min-height: 8px; text-align: center;
}
QProgressBar::chunk { background: $accent; border-radius: 4px; }
QSplitter::handle { background: $background; }
QSplitter::handle:hover { background: $border; }
QGroupBox { border: none; margin-top: 20px; font-weight: 600; }
QGroupBox::title { subcontrol-origin: margin; left: 0; padding: 0; color: $text; }
"""
)
