"""The libraries that only moving pictures need: an extra of the package, loaded when asked for."""

from __future__ import annotations

import importlib
from typing import Any

from styletransfer.errors import InputError

PACKAGES = {'av': 'av', 'cv2': 'opencv-python-headless'}


def library(name: str) -> Any:
    """Return PyAV, 'av', which reads and writes clips, or OpenCV, 'cv2', which sees motion.

    Raises
    ------
    InputError
        If it is not installed; the message says how it will be.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(
            f'moving pictures need {PACKAGES[name]}, which is not here: '
            "pip install 'styletransfer[video]'"
        ) from error
