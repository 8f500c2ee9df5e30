"""Drop-outs of 6, 12 and 25 s of one wearable of each driver, in virtual time.

python -m benchmarks.dropouts
"""

from __future__ import annotations

from tests.acquisition.dropouts import KINDS, measured


def main() -> None:
    """Print a line a driver."""
    for kind in KINDS:
        f = measured(kind)
        print(
            f"{kind.profile:<11} {f.samples} samples, {f.away} while away, {f.backwards} backwards; "
            f"{f.notices} notices; back within {f.back:.1f} s; "
            f"stamps off by {1e3 * f.error:.1f} ms at most from 30 s after"
        )


if __name__ == "__main__":
    main()
