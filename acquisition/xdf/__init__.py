"""XDF files: bytes out, and back in from a file that grows or is damaged.

The format: https://github.com/sccn/xdf/wiki/Specifications
"""

from acquisition.xdf.decoder import Decoder
from acquisition.xdf.foreign import ForeignStream, load_foreign
from acquisition.xdf.form import Stream
from acquisition.xdf.items import Damage, Footer, Header, Item, Offset, Rows, Samples, TickMark
from acquisition.xdf.writer import Writer

__all__ = [
    "Damage",
    "Decoder",
    "Footer",
    "ForeignStream",
    "Header",
    "Item",
    "Offset",
    "Rows",
    "Samples",
    "Stream",
    "TickMark",
    "Writer",
    "load_foreign",
]
