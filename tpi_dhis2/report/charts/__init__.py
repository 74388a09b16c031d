"""Charts as SVG text, drawn by this code alone: the same view always gives the same picture.

Every chart is drawn for a wide page and again for a phone; the style sheet shows one of them. Nothing is told by
colour alone: shapes, line patterns and words carry it, so that a grey print says the same.
"""

from tpi_dhis2.report.charts.bars import bars
from tpi_dhis2.report.charts.dumbbell import dumbbell
from tpi_dhis2.report.charts.run import run_chart
from tpi_dhis2.report.charts.svg import Svg

__all__ = ["Svg", "bars", "dumbbell", "run_chart"]
